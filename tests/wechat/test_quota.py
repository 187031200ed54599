"""A daily quota that is used up: remembered until midnight in Beijing, by all processes."""

from datetime import UTC, datetime, timedelta

import pytest
from cast import APP_ID, WANG
from werkzeug.wrappers import Response

from wxdesk.plumbing.errors import DeliveryError
from wxdesk.wechat.quota import Quotas

USED_UP = {"errcode": 45009, "errmsg": "reach max api daily quota limit rid: 1a-2b"}
SEND = "/cgi-bin/message/custom/send"
MIDNIGHT = datetime(2026, 3, 2, 16, 0, tzinfo=UTC)  # 00:00 on 3 March in Beijing


def refused(client) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        client.send_text(WANG, "您好")
    return caught.value


@pytest.fixture
def used_up(scripted, script):
    script.answer("message/custom/send", USED_UP, {"errcode": 0})
    return scripted


def test_the_first_refusal_says_until_when_and_is_no_attempt(used_up):
    error = refused(used_up)
    assert (error.code, error.rid, error.is_permanent) == ("45009", "1a-2b", False)
    assert (error.retry_at, error.is_uncounted) == (MIDNIGHT, True)


def test_wechat_is_not_asked_again_that_day_by_any_process(used_up, connect, script):
    refused(used_up)
    for client in (used_up, connect(script.url)):
        error = refused(client)
        assert (error.code, error.retry_at, error.is_uncounted) == ("45009", MIDNIGHT, True)
        assert client.used_up() == {SEND: MIDNIGHT}
    assert len(script.asked(SEND)) == 1


def test_other_calls_and_other_accounts_go_on(used_up, redis, clock):
    refused(used_up)
    assert used_up.list_tags() == []
    assert Quotas(redis, "wx_other", clock).used_up() == {}


def test_after_midnight_in_beijing_it_goes_on(used_up, clock):
    refused(used_up)
    clock.now = MIDNIGHT - timedelta(seconds=1)
    assert refused(used_up).retry_at == MIDNIGHT
    clock.now = MIDNIGHT
    used_up.send_text(WANG, "早上好")
    assert used_up.used_up() == {}


def test_the_state_of_a_day_does_not_stay_in_redis(used_up, redis):
    refused(used_up)
    assert 0 < redis.ttl(f"wxdesk:quota:{APP_ID}") <= 7 * 3600


@pytest.mark.parametrize(
    ("now", "ends_at"),
    [
        ("2026-03-02T15:59:59+00:00", MIDNIGHT),
        ("2026-03-02T16:00:00+00:00", MIDNIGHT + timedelta(days=1)),
        ("2026-12-31T23:30:00+08:00", datetime(2026, 12, 31, 16, 0, tzinfo=UTC)),
    ],
)
def test_a_day_is_a_day_in_beijing(redis, now, ends_at):
    assert Quotas(redis, APP_ID, lambda: datetime.fromisoformat(now)).ends_at() == ends_at


def test_clearing_needs_no_token_and_lets_calls_out_at_once(used_up, script):
    refused(used_up)
    used_up.clear_quota()
    (cleared,) = script.asked("clear_quota/v2")
    assert cleared.query == {"appid": APP_ID, "appsecret": "app-secret"}
    assert cleared.fields == cleared.query
    used_up.send_text(WANG, "您好")
    assert used_up.used_up() == {}


def test_an_eleventh_clearing_in_a_month_is_told_in_words(scripted, script):
    script.answer("clear_quota/v2", {"errcode": 48006})
    with pytest.raises(DeliveryError, match="ten times this month") as caught:
        scripted.clear_quota()
    assert caught.value.is_permanent


def test_tokens_that_are_counted_out_are_not_asked_for_again(scripted, script):
    script.answer("stable_token", USED_UP)
    for _ in range(3):
        assert refused(scripted).retry_at == MIDNIGHT
    assert len(script.asked("stable_token")) == 1
    assert list(scripted.used_up()) == ["/cgi-bin/stable_token"]


def test_the_counts_of_one_path_are_read(scripted, script):
    counts = {"daily_limit": 500_000, "used": 499_990, "remain": 10}
    script.answer("openapi/quota/get", {"errcode": 0, "quota": counts})
    found = scripted.quota_of("message/custom/send")
    assert (found.daily_limit, found.used, found.remaining) == (500_000, 499_990, 10)
    assert scripted.quota_of(SEND) == found
    assert {each.fields["cgi_path"] for each in script.asked("quota/get")} == {SEND}


def test_a_refusal_from_before_the_clearing_does_not_outlive_it(scripted, script, redis, clock):
    """Another process may hear 45009 and note it while WeChat is clearing."""

    def clears(_request):
        Quotas(redis, APP_ID, clock).note("message/custom/send")
        return Response('{"errcode": 0}')

    script.answer("clear_quota/v2", clears)
    scripted.clear_quota()
    assert scripted.used_up() == {}
