"""Remark, tags and blacklist: agents change them here, WeChat is told; and the other way."""

from datetime import UTC, datetime, timedelta

import pytest
from cast import APP_ID, APP_SECRET, ORIGINAL_ID, WANG, conversation_of, customer_writes
from sla.desk import beside
from sqlalchemy import func, select, update

from wxdesk.accounts.models import Account
from wxdesk.audit.models import AuditEntry
from wxdesk.contacts import jobs, syncing
from wxdesk.contacts.changes import change_blacklist, change_remark, change_tags
from wxdesk.contacts.inputs import cleaned, remark_problem, tags_problem
from wxdesk.contacts.jobs import refresh_profiles, sync_blacklist, sync_changes, sync_tags
from wxdesk.contacts.models import Contact, ContactTag, Tag
from wxdesk.contacts.queries import list_contact_tags, list_tags
from wxdesk.contacts.rules import SyncState, TagState
from wxdesk.contacts.schedule import again_at
from wxdesk.contacts.syncing import Outcome
from wxdesk.contacts.tags import list_missing, make_tags, store_tags
from wxdesk.plumbing.errors import ConflictError, DeliveryError, InvalidInputError, NotFoundError
from wxdesk.sla.operations import create_policy
from wxdesk.sla.queries import list_policies
from wxdesk.sla.rules import Conditions, PolicyForm, Targets
from wxdesk.wechat.client import Client
from wxdesk.wechat.user_calls import WeChatTag

LI = "oLi0000000000000000000000000"


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


@pytest.fixture
def li(sending, account, wechat):
    wechat.add_customer(LI)
    customer_writes(sending, account, openid=LI)
    return wechat.platform.state.customer(LI)


def contact_of(runtime, openid: str = WANG) -> Contact:
    with runtime.reading() as session:
        return session.scalars(select(Contact).where(Contact.openid == openid)).one()


def rename(runtime, remark: str, openid: str = WANG) -> None:
    with runtime.unit_of_work() as uow:
        change_remark(uow, contact_of(runtime, openid).id, remark)


def tag(runtime, *names: str, openid: str = WANG) -> None:
    with runtime.unit_of_work() as uow:
        change_tags(uow, contact_of(runtime, openid).id, names)


def blacklist(runtime, *, is_blacklisted: bool = True, openid: str = WANG) -> None:
    with runtime.unit_of_work() as uow:
        change_blacklist(uow, contact_of(runtime, openid).id, is_blacklisted=is_blacklisted)


def tags_of(runtime, openid: str = WANG) -> dict[str, TagState]:
    contact = contact_of(runtime, openid)
    with runtime.reading() as session:
        found = list_contact_tags(session, [contact.id]).get(contact.id, ())
    return {view.name: view.state for view in found}


def names_at_wechat(wechat, customer) -> list[str]:
    book = wechat.platform.state.book(ORIGINAL_ID)
    return sorted(book.tags[number] for number in customer.tag_ids)


def tags_of_account(runtime) -> list[str]:
    """Without WeChat's own one."""
    with runtime.reading() as session:
        names = [one.name for one in list_tags(session, contact_of(runtime).account_id)]
    return [name for name in names if name != "星标组"]


def set_verified(runtime, *, is_verified: bool) -> None:
    with runtime.unit_of_work() as uow:
        uow.session.execute(update(Account).values(is_verified=is_verified))


class TestRemark:
    def test_it_is_here_at_once_and_at_wechat_within_seconds(self, sending, wang):
        rename(sending, "  老王\n(VIP) ")
        assert contact_of(sending).remark == "老王 (VIP)"
        assert contact_of(sending).remark_state is SyncState.PENDING
        sync_changes()
        assert wang.remark == "老王 (VIP)"
        assert contact_of(sending).remark_state is SyncState.SYNCED
        assert contact_of(sending).sync_due_at is None

    def test_an_empty_one_takes_it_away_there_too(self, sending, wang):
        rename(sending, "老王")
        sync_changes()
        rename(sending, "")
        sync_changes()
        assert wang.remark == ""

    def test_the_same_one_again_tells_nobody(self, sending, wang, wechat):
        rename(sending, "老王")
        sync_changes()
        rename(sending, "老王")
        sync_changes()
        assert len(wechat.calls("user/info/updateremark")) == 1

    def test_what_wechat_refuses_is_shown_with_the_reason_and_can_be_told_again(
        self, sending, wang, wechat
    ):
        wechat.spoil("errcode", api="user/info/updateremark", errcode=40003)
        rename(sending, "老王")
        sync_changes()
        found = contact_of(sending)
        assert found.remark_state is SyncState.FAILED
        assert "does not exist" in found.sync_error
        rename(sending, "老王")
        sync_changes()
        assert wang.remark == "老王"
        assert contact_of(sending).sync_error is None

    def test_a_busy_wechat_is_told_later(self, sending, wang, wechat, clock):
        wechat.spoil("errcode", api="user/info/updateremark", errcode=48001)
        rename(sending, "老王")
        sync_changes()
        found = contact_of(sending)
        assert found.remark_state is SyncState.PENDING
        assert (found.sync_due_at - clock.now).total_seconds() == 60
        sync_changes()
        assert wang.remark == ""
        clock.advance(seconds=60)
        sync_changes()
        assert wang.remark == "老王"

    def test_it_gives_up_after_twelve_tries_and_says_so(self, sending, wang, wechat, clock):
        wechat.spoil("errcode", api="user/info/updateremark", errcode=48001, times=50)
        rename(sending, "老王")
        for _ in range(13):
            sync_changes()
            clock.advance(hours=6)
        found = contact_of(sending)
        assert found.remark_state is SyncState.FAILED
        assert found.sync_due_at is None
        assert found.sync_error

    def test_a_change_made_while_wechat_is_being_told_is_told_too(self, sending, wang, clock):
        rename(sending, "first")
        with sending.unit_of_work() as uow:
            claim = syncing.claim_changes(uow, contact_of(sending).account_id, 50)
        rename(sending, "second")
        assert contact_of(sending).sync_due_at == claim.until  # nobody else tells meanwhile
        with sending.unit_of_work() as uow:
            syncing.settle_changes(uow, claim, [Outcome(change) for change in claim.changes])
        assert contact_of(sending).remark_state is SyncState.PENDING
        sync_changes()
        assert wang.remark == "second"
        assert contact_of(sending).remark_state is SyncState.SYNCED

    def test_two_workers_never_tell_about_the_same_customer_at_once(self, sending, wang):
        rename(sending, "老王")
        account_id = contact_of(sending).account_id
        with sending.unit_of_work() as uow:
            first = syncing.claim_changes(uow, account_id, 50)
        with sending.unit_of_work() as uow:
            second = syncing.claim_changes(uow, account_id, 50)
        assert (len(first.changes), len(second.changes)) == (1, 0)

    def test_what_a_killed_worker_had_claimed_is_told_again(self, sending, wang, clock):
        rename(sending, "老王")
        with sending.unit_of_work() as uow:
            syncing.claim_changes(uow, contact_of(sending).account_id, 50)
        clock.advance(minutes=6)
        sync_changes()
        assert wang.remark == "老王"

    def test_it_is_not_longer_than_wechat_takes(self, sending, wang):
        with pytest.raises(InvalidInputError, match="29"):
            rename(sending, "很" * 30)
        rename(sending, "很" * 29)
        sync_changes()
        assert wang.remark == "很" * 29

    def test_an_account_that_is_not_verified_keeps_it_here_until_it_is(self, sending, wang):
        set_verified(sending, is_verified=False)
        rename(sending, "老王")
        sync_changes()
        assert (contact_of(sending).remark, wang.remark) == ("老王", "")
        set_verified(sending, is_verified=True)
        sync_changes()
        assert wang.remark == "老王"

    def test_a_customer_who_is_not_there_or_was_forgotten_can_t_be_changed(self, sending, wang):
        with pytest.raises(NotFoundError), sending.unit_of_work() as uow:
            change_remark(uow, 10**9, "老王")
        with sending.unit_of_work() as uow:
            uow.session.execute(update(Contact).values(forgotten_at=uow.now))
        with pytest.raises(ConflictError):
            rename(sending, "老王")


class TestPromises:
    """A promise of a minute to whoever is a VIP; else it is five."""

    @pytest.fixture
    def vip(self, sending, wang) -> int:
        tag(sending, "VIP")
        sync_changes()
        with sending.unit_of_work() as uow:
            tag_id = uow.session.scalars(select(Tag.id).where(Tag.name == "VIP")).one()
            conditions = Conditions(contact_tag_ids=frozenset({tag_id}))
            create_policy(uow, PolicyForm("VIP", {"normal": Targets(60)}, conditions))
        return tag_id

    def test_a_removal_that_wechat_refuses_gives_the_promise_back(self, sending, vip, clock):
        tag(sending)
        assert conversation_of(sending).due_at == clock.now + timedelta(minutes=5)
        self.settle(sending, DeliveryError("45159: no such tag", code="45159", is_permanent=True))
        assert tags_of(sending) == {"VIP": TagState.SYNCED}
        assert conversation_of(sending).due_at == clock.now + timedelta(minutes=1)

    def test_so_does_one_that_is_given_up(self, sending, vip, clock, monkeypatch):
        monkeypatch.setattr(syncing, "MOST_ATTEMPTS", 1)
        tag(sending)
        self.settle(sending, DeliveryError("busy", code="-1"))
        assert tags_of(sending) == {"VIP": TagState.SYNCED}
        assert conversation_of(sending).due_at == clock.now + timedelta(minutes=1)

    def test_it_goes_along_when_the_tag_is_merged_into_wechats(self, sending, vip, wang, clock):
        tag(sending, "VIP", "金卡")
        with sending.unit_of_work() as uow:
            account_id = contact_of(sending).account_id
            gone = uow.session.get_one(Tag, vip)
            gone.wechat_tag_id = None
            stays = uow.session.scalars(select(Tag).where(Tag.name == "金卡")).one()
            stays.wechat_tag_id, stays_id = 900, stays.id
            uow.session.flush()
            store_tags(uow, account_id, [WeChatTag(900, "VIP", 1)], {900: stays_id})
        with sending.reading() as session:
            [policy] = list_policies(session)
        assert policy.promise.conditions.contact_tag_ids == {stays_id}
        assert conversation_of(sending).due_at == clock.now + timedelta(minutes=1)

    def test_a_list_of_wechats_and_an_agent_s_change_at_once_both_get_through(self, sending, vip):
        account_id = contact_of(sending).account_id
        beside(
            sending,
            lambda uow: change_tags(uow, contact_of(sending).id, []),
            lambda uow: store_tags(uow, account_id, [], {100: vip, 101: vip, 102: vip}),
        )
        assert tags_of(sending) == {}

    def settle(self, runtime, error: DeliveryError) -> None:
        with runtime.unit_of_work() as uow:
            claim = syncing.claim_changes(uow, contact_of(runtime).account_id, 50)
        with runtime.unit_of_work() as uow:
            syncing.settle_changes(uow, claim, [Outcome(it, error) for it in claim.changes])


class TestTags:
    def test_new_tags_are_made_at_wechat_and_given_to_the_customer(self, sending, wang, wechat):
        tag(sending, "VIP", " 老客户 ", "VIP", "")
        assert tags_of(sending) == {"VIP": TagState.ADDING, "老客户": TagState.ADDING}
        sync_changes()
        assert tags_of(sending) == {"VIP": TagState.SYNCED, "老客户": TagState.SYNCED}
        assert names_at_wechat(wechat, wang) == ["VIP", "老客户"]

    def test_a_tag_taken_away_here_goes_there(self, sending, wang, wechat):
        tag(sending, "VIP", "老客户")
        sync_changes()
        tag(sending, "VIP")
        assert tags_of(sending) == {"VIP": TagState.SYNCED}
        sync_changes()
        assert names_at_wechat(wechat, wang) == ["VIP"]
        with sending.reading() as session:
            assert session.scalar(select(func.count()).select_from(ContactTag)) == 1

    def test_many_customers_get_a_tag_in_calls_of_fifty(self, sending, account, wechat, wang):
        openids = [f"oMany{number:023d}" for number in range(60)]
        for openid in openids:
            wechat.add_customer(openid)
            customer_writes(sending, account, openid=openid)
            tag(sending, "VIP", openid=openid)
        sync_changes()
        assert len(wechat.calls("tags/members/batchtagging")) == 2
        assert len(wechat.calls("tags/create")) == 1
        with sending.reading() as session:
            assert set(session.scalars(select(ContactTag.state))) == {TagState.SYNCED}

    def test_a_tag_of_that_name_that_wechat_has_already_is_taken(self, sending, wang, wechat):
        book = wechat.platform.state.book(ORIGINAL_ID)
        book.tags[777] = "VIP"
        tag(sending, "VIP")
        sync_changes()
        assert wang.tag_ids == [777]
        assert wechat.calls("tags/create") == []

    def test_one_customer_whom_wechat_refuses_does_not_stop_the_others(
        self, sending, account, wang, wechat
    ):
        customer_writes(sending, account, openid=LI)  # no such follower at WeChat
        tag(sending, "VIP")
        tag(sending, "VIP", openid=LI)
        sync_changes()
        assert tags_of(sending) == {"VIP": TagState.SYNCED}
        assert tags_of(sending, LI) == {"VIP": TagState.FAILED}
        tag(sending, openid=LI)
        sync_changes()
        assert tags_of(sending, LI) == {}

    def test_a_tag_given_back_while_it_is_being_taken_away_stays(self, sending, wang, wechat):
        tag(sending, "VIP")
        sync_changes()
        tag(sending)
        with sending.unit_of_work() as uow:
            claim = syncing.claim_changes(uow, contact_of(sending).account_id, 50)
        tag(sending, "VIP")
        with sending.unit_of_work() as uow:
            syncing.settle_changes(uow, claim, [Outcome(change) for change in claim.changes])
        sync_changes()
        assert tags_of(sending) == {"VIP": TagState.SYNCED}
        assert names_at_wechat(wechat, wang) == ["VIP"]

    def test_a_tag_that_wechat_refuses_to_make_says_why(self, sending, wang, wechat):
        wechat.spoil("errcode", api="tags/create", errcode=45056)
        tag(sending, "VIP")
        sync_changes()
        contact = contact_of(sending)
        with sending.reading() as session:
            (view,) = list_contact_tags(session, [contact.id])[contact.id]
        assert view.state is TagState.FAILED
        assert view.error

    def test_a_tag_that_wechat_says_it_has_and_does_not_list_is_not_tried_for_ever(
        self, sending, wang, wechat
    ):
        wechat.spoil("errcode", api="tags/create", errcode=45157, times=9)
        tag(sending, "VIP", "老客户")
        sync_changes()
        sync_changes()
        assert tags_of(sending) == {"VIP": TagState.FAILED, "老客户": TagState.FAILED}
        assert contact_of(sending).sync_due_at is None
        assert len(wechat.calls("tags/create")) == 2
        assert len(wechat.calls("tags/get")) == 2  # before, and once more for both

    def test_a_tag_that_another_process_makes_meanwhile_is_taken(self, sending, wang, wechat):
        tag(sending, "VIP")
        book = wechat.platform.state.book(ORIGINAL_ID)

        class LateClient(Client):
            def create_tag(self, name: str) -> WeChatTag:
                book.tags[777] = name
                return super().create_tag(name)

        client = LateClient(sending.redis, wechat.url, (APP_ID, APP_SECRET), clock=sending.clock)
        with sending.reading() as session:
            missing = list_missing(session, contact_of(sending).account_id)
        answer = make_tags(client, missing)
        assert answer.refused == {}
        assert [made.id for made in answer.made.values()] == [777]

    def test_wechats_limits_are_told_before_it_would_refuse(self, sending, wang):
        with pytest.raises(InvalidInputError, match="20 tags"):
            tag(sending, *(f"tag {number}" for number in range(21)))
        with pytest.raises(InvalidInputError, match="10 Chinese"):
            tag(sending, "很长很长很长很长很长很")
        for start in range(0, 100, 20):
            tag(sending, *(f"tag {number}" for number in range(start, start + 20)))
        with pytest.raises(InvalidInputError, match="100 tags"):
            tag(sending, "one more")

    def test_tags_renamed_in_wechats_console_have_the_new_name_here(self, sending, wang, wechat):
        tag(sending, "A", "B")
        sync_changes()
        book = wechat.platform.state.book(ORIGINAL_ID)
        numbers = {name: number for number, name in book.tags.items()}
        book.tags[numbers["A"]], book.tags[numbers["B"]] = "B", "A"  # swapped
        sync_tags()
        with sending.reading() as session:
            found = dict(session.execute(select(Tag.name, Tag.wechat_tag_id)).all())
        assert (found["A"], found["B"]) == (numbers["B"], numbers["A"])

    def test_a_tag_deleted_there_goes_here(self, sending, wang, wechat):
        tag(sending, "VIP", "老客户")
        sync_changes()
        book = wechat.platform.state.book(ORIGINAL_ID)
        number = next(number for number, name in book.tags.items() if name == "VIP")
        del book.tags[number]
        wang.tag_ids.remove(number)
        sync_tags()
        assert tags_of(sending) == {"老客户": TagState.SYNCED}
        assert tags_of_account(sending) == ["老客户"]

    def test_a_tag_made_since_the_list_was_fetched_is_not_taken_for_deleted(self, sending, wang):
        tag(sending, "VIP")
        sync_changes()
        with sending.unit_of_work() as uow:
            store_tags(uow, contact_of(sending).account_id, [], {})
        assert tags_of(sending) == {"VIP": TagState.SYNCED}

    def test_a_renamed_tag_takes_over_ours_of_the_same_name(self, sending, wang, wechat):
        tag(sending, "VIP")
        sync_changes()
        set_verified(sending, is_verified=False)
        tag(sending, "VIP", "Gold")
        set_verified(sending, is_verified=True)
        book = wechat.platform.state.book(ORIGINAL_ID)
        number = next(number for number, name in book.tags.items() if name == "VIP")
        book.tags[number] = "Gold"
        sync_tags()
        sync_changes()
        assert tags_of(sending) == {"Gold": TagState.SYNCED}
        assert names_at_wechat(wechat, wang) == ["Gold"]

    def test_how_many_have_a_tag_is_wechats_number(self, sending, wang, wechat):
        tag(sending, "VIP")
        sync_changes()
        sync_tags()
        with sending.reading() as session:
            found = list_tags(session, contact_of(sending).account_id)
        assert {one.name: one.count for one in found}["VIP"] == 1


class TestBlacklist:
    def test_it_goes_to_wechat_and_back_and_is_audited(self, sending, wang):
        blacklist(sending)
        sync_changes()
        assert wang.is_blacklisted
        assert contact_of(sending).blacklist_state is SyncState.SYNCED
        blacklist(sending, is_blacklisted=False)
        sync_changes()
        assert not wang.is_blacklisted
        with sending.reading() as session:
            actions = session.scalars(
                select(AuditEntry.action).where(AuditEntry.subject.like("contact:%"))
            ).all()
        assert actions == ["contact.blacklisted", "contact.unblacklisted"]

    def test_what_wechat_refuses_is_shown_as_it_is_there(self, sending, wang, wechat):
        wechat.spoil("errcode", api="tags/members/batchblacklist", errcode=40003)
        blacklist(sending)
        sync_changes()
        found = contact_of(sending)
        assert (found.is_blacklisted, found.blacklist_state) == (False, SyncState.FAILED)
        assert found.sync_error

    def test_changes_in_wechats_console_appear_here(self, sending, wang, li, clock):
        blacklist(sending, openid=LI)
        sync_changes()
        clock.advance(seconds=1)
        wang.is_blacklisted, li.is_blacklisted = True, False
        sync_blacklist()
        assert contact_of(sending).is_blacklisted
        assert not contact_of(sending, LI).is_blacklisted

    def test_an_empty_list_at_wechat_is_no_trouble(self, sending, wang):
        sync_blacklist()
        assert not contact_of(sending).is_blacklisted

    def test_what_an_agent_changed_and_wechat_does_not_know_yet_wins(self, sending, wang):
        blacklist(sending)
        sync_blacklist()
        assert contact_of(sending).is_blacklisted


def test_several_changes_of_several_customers_are_told_together(sending, wang, li, wechat):
    rename(sending, "老王")
    tag(sending, "VIP")
    blacklist(sending, openid=LI)
    sync_changes()
    assert (wang.remark, names_at_wechat(wechat, wang), li.is_blacklisted) == (
        "老王",
        ["VIP"],
        True,
    )
    with sending.reading() as session:
        assert session.scalars(select(Contact.sync_due_at)).all() == [None, None]


def test_a_refusal_of_the_account_ends_the_round_after_one_call(sending, wang, li, wechat):
    rename(sending, "老王")
    rename(sending, "小李", openid=LI)
    wechat.spoil("errcode", api="user/info/updateremark", errcode=48001, times=5)
    sync_changes()
    assert len(wechat.calls("user/info/updateremark")) == 1
    with sending.reading() as session:
        assert session.scalars(select(Contact.sync_attempts)).all() == [1, 1]


def test_what_our_own_pace_holds_back_is_told_when_it_may_and_not_a_minute_later(
    sending, account, wang, li, wechat, monkeypatch
):
    monkeypatch.setattr(jobs, "MOST_TOLD", 1)
    with sending.unit_of_work() as uow:
        uow.session.execute(update(Account).values(calls_per_minute=10))
    rename(sending, "老王")
    rename(sending, "小李", openid=LI)
    sync_changes()
    with sending.reading() as session:
        told, held = session.scalars(select(Contact).order_by(Contact.sync_due_at.nulls_first()))
    assert told.sync_due_at is None
    assert held.sync_attempts == 0
    assert timedelta(seconds=1) <= held.sync_due_at - sending.clock() < timedelta(seconds=10)
    refresh_profiles()
    with sending.reading() as session:
        rows = session.execute(select(Contact.profile_due_at, Contact.profile_attempts)).all()
    for due_at, attempts in rows:
        assert attempts == 0
        assert timedelta(seconds=1) <= due_at - sending.clock() < timedelta(seconds=10)


def test_a_refused_account_is_not_claimed_fifty_by_fifty(
    sending, account, wang, li, wechat, monkeypatch
):
    monkeypatch.setattr(jobs, "MOST_TOLD", 1)
    wechat.spoil("errcode", api="user/info/updateremark", errcode=48001, times=5)
    rename(sending, "老王")
    rename(sending, "小李", openid=LI)
    sync_changes()
    assert len(wechat.calls("user/info/updateremark")) == 1


@pytest.mark.one_database
def test_a_held_back_call_is_tried_once_a_second_at_most():
    now = datetime(2026, 3, 2, tzinfo=UTC)

    def refusal(after: float | None, **how: bool) -> DeliveryError:
        until = None if after is None else now + timedelta(seconds=after)
        return DeliveryError("no", code="pace", retry_at=until, **how)

    def wait(error: DeliveryError, attempts: int = 0) -> float:
        return (again_at(error, attempts, now) - now).total_seconds()

    assert wait(refusal(0.01, is_uncounted=True)) == 1
    assert wait(refusal(7, is_uncounted=True)) == 7
    assert wait(refusal(None, is_uncounted=True)) == 60  # redis is away
    assert wait(refusal(7), attempts=2) == 240


def test_a_customer_forgotten_while_wechat_is_told_stays_empty(sending, wang):
    tag(sending, "VIP")
    with sending.unit_of_work() as uow:
        claim = syncing.claim_changes(uow, contact_of(sending).account_id, 50)
    with sending.unit_of_work() as uow:
        uow.session.execute(update(Contact).values(forgotten_at=uow.now, sync_due_at=None))
        error = DeliveryError("no", code="40003", is_permanent=True)
        syncing.settle_changes(uow, claim, [Outcome(each, error) for each in claim.changes])
    assert contact_of(sending).sync_error is None


def test_a_remark_is_one_line_of_plain_characters():
    assert cleaned(" a\tb\r\nc\x07 \u2028d ") == "a b c d"


def test_emoji_count_as_wechats_phones_count_them():
    assert remark_problem("😀" * 14) is None
    assert remark_problem("😀" * 15) is not None


def test_a_tag_of_ten_chinese_characters_is_the_longest():
    assert tags_problem(["一二三四五六七八九十"]) is None
    assert tags_problem(["一二三四五六七八九十a"]) is not None
