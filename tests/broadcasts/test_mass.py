"""Mass sends: once whatever happens, inside WeChat's limits, with the end that WeChat tells."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, update

from wxdesk.accounts.models import Account
from wxdesk.accounts.rules import AccountType
from wxdesk.broadcasts import mass, operations
from wxdesk.broadcasts.audience import count, limit_of
from wxdesk.broadcasts.forms import BroadcastForm
from wxdesk.broadcasts.models import Broadcast
from wxdesk.broadcasts.queries import MOST_ACTIVE, form_of, list_active
from wxdesk.broadcasts.rules import MOST_ASKS, Audience, BroadcastKind, BroadcastState, Content
from wxdesk.contacts.models import ContactTag, Tag
from wxdesk.plumbing.errors import ConflictError, InvalidInputError, NotAllowedError
from wxdesk.wechat.limits import MassKind
from wxdesk.wechat.pace import Pace

MASS = BroadcastKind.MASS
RESULT = {"TotalCount": 2, "FilterCount": 2, "SentCount": 2, "ErrorCount": 0}


def test_mass_send_by_tag_leaves_at_its_time_and_ends_with_wechats_numbers(sender):
    sender.follower("oA", has_tag=True)
    sender.follower("oB")
    broadcast_id = sender.draft(MASS, None, Audience(sender.tag.id))
    sender.send(broadcast_id, sender.clock() + timedelta(minutes=5))
    sender.work()
    assert sender.mass_bubbles("oA") == 0
    sender.clock.advance(minutes=5)
    sender.work()
    assert (sender.mass_bubbles("oA"), sender.mass_bubbles("oB")) == (1, 0)
    row = sender.row(broadcast_id)
    assert row.state is BroadcastState.SENDING
    sender.follower("oSystem")
    told = {"MsgID": row.wechat_msgid, "Status": "send success", **RESULT}
    sender.told("masssendjobfinish", "oSystem", **told)
    row = sender.row(broadcast_id)
    assert (row.state, row.result["sent"]) == (BroadcastState.DONE, 2)
    sender.work()
    assert sender.mass_bubbles("oA") == 1
    draft = sender.draft(MASS)
    with sender.runtime.unit_of_work() as uow:  # what told the end is no follower
        assert operations.dry_run(uow, draft).people == 2


def test_lost_answer_is_asked_about_with_the_same_key_and_nobody_gets_it_twice(sender, monkeypatch):
    sender.follower("oA")
    monkeypatch.setattr("wxdesk.wechat.transport.ANSWER_SECONDS", 0.3)
    sender.wechat.spoil("timeout_after_accepting", api="mass/sendall", seconds=1)
    broadcast_id = sender.draft(MASS)
    sender.send(broadcast_id)
    sender.work()
    row = sender.row(broadcast_id)
    assert row.state is BroadcastState.UNCONFIRMED
    assert sender.mass_bubbles("oA") == 1
    sender.work()
    assert len(sender.wechat.calls("mass/sendall")) == 1
    sender.clock.advance(seconds=71)
    sender.work()
    row = sender.row(broadcast_id)
    assert (row.state, row.error) == (BroadcastState.SENDING, None)
    assert row.wechat_msgid
    assert sender.mass_bubbles("oA") == 1
    sender.clock.advance(minutes=11)
    sender.work()
    assert sender.row(broadcast_id).state is BroadcastState.DONE


def test_mass_send_that_nobody_could_ask_about_in_time_is_never_handed_over_again(
    sender, monkeypatch
):
    sender.follower("oA")
    monkeypatch.setattr("wxdesk.wechat.transport.ANSWER_SECONDS", 0.3)
    sender.wechat.spoil("timeout_after_accepting", api="mass/sendall", seconds=1)
    broadcast_id = sender.draft(MASS)
    sender.send(broadcast_id)
    sender.work()
    sender.clock.advance(hours=23)  # all workers were down; soon WeChat forgets the key
    sender.work()
    row = sender.row(broadcast_id)
    assert (row.state, row.look_at) == (BroadcastState.UNCONFIRMED, None)
    assert len(sender.wechat.calls("mass/sendall")) == 1
    with sender.runtime.reading() as session:
        assert list_active(session, sender.clock()) == []


def test_unconfirmed_one_counts_until_a_person_says_and_cannot_be_cancelled(sender):
    sender.follower("oA", has_tag=True)
    sender.wechat.spoil("drop_connection", api="mass/sendall")
    broadcast_id = sender.draft(MASS, None, Audience(sender.tag.id))
    sender.send(broadcast_id)
    sender.work()
    with sender.runtime.unit_of_work() as uow, pytest.raises(ConflictError, match="console"):
        operations.cancel(uow, broadcast_id, sender.chen)
    with sender.runtime.unit_of_work() as uow:
        uow.session.execute(delete(ContactTag))
        uow.session.execute(update(Tag).values(wechat_tag_id=None))
    sender.clock.advance(seconds=71)
    sender.work()
    row = sender.row(broadcast_id)
    assert (row.state, row.look_at) == (BroadcastState.UNCONFIRMED, None)
    with sender.runtime.reading() as session:
        account = session.get_one(Account, sender.account.id)
        assert limit_of(session, account, MASS, sender.clock()).used == 1


def test_lost_answer_that_never_comes_is_left_to_a_person(sender):
    sender.follower("oA")
    sender.wechat.spoil("drop_connection", api="mass/sendall", times=20)
    broadcast_id = sender.draft(MASS)
    sender.send(broadcast_id)
    for _ in range(10):
        sender.work()
        sender.clock.advance(hours=1)
    row = sender.row(broadcast_id)
    assert (row.state, row.attempts, row.look_at) == (BroadcastState.UNCONFIRMED, 6, None)
    with sender.runtime.unit_of_work() as uow:
        operations.settle(uow, broadcast_id, sender.chen, was_sent=False)
    assert sender.row(broadcast_id).state is BroadcastState.FAILED


def test_process_that_was_killed_while_asking_leaves_it_unconfirmed(sender):
    sender.follower("oA")
    broadcast_id = sender.draft(MASS)
    sender.send(broadcast_id)
    with sender.runtime.unit_of_work() as uow:
        assert mass.claim(uow, broadcast_id) is not None
    with sender.runtime.unit_of_work() as uow:
        assert mass.claim(uow, broadcast_id) is None
    sender.work()
    assert sender.row(broadcast_id).state is BroadcastState.SENDING
    sender.clock.advance(seconds=151)
    sender.work()
    assert sender.row(broadcast_id).state is BroadcastState.UNCONFIRMED
    sender.clock.advance(seconds=141)
    sender.work()
    assert sender.mass_bubbles("oA") == 1


def test_event_that_overtakes_the_answer_is_not_lost(sender):
    sender.follower("oA")
    broadcast_id = sender.draft(MASS)
    sender.send(broadcast_id)
    with sender.runtime.unit_of_work() as uow:
        mass.claim(uow, broadcast_id)
    sender.told("masssendjobfinish", MsgID=77, Status="err(10001)", **RESULT)
    with sender.runtime.unit_of_work() as uow:
        mass.note_taken(uow, broadcast_id, "77")
    row = sender.row(broadcast_id)
    assert row.state is BroadcastState.FAILED
    assert row.error == "WeChat takes it for advertising"


def test_busy_wechat_is_tried_again_and_a_refusal_is_not(sender):
    sender.follower("oA")
    first = sender.draft(MASS)
    sender.wechat.spoil("errcode", api="mass/sendall", errcode=-1)
    sender.send(first)
    sender.work()
    assert sender.row(first).state is BroadcastState.SCHEDULED
    sender.clock.advance(seconds=20)
    sender.work()
    assert sender.row(first).state is BroadcastState.SENDING
    second = sender.draft(MASS, Content(mass_kind=MassKind.ARTICLE, media_id="no-such"))
    sender.send(second)
    sender.work()
    row = sender.row(second)
    assert row.state is BroadcastState.FAILED
    assert row.error


def test_mass_send_that_our_own_pace_held_back_is_never_given_up(sender):
    sender.follower("oA")
    with sender.runtime.unit_of_work() as uow:
        uow.session.execute(update(Account).values(calls_per_minute=1))
    broadcast_id = sender.draft(MASS)
    sender.send(broadcast_id)
    pace = Pace(sender.runtime.redis, sender.account.app_id, 1)
    pace.wait(sender.clock, lambda _: None)  # somebody was answered
    for _ in range(MOST_ASKS + 2):
        sender.work()
        assert sender.row(broadcast_id).state is BroadcastState.SCHEDULED
        sender.clock.advance(minutes=6)
    assert sender.wechat.calls("mass/sendall") == []
    sender.runtime.redis.delete(f"wxdesk:pace:{sender.account.app_id}")
    sender.work()
    assert sender.row(broadcast_id).state is BroadcastState.SENDING


def test_refused_one_begins_anew_when_it_is_written_anew_and_counts_on_its_new_day(sender):
    sender.follower("oA")
    broadcast_id = sender.draft(MASS)
    sender.wechat.spoil("errcode", api="mass/sendall", errcode=-1)
    sender.send(broadcast_id)
    sender.work()
    row = sender.row(broadcast_id)
    assert (row.state, row.sent_at, row.attempts) == (BroadcastState.SCHEDULED, None, 1)
    with sender.runtime.unit_of_work() as uow:
        operations.change(uow, broadcast_id, form_of(row), sender.chen)
    later = sender.clock() + timedelta(days=40)
    sender.send(broadcast_id, later)
    row = sender.row(broadcast_id)
    assert (row.attempts, row.look_at, row.error) == (0, None, None)
    with sender.runtime.reading() as session:
        account = session.get_one(Account, sender.account.id)
        used = [limit_of(session, account, MASS, at).used for at in (sender.clock(), later)]
    assert used == [0, 1]
    sender.clock.advance(days=40)
    sender.work()
    assert sender.row(broadcast_id).sent_at == later


def test_scheduled_one_does_not_count_against_itself(sender):
    sender.follower("oA")
    at = sender.clock() + timedelta(minutes=30)
    for _ in range(4):
        fourth = sender.draft(MASS)
        sender.send(fourth, at)
    with sender.runtime.unit_of_work() as uow:
        assert dict(operations.dry_run(uow, fourth, at).left) == {1: 1}
    sender.send(fourth, at + timedelta(minutes=20))
    assert sender.row(fourth).send_at == at + timedelta(minutes=20)


def test_dry_run_tells_how_many_have_how_many_left_this_month(sender):
    sender.follower("oA", has_tag=True)
    sender.follower("oB")
    for audience in (None, None, Audience(sender.tag.id), None):
        sender.send(sender.draft(MASS, None, audience))
    sender.work()
    with sender.runtime.reading() as session:
        account = session.get_one(Account, sender.account.id)
        everybody = count(session, account, MASS, Audience(), sender.clock())
        tagged = count(session, account, MASS, Audience(sender.tag.id), sender.clock())
        later = count(session, account, MASS, Audience(), sender.clock() + timedelta(days=40))
        limit = limit_of(session, account, MASS, sender.clock())
    assert (dict(everybody.left), everybody.reached) == ({0: 1, 1: 1}, 1)
    assert dict(tagged.left) == {0: 1}
    assert dict(later.left) == {4: 2}
    assert (limit.used, limit.most) == (4, 100)
    draft = sender.draft(MASS, None, Audience(sender.tag.id))
    with pytest.raises(ConflictError, match="four mass sends"):
        sender.send(draft)
    assert sender.row(draft).state is BroadcastState.DRAFT


def test_subscription_account_sends_once_a_day_in_beijing(sender):
    sender.follower("oA")
    with sender.runtime.unit_of_work() as uow:
        uow.session.execute(update(Account).values(account_type=AccountType.SUBSCRIPTION))
    sender.send(sender.draft(MASS))
    second = sender.draft(MASS)
    with pytest.raises(ConflictError, match="no mass send left"):
        sender.send(second)
    sender.send(second, sender.clock() + timedelta(hours=7))  # 00:00 of the next day in Beijing
    third = sender.draft(MASS)
    with pytest.raises(ConflictError):
        sender.send(third, sender.clock() + timedelta(hours=20))


def test_second_person_must_approve_where_the_account_wants_it(sender):
    sender.follower("oA")
    with sender.runtime.unit_of_work() as uow:
        uow.session.execute(update(Account).values(needs_approval=True))
    broadcast_id = sender.draft(MASS)
    with pytest.raises(NotAllowedError):
        sender.send(broadcast_id)
    with sender.runtime.unit_of_work() as uow:
        operations.ask(uow, broadcast_id, None, sender.chen)
    form = BroadcastForm(sender.account.id, "新", MASS, content=Content(text="改"))
    with sender.runtime.unit_of_work() as uow:
        operations.change(uow, broadcast_id, form, sender.zhou)
    assert sender.row(broadcast_id).asked_at is None
    with pytest.raises(ConflictError, match="second person"):
        sender.send(broadcast_id, by=sender.zhou)
    with sender.runtime.unit_of_work() as uow:
        operations.change(uow, broadcast_id, form, sender.chen)
    sender.send(broadcast_id, by=sender.zhou)
    assert sender.row(broadcast_id).approved_by_id == sender.zhou
    approved = sender.clock() + timedelta(days=7)
    sender.send(broadcast_id, approved, by=sender.zhou)
    for wished in (None, sender.clock() + timedelta(seconds=1)):  # nobody has consented to that
        with sender.runtime.unit_of_work() as uow, pytest.raises(ConflictError, match="scheduled"):
            operations.ask(uow, broadcast_id, wished, sender.chen)
    assert sender.row(broadcast_id).send_at == approved
    sender.send(broadcast_id, by=sender.zhou)
    sender.work()
    with sender.runtime.unit_of_work() as uow, pytest.raises(ConflictError):
        operations.change(uow, broadcast_id, form, sender.chen)


@pytest.mark.parametrize("kind", [MASS, BroadcastKind.TEMPLATE])
def test_rule_of_two_that_comes_after_the_scheduling_holds_too(sender, kind):
    sender.follower("oA")
    broadcast_id = sender.draft(kind)
    sender.send(broadcast_id, sender.clock() + timedelta(hours=1))
    with sender.runtime.unit_of_work() as uow:
        uow.session.execute(update(Account).values(needs_approval=True))
    sender.clock.advance(hours=2)
    sender.work(seconds=2)
    row = sender.row(broadcast_id)
    assert (row.state, row.sent_at, row.claimed_at) == (BroadcastState.DRAFT, None, None)
    assert row.asked_at is not None
    sender.send(broadcast_id, by=sender.zhou)
    sender.work(seconds=2)
    row = sender.row(broadcast_id)
    assert (row.sent_at is not None, row.error) == (True, None)


def test_paused_ones_keep_nothing_else_from_being_sent(sender):
    sender.follower("oA")
    for _ in range(MOST_ACTIVE):
        sender.draft(BroadcastKind.TEMPLATE)
    with sender.runtime.unit_of_work() as uow:
        uow.session.execute(update(Broadcast).values(state=BroadcastState.PAUSED))
    sender.send(sender.draft(MASS))
    sender.work()
    assert sender.mass_bubbles("oA") == 1


@pytest.mark.parametrize(
    ("field", "more"),
    [
        ("name", {"name": " "}),
        ("text", {"content": Content(text="云" * 683)}),
        ("media_id", {"content": Content(mass_kind=MassKind.ARTICLE)}),
        ("file", {"content": Content(mass_kind=MassKind.IMAGE, attachment_id=99)}),
        ("tag_id", {"audience": Audience(99)}),
        ("campaign_id", {"campaign_id": 99}),
        ("per_minute", {"per_minute": 0}),
        ("template_id", {"kind": BroadcastKind.TEMPLATE}),
    ],
)
@pytest.mark.one_database
def test_what_cannot_be_taken_is_named_at_its_field(sender, field, more):
    values = {"name": "春", "kind": MASS, "content": Content(text="好")} | more
    with sender.runtime.unit_of_work() as uow, pytest.raises(InvalidInputError) as error:
        operations.create(uow, BroadcastForm(account_id=sender.account.id, **values), sender.chen)
    assert error.value.field == field
