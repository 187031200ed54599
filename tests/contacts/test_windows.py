"""The reply-window ledger: which act opened it, what was used, what remains, who corrected it."""

from datetime import UTC, datetime, timedelta

import pytest
from cast import WANG, auto_answer, customer_writes, entry, make_rule
from sqlalchemy import select

from wxdesk.accounts.models import Account
from wxdesk.contacts.models import Contact, ReplyWindow
from wxdesk.contacts.operations import get_locked
from wxdesk.contacts.rules import Act, Window, best_of, window_after, window_of
from wxdesk.contacts.windows import correct, counting, latest, spend
from wxdesk.conversations.jobs import prune_windows
from wxdesk.intake.operations import record

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def test_each_act_opens_what_the_platform_says():
    assert window_of(Act.MESSAGE, NOW) == Window(NOW + 48 * HOUR, 5)
    for act in (Act.CLICK, Act.SCAN, Act.FOLLOW):
        assert window_of(act, NOW) == Window(NOW + MINUTE, 3)


def test_a_new_message_sets_the_count_anew_and_does_not_add():
    used = Window(NOW + 40 * HOUR, 2)
    opened = window_of(Act.MESSAGE, NOW)
    assert window_after(used, opened, is_message=True) == Window(NOW + 48 * HOUR, 5)


def test_a_click_never_shortens_an_open_long_window_but_helps_when_that_is_spent():
    click = window_of(Act.CLICK, NOW)
    long = Window(NOW + 40 * HOUR, 2)
    assert window_after(long, click, is_message=False) == long
    spent = Window(NOW + 40 * HOUR, 0)
    assert window_after(spent, click, is_message=False) == click


def test_a_message_recorded_late_does_not_bring_back_what_was_spent():
    spent = Window(NOW + 40 * HOUR, 0)
    late = window_of(Act.MESSAGE, NOW - 9 * HOUR)
    assert window_after(spent, late, is_message=True) == spent


def test_what_has_messages_left_counts_before_what_is_open_longer():
    long, short = Window(NOW + HOUR, 0), Window(NOW + MINUTE, 3)
    assert best_of([long, short], NOW) == short
    assert best_of([long, short], NOW + MINUTE) == long
    assert best_of([long, short], NOW + HOUR) is None


@pytest.fixture
def wang(runtime, account):
    """Acts on the only customer, in a transaction of its own."""

    def act(change) -> Contact:
        with runtime.unit_of_work() as uow:
            contact_id = uow.session.scalars(select(Contact.id).where(Contact.openid == WANG)).one()
            contact = get_locked(uow, contact_id)
            change(uow, contact)
            return contact

    return act


def state(contact: Contact) -> tuple[datetime | None, int]:
    return contact.window_closes_at, contact.window_remaining


def happens(runtime, account, event: str, **values) -> None:
    with runtime.unit_of_work() as uow:
        record(uow, [entry(runtime, account, "", kind="event", event=event, **values)])


def ledger(runtime) -> list[ReplyWindow]:
    with runtime.reading() as session:
        return list(session.scalars(select(ReplyWindow).order_by(ReplyWindow.id)))


def test_the_ledger_names_the_act_and_its_message(runtime, account, clock):
    message = customer_writes(runtime, account)
    clock.advance(seconds=10)
    happens(runtime, account, "CLICK", fields={"EventKey": "k"})
    by_message, by_click = ledger(runtime)
    assert (by_message.act, by_message.message_id) == (Act.MESSAGE, message.id)
    assert (by_message.quota, by_message.used) == (5, 0)
    assert by_message.closes_at == message.created_at + 48 * HOUR
    assert (by_click.act, by_click.quota) == (Act.CLICK, 3)
    assert by_click.closes_at == by_click.opened_at + MINUTE


@pytest.mark.parametrize(
    ("event", "act"),
    [
        ("subscribe", Act.FOLLOW),
        ("SCAN", Act.SCAN),
        ("CLICK", Act.CLICK),
        ("scancode_push", Act.CLICK),
        ("scancode_waitmsg", Act.CLICK),
    ],
)
def test_these_events_open_a_short_window(runtime, account, event, act):
    happens(runtime, account, event)
    assert [each.act for each in ledger(runtime)] == [act]


@pytest.mark.parametrize(
    "event", ["VIEW", "LOCATION", "unsubscribe", "view_miniprogram", "pic_weixin", "new_event"]
)
def test_these_events_open_nothing(runtime, account, event):
    happens(runtime, account, event)
    assert ledger(runtime) == []


def test_a_tap_on_a_choice_counts_as_a_click(runtime, account):
    customer_writes(runtime, account, fields={"bizmsgmenuid": "101"})
    assert [each.act for each in ledger(runtime)] == [Act.CLICK]


def test_a_send_is_counted_on_every_open_window(runtime, account, wang, clock):
    customer_writes(runtime, account)
    happens(runtime, account, "CLICK")
    contact = wang(spend)
    assert [each.used for each in ledger(runtime)] == [1, 1]
    assert contact.window_remaining == 4
    clock.advance(minutes=2)
    wang(spend)
    assert [each.used for each in ledger(runtime)] == [2, 1]


def test_after_five_answers_a_click_opens_three_more_for_a_minute(runtime, account, wang, clock):
    customer_writes(runtime, account)
    for _ in range(5):
        contact = wang(spend)
    assert contact.window_remaining == 0
    happens(runtime, account, "CLICK")
    contact = wang(spend)
    assert contact.window_remaining == 2
    clock.advance(minutes=2)
    closes_at, remaining = state(
        wang(lambda uow, contact: correct(uow, contact, "x", before=uow.now))
    )
    assert remaining == 0
    assert closes_at == ledger(runtime)[0].closes_at


def test_45047_says_that_nothing_is_left(runtime, account, wang, clock):
    customer_writes(runtime, account)
    contact = wang(lambda uow, contact: correct(uow, contact, "45047", before=uow.now))
    (entered,) = ledger(runtime)
    assert (entered.used, entered.closed_by, entered.corrected_at) == (5, "45047", clock.now)
    assert state(contact) == (entered.closes_at, 0)


def test_45015_says_that_it_is_closed(runtime, account, wang, clock):
    customer_writes(runtime, account)
    contact = wang(lambda uow, contact: correct(uow, contact, "45015", before=uow.now))
    (entered,) = ledger(runtime)
    assert (entered.closed_by, entered.closes_at) == ("45015", clock.now)
    assert state(contact) == (clock.now, 0)
    customer_writes(runtime, account, "我又来了")
    with runtime.reading() as session:
        assert session.scalars(select(Contact.window_remaining)).one() == 5


def test_a_passive_reply_is_counted_unless_the_account_says_otherwise(runtime, account):
    rule = make_rule(runtime, account)
    customer_writes(runtime, account, "抽奖", answer=auto_answer(rule))
    assert [each.used for each in ledger(runtime)] == [1]
    with runtime.unit_of_work() as uow:
        uow.session.get_one(Account, account.id).is_passive_counted = False
    customer_writes(runtime, account, "抽奖", answer=auto_answer(rule))
    assert [each.used for each in ledger(runtime)] == [1, 0]


def test_of_many_messages_in_one_batch_only_the_last_is_entered(runtime, account):
    with runtime.unit_of_work() as uow:
        record(uow, [entry(runtime, account, f"{n}") for n in range(20)])
    assert len(ledger(runtime)) == 1


def test_the_latest_entry_of_each_kind_is_found_among_many(runtime, account, clock):
    for _ in range(30):
        clock.advance(seconds=1)
        customer_writes(runtime, account)
        happens(runtime, account, "CLICK")
    entries = ledger(runtime)
    with runtime.reading() as session:
        found = latest(session, [entries[0].contact_id])[entries[0].contact_id]
    assert [each.id for each in found] == [entries[-2].id, entries[-1].id]
    best = counting(found, clock.now)
    assert best is not None
    assert best.act is Act.MESSAGE


def test_who_leaves_and_follows_again_does_not_get_the_old_window_back(
    runtime, account, wang, clock
):
    customer_writes(runtime, account)
    clock.advance(seconds=5)
    happens(runtime, account, "unsubscribe")
    clock.advance(seconds=5)
    happens(runtime, account, "subscribe")
    contact = wang(spend)
    assert state(contact) == (ledger(runtime)[-1].closes_at, 2)


def test_a_message_and_leaving_in_one_batch_leave_no_window(runtime, account, clock):
    written = entry(runtime, account)
    clock.advance(seconds=5)
    left = entry(runtime, account, "", kind="event", event="unsubscribe")
    with runtime.unit_of_work() as uow:
        record(uow, [written, left])
    with runtime.reading() as session:
        assert state(session.scalars(select(Contact)).one()) == (None, 0)


def test_who_writes_after_leaving_is_not_forgotten(runtime, account, clock):
    customer_writes(runtime, account)
    clock.advance(seconds=5)
    happens(runtime, account, "unsubscribe")
    clock.advance(seconds=5)
    customer_writes(runtime, account, "还在")
    with runtime.reading() as session:
        contact = session.scalars(select(Contact)).one()
    assert (contact.forget_at, contact.window_remaining) == (None, 5)


def test_a_month_of_the_ledger_is_kept(runtime, account, clock):
    customer_writes(runtime, account)
    clock.advance(days=34)
    customer_writes(runtime, account)
    prune_windows()
    assert len(ledger(runtime)) == 1
