"""New keys without losing a push: what WeChat's console holds is accepted all the time."""

import re
from datetime import timedelta

import pytest
from cast import AES_KEY, TOKEN, make_account
from hypothesis import given
from hypothesis import strategies as st

from wxdesk.accounts.jobs import forget_old_keys
from wxdesk.accounts.keys import KeysOnce, forget_previous_keys, new_aes_key, rotate_keys
from wxdesk.accounts.models import Account
from wxdesk.accounts.pushes import PushTimes, pushes_seen
from wxdesk.accounts.queries import AccountKeys, get_keys, mark_of
from wxdesk.accounts.rules import AES_KEY as AES_KEY_FORM
from wxdesk.accounts.rules import PREVIOUS_KEYS_LAST, ConsoleHas, Rotation
from wxdesk.plumbing.errors import ConflictError, InvalidInputError
from wxdesk.wechat.crypto import Cipher

T2, T3 = "secondtoken", "thirdtoken"
A2, A3 = new_aes_key(), new_aes_key()


def keys_of(runtime, account) -> AccountKeys:
    with runtime.reading() as session:
        return get_keys(session, runtime.vault, account.id)


def rotate(runtime, account, rotation: Rotation, *, seen_mark: str | None = None) -> KeysOnce:
    with runtime.unit_of_work() as uow:
        mark = seen_mark or mark_of(uow.session.get(Account, account.id))
        return rotate_keys(uow, runtime.vault, account.id, rotation, seen_mark=mark, actor_id=None)


def tokens(keys: AccountKeys) -> tuple[str, str | None]:
    return keys.token, keys.previous_token


def aes_keys(keys: AccountKeys) -> tuple[str | None, str | None]:
    return keys.aes_key, keys.previous_aes_key


def test_the_old_pair_stays_accepted_for_seven_days(runtime, account, clock):
    rotate(runtime, account, Rotation(T2, A2))
    keys = keys_of(runtime, account)
    assert tokens(keys) == (T2, TOKEN)
    assert aes_keys(keys) == (A2, AES_KEY)
    assert keys.previous_keys_until == clock.now + timedelta(days=7)
    assert keys.config_version > account.config_version


def test_what_did_not_change_has_no_previous_key(runtime, account):
    assert rotate(runtime, account, Rotation(T2, None)) == KeysOnce(T2, None)
    keys = keys_of(runtime, account)
    assert aes_keys(keys) == (AES_KEY, None)
    assert tokens(keys) == (T2, TOKEN)


def test_the_first_aes_key_has_no_previous_one(runtime, account):
    with runtime.unit_of_work() as uow:
        uow.session.get(Account, account.id).sealed_aes_key = None
    rotate(runtime, account, Rotation(None, A2))
    keys = keys_of(runtime, account)
    assert aes_keys(keys) == (A2, None)
    assert keys.previous_keys_until is None


@pytest.mark.parametrize(
    ("console_has", "still_accepted"), [(ConsoleHas.PREVIOUS, TOKEN), (ConsoleHas.CURRENT, T2)]
)
def test_a_second_rotation_keeps_what_the_console_holds(
    runtime, account, console_has, still_accepted
):
    rotate(runtime, account, Rotation(T2, None))
    rotate(runtime, account, Rotation(T3, None, console_has))
    assert tokens(keys_of(runtime, account)) == (T3, still_accepted)


def test_a_second_rotation_must_know_what_the_console_holds(runtime, account):
    rotate(runtime, account, Rotation(T2, None))
    with pytest.raises(InvalidInputError) as caught:
        rotate(runtime, account, Rotation(T3, None))
    assert caught.value.field == "console_has"
    assert tokens(keys_of(runtime, account)) == (T2, TOKEN)


def test_after_the_week_nobody_asks_what_the_console_holds(runtime, account, clock):
    rotate(runtime, account, Rotation(T2, A2))
    clock.advance(days=7, seconds=1)
    rotate(runtime, account, Rotation(T3, None))
    keys = keys_of(runtime, account)
    assert tokens(keys) == (T3, T2)
    assert aes_keys(keys) == (A2, None)


@given(
    steps=st.lists(
        st.tuples(st.booleans(), st.booleans(), st.booleans()).filter(lambda s: s[0] or s[1]),
        max_size=5,
    )
)
def test_whatever_is_rotated_the_pair_of_the_console_is_accepted(steps):
    """Model of the rule, without the database: each step may or may not enter the console."""
    current, previous, console = ("t0", "a0"), (None, None), ("t0", "a0")
    for number, (has_token, has_aes, is_entered) in enumerate(steps):
        console_has = ConsoleHas.CURRENT if console == current else ConsoleHas.PREVIOUS
        row = Row(current, previous)
        row.rotate(
            f"t{number}n" if has_token else None, f"a{number}n" if has_aes else None, console_has
        )
        current, previous = row.current, row.previous
        assert console[0] in (current[0], previous[0])
        assert console[1] in (current[1], previous[1])
        if is_entered:
            console = current


class Row:
    """Drives the operation's own function with keys that are not sealed."""

    def __init__(self, current, previous) -> None:
        self.current, self.previous = current, previous

    def rotate(self, token, aes_key, console_has) -> None:
        from cast import FakeClock

        from wxdesk.accounts.keys import _replace

        now = FakeClock().now
        account = Account(
            sealed_token=self.current[0],
            sealed_aes_key=self.current[1],
            sealed_previous_token=self.previous[0],
            sealed_previous_aes_key=self.previous[1],
            previous_keys_until=now + timedelta(days=1) if any(self.previous) else None,
        )
        _replace(account, Unsealed(), Rotation(token, aes_key, console_has), now)
        self.current = (account.sealed_token, account.sealed_aes_key)
        self.previous = (account.sealed_previous_token, account.sealed_previous_aes_key)


class Unsealed:
    def seal(self, text: str) -> str:
        return text


def test_a_form_that_is_sent_twice_changes_the_keys_once(runtime, account):
    mark = mark_of(account)
    rotate(runtime, account, Rotation(T2, A2), seen_mark=mark)
    with pytest.raises(ConflictError):
        rotate(runtime, account, Rotation(T3, A3, ConsoleHas.CURRENT), seen_mark=mark)
    assert tokens(keys_of(runtime, account)) == (T2, TOKEN)


@pytest.mark.parametrize(
    ("field", "rotation"),
    [
        ("token", Rotation(None, None)),
        ("token", Rotation("no", None)),
        ("token", Rotation(TOKEN, None)),
        ("aes_key", Rotation(None, "short")),
        ("aes_key", Rotation(T2, AES_KEY)),
    ],
)
def test_keys_that_can_not_be_taken_are_named(runtime, account, field, rotation):
    with pytest.raises(InvalidInputError) as caught:
        rotate(runtime, account, rotation)
    assert caught.value.field == field
    assert keys_of(runtime, account).previous_keys_until is None


def test_forgetting_ends_the_old_keys_at_once_and_is_noted_once(runtime, account):
    rotate(runtime, account, Rotation(T2, A2))
    for _ in range(2):
        with runtime.unit_of_work() as uow:
            forget_previous_keys(uow, account.id, actor_id=None)
    keys = keys_of(runtime, account)
    assert (keys.previous_token, keys.previous_aes_key, keys.previous_keys_until) == (None,) * 3


def test_the_job_forgets_only_what_is_over(runtime, account, clock):
    other = make_account(runtime, slug="other", original_id="gh_other", app_id="wx_other")
    rotate(runtime, account, Rotation(T2, None))
    clock.advance(days=1)
    rotate(runtime, other, Rotation(T2, None))
    clock.advance(days=6)
    forget_old_keys()
    assert keys_of(runtime, account).previous_token is None
    assert keys_of(runtime, other).previous_token == TOKEN


def test_made_keys_are_what_wechat_takes():
    made = {new_aes_key() for _ in range(200)}
    assert len(made) == 200
    assert all(AES_KEY_FORM.fullmatch(key) for key in made)
    assert all(Cipher(key, "wx1").decrypt(Cipher(key, "wx1").encrypt("好")) == "好" for key in made)


def test_the_page_rotates_shows_the_new_keys_once_and_explains_the_rest(admin, runtime, account):
    home = f"/settings/accounts/{account.slug}"
    mark = re.search(r'name="seen_mark" value="(\w+)"', admin.get(home).text)[1]
    answer = admin.post(f"{home}/keys", is_token="true", is_aes_key="true", seen_mark=mark)
    assert answer.status_code == 200
    keys = keys_of(runtime, account)
    assert keys.token in answer.text
    assert keys.aes_key in answer.text
    assert TOKEN not in answer.text
    page = admin.get(home).text
    assert keys.token not in page
    assert "Forget the old keys now" in page
    assert admin.post(f"{home}/keys", is_token="true", seen_mark=mark).status_code == 409
    assert admin.post(f"{home}/keys/forget").status_code == 302
    assert keys_of(runtime, account).previous_token is None
    assert "Forget the old keys now" not in admin.get(home).text


def test_the_page_says_what_is_wrong_with_a_rotation(admin, runtime, account):
    home = f"/settings/accounts/{account.slug}"
    mark = re.search(r'name="seen_mark" value="(\w+)"', admin.get(home).text)[1]
    answer = admin.post(f"{home}/keys", seen_mark=mark)
    assert answer.status_code == 422
    assert "at least one" in answer.text


def test_a_push_with_the_old_keys_is_taken_until_they_are_forgotten(webhook, runtime, account):
    rotate(runtime, account, Rotation(T2, A2))
    refresh(webhook)
    assert webhook.deliver_sealed(webhook.fields("旧钥匙")).status_code == 200
    webhook.token, webhook.cipher = T2, Cipher(A2, account.app_id)
    assert webhook.deliver_sealed(webhook.fields("新钥匙")).status_code == 200
    with runtime.unit_of_work() as uow:
        forget_previous_keys(uow, account.id, actor_id=None)
    refresh(webhook)
    assert webhook.deliver_sealed(webhook.fields("还是新的")).status_code == 200
    webhook.token, webhook.cipher = TOKEN, Cipher(AES_KEY, account.app_id)
    assert webhook.deliver_sealed(webhook.fields("旧的")).status_code == 403


def refresh(webhook) -> None:
    webhook.client.application.extensions["wxdesk-door"].directory.refresh()


def test_the_page_knows_with_which_keys_pushes_came(admin, runtime, account, clock):
    rotate(runtime, account, Rotation(T2, None))
    times = PushTimes(runtime.redis)
    keys = keys_of(runtime, account)
    times.saw(keys, clock.now, is_previous=True)
    assert "none yet" in admin.get(f"/settings/accounts/{account.slug}").text
    first = clock.now
    times.saw(keys, first, is_previous=False)
    clock.advance(minutes=5)
    times.saw(keys, clock.now, is_previous=False)
    seen = pushes_seen(runtime.redis, [account.id])[account.id]
    assert (seen.last_at, seen.new_keys_since, seen.old_keys_at) == (clock.now, first, first)
    assert "none yet" not in admin.get(f"/settings/accounts/{account.slug}").text
    rotate(runtime, account, Rotation(T3, None, ConsoleHas.CURRENT))
    seen = pushes_seen(runtime.redis, [account.id])[account.id]
    assert (seen.last_at, seen.new_keys_since, seen.old_keys_at) == (clock.now, None, None)


def test_pushes_are_noted_at_most_once_in_ten_seconds(runtime, account, clock):
    keys, times, first = keys_of(runtime, account), PushTimes(runtime.redis), clock.now
    times.saw(keys, first, is_previous=False)
    clock.advance(seconds=9)
    times.saw(keys, clock.now, is_previous=False)
    assert pushes_seen(runtime.redis, [account.id])[account.id].last_at == first
    clock.advance(seconds=1)
    times.saw(keys, clock.now, is_previous=False)
    assert pushes_seen(runtime.redis, [account.id])[account.id].last_at == clock.now
    assert timedelta(days=7) == PREVIOUS_KEYS_LAST


def test_noting_a_push_never_fails_while_redis_is_away(build_runtime, own_redis, clock):
    runtime = build_runtime(WXDESK_REDIS_URL=own_redis.url)
    keys = keys_of(runtime, make_account(runtime))
    times = PushTimes(runtime.redis)
    own_redis.stop()
    times.saw(keys, clock.now, is_previous=False)
    own_redis.start()
    clock.advance(seconds=10)
    times.saw(keys, clock.now, is_previous=False)
    assert pushes_seen(runtime.redis, [keys.id])[keys.id].last_at == clock.now
