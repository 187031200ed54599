"""What WeChat says of its customers: asked in batches, stored, and never against the agents."""

from datetime import timedelta

import pytest
from cast import ORIGINAL_ID, WANG, customer_writes, make_account
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from wxdesk.accounts.clients import client_for
from wxdesk.accounts.models import Account
from wxdesk.accounts.queries import list_keys
from wxdesk.contacts import profiles
from wxdesk.contacts.changes import change_remark
from wxdesk.contacts.jobs import _by_turns, refresh_profiles
from wxdesk.contacts.models import Contact, ContactTag, Tag
from wxdesk.contacts.rules import TagState
from wxdesk.contacts.sources import follow_source
from wxdesk.plumbing.errors import DeliveryError
from wxdesk.privacy.operations import note_event

LI = "oLi0000000000000000000000000"
HOUR = timedelta(hours=1)


@pytest.fixture
def account(sending) -> Account:
    with sending.reading() as session:
        return session.scalars(select(Account)).one()


@pytest.fixture
def wang(sending, account, wechat):
    """The phone of customer Wang, who has just written."""
    wechat.add_customer()
    customer_writes(sending, account)
    return wechat.platform.state.customer(WANG)


def contact_of(runtime, openid: str = WANG) -> Contact:
    with runtime.reading() as session:
        return session.scalars(select(Contact).where(Contact.openid == openid)).one()


def change(runtime, openid: str = WANG, **values) -> None:
    with runtime.unit_of_work() as uow:
        uow.session.execute(update(Contact).where(Contact.openid == openid).values(**values))


def asked(wechat) -> int:
    """Calls that WeChat answered; one with an ended token does not count."""
    return sum(not call["errcode"] for call in wechat.calls("user/info/batchget"))


def test_a_new_customer_is_asked_about_within_seconds_and_all_that_wechat_says_is_kept(
    sending, wang, wechat, clock
):
    wang.unionid, wang.remark = "uWang", "老王"
    wang.subscribe_scene, wang.qr_scene = "ADD_SCENE_QR_CODE", "spring-poster"
    wang.subscribed_at = clock.now - 30 * HOUR
    refresh_profiles()
    found = contact_of(sending)
    assert (found.unionid, found.remark, found.name) == ("uWang", "老王", "老王")
    assert (found.follow_scene, found.qr_scene) == ("ADD_SCENE_QR_CODE", "spring-poster")
    assert found.followed_at == clock.now - 30 * HOUR
    assert found.is_following
    assert found.profile_at == clock.now


def test_they_are_asked_about_again_after_a_week_and_not_before(sending, wang, wechat, clock):
    refresh_profiles()
    due = contact_of(sending).profile_due_at
    assert timedelta(days=7) <= due - clock.now <= timedelta(days=8)
    refresh_profiles()
    assert asked(wechat) == 1
    clock.now = due
    refresh_profiles()
    assert asked(wechat) == 2


def test_a_crowd_is_asked_about_a_hundred_at_a_time(sending, account, wechat):
    for number in range(130):
        openid = f"oMany{number:023d}"
        wechat.add_customer(openid)
        customer_writes(sending, account, openid=openid)
    refresh_profiles()
    assert asked(wechat) == 2
    with sending.reading() as session:
        assert all(session.scalars(select(Contact.profile_at)))


def test_an_account_that_may_not_ask_is_left_alone_until_it_may(sending, account, wechat, wang):
    set_verified(sending, is_verified=False)
    refresh_profiles()
    assert asked(wechat) == 0
    assert contact_of(sending).profile_at is None
    set_verified(sending, is_verified=True)
    refresh_profiles()
    assert contact_of(sending).profile_at is not None


def set_verified(runtime, *, is_verified: bool) -> None:
    with runtime.unit_of_work() as uow:
        uow.session.execute(update(Account).values(is_verified=is_verified))


def test_one_customer_that_wechat_does_not_know_spoils_nothing_for_the_others(
    sending, account, wechat, wang, clock
):
    customer_writes(sending, account, openid=LI)  # no such follower at WeChat
    refresh_profiles()
    assert contact_of(sending).profile_at == clock.now
    unknown = contact_of(sending, LI)
    assert unknown.profile_at is None
    assert "does not exist" in unknown.profile_error
    assert unknown.profile_due_at > clock.now + timedelta(days=6)


def test_a_refused_account_is_asked_again_after_one_four_and_sixteen_minutes(
    sending, wang, wechat, clock
):
    for minutes in (1, 4, 16):
        wechat.spoil("errcode", api="user/info/batchget", errcode=48001)
        refresh_profiles()
        found = contact_of(sending)
        assert found.profile_due_at == clock.now + timedelta(minutes=minutes)
        clock.now = found.profile_due_at
    refresh_profiles()
    found = contact_of(sending)
    assert (found.profile_attempts, found.profile_error) == (0, None)
    assert found.profile_at == clock.now


def test_one_accounts_trouble_does_not_stop_another(sending, account, wechat, wang, clock):
    other = make_account(sending, slug="other", original_id="gh_other", app_id="wxother")
    wechat.register(other)
    wechat.add_customer(LI, "gh_other")
    customer_writes(sending, other, openid=LI)
    with sending.unit_of_work() as uow:
        broken = uow.session.get_one(Account, account.id)
        broken.sealed_app_secret = "not sealed by this key"  # noqa: S105
        broken.config_version += 1
    refresh_profiles()
    assert contact_of(sending).profile_at is None
    assert contact_of(sending, LI).profile_at == clock.now


def test_what_an_agent_changed_and_wechat_does_not_know_yet_wins(sending, wang):
    wang.remark = "WeChat's"
    with sending.unit_of_work() as uow:
        change_remark(uow, contact_of(sending).id, "agent's")
    refresh_profiles()
    assert contact_of(sending).remark == "agent's"


def test_an_answer_from_before_wechat_was_told_is_old_news(sending, wang, clock):
    wang.remark = "old"
    with sending.unit_of_work() as uow:
        claim = profiles.claim_due(uow, contact_of(sending).account_id, 100)
    answers = profiles.Answers(asked_at=clock.now)
    client = client_of(sending)
    profiles.ask(client, claim, answers)
    clock.advance(seconds=1)
    change(sending, remark="new", synced_at=clock.now)
    with sending.unit_of_work() as uow:
        profiles.store_answers(uow, claim, answers, timedelta(0))
    assert contact_of(sending).remark == "new"


def client_of(runtime):
    with runtime.reading() as session:
        return client_for(runtime, list_keys(session, runtime.vault)[0])


def test_two_workers_never_ask_about_the_same_customer_at_once(sending, wang):
    account_id = contact_of(sending).account_id
    with sending.unit_of_work() as uow:
        first = profiles.claim_due(uow, account_id, 100)
    with sending.unit_of_work() as uow:
        second = profiles.claim_due(uow, account_id, 100)
    assert (len(first), len(second)) == (1, 0)


def test_what_a_killed_worker_had_claimed_is_asked_again(sending, wang, wechat, clock):
    with sending.unit_of_work() as uow:
        profiles.claim_due(uow, contact_of(sending).account_id, 100)
    clock.advance(minutes=6)
    refresh_profiles()
    assert contact_of(sending).profile_at == clock.now


def test_a_customer_forgotten_while_wechat_is_asked_stays_forgotten(sending, wang, clock):
    wang.unionid = "uWang"
    with sending.unit_of_work() as uow:
        claim = profiles.claim_due(uow, contact_of(sending).account_id, 100)
    answers = profiles.Answers(asked_at=clock.now)
    profiles.ask(client_of(sending), claim, answers)
    change(sending, forgotten_at=clock.now, unionid=None)
    with sending.unit_of_work() as uow:
        profiles.store_answers(uow, claim, answers, timedelta(0))
    assert contact_of(sending).unionid is None


def test_what_wechat_said_before_the_customer_took_the_permission_back_is_not_stored(
    sending, wang, clock
):
    wang.unionid, wang.qr_scene = "uWang", "spring-poster"
    with sending.unit_of_work() as uow:
        claim = profiles.claim_due(uow, contact_of(sending).account_id, 100)
    answers = profiles.Answers(asked_at=clock.now)
    profiles.ask(client_of(sending), claim, answers)
    with sending.unit_of_work() as uow:
        note_event(uow, uow.session.scalars(select(Contact)).one(), "user_authorization_revoke")
    with sending.unit_of_work() as uow:
        profiles.store_answers(uow, claim, answers, timedelta(0))
    found = contact_of(sending)
    assert (found.unionid, found.qr_scene, found.profile_at) == (None, "", None)
    assert found.profile_due_at is None


@pytest.mark.parametrize("trouble", [ValueError(), OperationalError("", {}, Exception())])
def test_junk_or_a_busy_database_at_one_account_does_not_stop_another(
    sending, account, trouble, caplog
):
    other = make_account(sending, slug="other", original_id="gh_other", app_id="wxother")
    done = []

    def work(_runtime, account_id, _client, _is_time_up) -> bool:
        if account_id == account.id:
            raise trouble
        done.append(account_id)
        return False

    _by_turns(sending, [account.id, other.id, account.id], work)
    assert done == [other.id]
    assert f"customers of account {account.id} have to wait" in caplog.text


class TestFollowing:
    def test_whoever_stopped_following_unnoticed_is_taken_for_gone(self, sending, wang, clock):
        clock.advance(hours=49)  # nothing may be sent to Wang any more
        wang.is_following = False
        change(sending, profile_due_at=clock.now)
        refresh_profiles()
        found = contact_of(sending)
        assert not found.is_following
        assert found.unfollowed_at is not None
        assert found.forget_at == found.unfollowed_at

    def test_whoever_writes_without_following_is_not_forgotten_before_the_answer(
        self, sending, wang, clock
    ):
        wang.is_following = False
        refresh_profiles()
        found = contact_of(sending)
        assert not found.is_following
        assert found.forget_at is None
        assert found.profile_due_at == found.window_closes_at

    def test_wechats_lag_does_not_undo_an_unfollowing(self, sending, wang, clock):
        wang.subscribed_at = clock.now - HOUR
        left_at = clock.now
        change(sending, is_following=False, unfollowed_at=left_at, forget_at=left_at)
        refresh_profiles()
        assert contact_of(sending).forget_at == left_at

    def test_a_later_date_of_following_undoes_it(self, sending, wang, clock):
        left_at = clock.now
        change(sending, is_following=False, unfollowed_at=left_at, forget_at=left_at + HOUR)
        clock.advance(minutes=10)
        wang.subscribed_at = clock.now
        refresh_profiles()
        found = contact_of(sending)
        assert found.is_following
        assert (found.unfollowed_at, found.forget_at) == (None, None)


class TestTags:
    def test_tags_made_in_wechats_console_come_with_the_customer(self, sending, wang, wechat):
        number = make_tag(wechat, "VIP", wang)
        refresh_profiles()
        assert tags_of(sending) == {"VIP": TagState.SYNCED}
        with sending.reading() as session:
            found = session.scalars(select(Tag).where(Tag.name == "VIP")).one()
            assert found.wechat_tag_id == number

    def test_tags_that_can_t_be_listed_now_do_not_keep_the_rest_from_being_stored(
        self, sending, wang, wechat, clock
    ):
        make_tag(wechat, "VIP", wang)
        wang.unionid = "uWang"
        wechat.spoil("errcode", api="tags/get", errcode=48001)
        refresh_profiles()
        found = contact_of(sending)
        assert (found.unionid, found.profile_at) == ("uWang", clock.now)
        assert tags_of(sending) == {}

    def test_a_tag_taken_away_there_goes_here(self, sending, wang, wechat, clock):
        make_tag(wechat, "VIP", wang)
        refresh_profiles()
        wang.tag_ids.clear()
        change(sending, profile_due_at=clock.now)
        refresh_profiles()
        assert tags_of(sending) == {}


def make_tag(wechat, name: str, *customers) -> int:
    """A tag made in WeChat's console."""
    book = wechat.platform.state.book(ORIGINAL_ID)
    number = book.next_tag_id
    book.tags[number] = name
    book.next_tag_id += 1
    for customer in customers:
        customer.tag_ids.append(number)
    return number


def tags_of(runtime) -> dict[str, TagState]:
    with runtime.reading() as session:
        query = select(Tag.name, ContactTag.state).join(ContactTag, ContactTag.tag_id == Tag.id)
        return dict(session.execute(query).all())


@pytest.mark.parametrize(
    ("scene", "qr_scene", "sentence"),
    [
        ("ADD_SCENE_QR_CODE", "spring-poster", "Scanned the QR code spring-poster"),
        ("ADD_SCENE_SEARCH", "", "Found the account by search"),
        ("ADD_SCENE_NEW", "", "Came another way (ADD_SCENE_NEW)"),
        ("", "", ""),
    ],
)
def test_the_source_of_a_following_is_a_sentence(scene, qr_scene, sentence):
    assert follow_source(scene, qr_scene) == sentence


def test_an_error_of_the_network_is_never_taken_for_an_unknown_customer(
    sending, wang, wechat, monkeypatch
):
    monkeypatch.setattr("wxdesk.wechat.calls.REPEAT_PAUSES", (0.0, 0.0, 0.0))
    wechat.spoil("http_500", api="user/info/batchget", times=10)
    with sending.unit_of_work() as uow:
        claim = profiles.claim_due(uow, contact_of(sending).account_id, 100)
    with pytest.raises(DeliveryError):
        profiles.ask(client_of(sending), claim, profiles.Answers(asked_at=sending.clock()))
