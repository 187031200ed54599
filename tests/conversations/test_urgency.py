"""The order of the inbox: a window about to close goes before a deadline that has passed."""

from datetime import UTC, datetime, timedelta

from cast import WANG, conversation_of, customer_writes, entry
from sqlalchemy import select

from wxdesk.contacts.models import Contact
from wxdesk.contacts.operations import get_locked
from wxdesk.contacts.windows import correct
from wxdesk.conversations.filters import ConversationFilter, Order
from wxdesk.conversations.jobs import check_windows
from wxdesk.conversations.operations import changed
from wxdesk.conversations.operations import get_locked as get_locked_conversation
from wxdesk.conversations.queries import page_of
from wxdesk.conversations.rules import CLOSING_SOON, Urgency, urgency_of
from wxdesk.inbox.operations import reopen, resolve
from wxdesk.intake.operations import record
from wxdesk.plumbing.clock import FAR_FUTURE

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


def urgency(closes_in: timedelta | None, *, is_waiting: bool = True) -> Urgency:
    closes_at = None if closes_in is None else NOW + closes_in
    return urgency_of(is_waiting=is_waiting, due_at=NOW - HOUR, closes_at=closes_at, now=NOW)


def test_far_from_its_end_the_window_does_not_count_but_is_looked_at_in_time():
    assert urgency(48 * HOUR) == Urgency(1, NOW - HOUR, NOW + 48 * HOUR - CLOSING_SOON)


def test_near_its_end_it_goes_before_everything_by_its_end():
    assert urgency(CLOSING_SOON) == Urgency(0, NOW + CLOSING_SOON, NOW + CLOSING_SOON)


def test_a_closed_or_spent_window_and_nobody_who_waits_go_by_the_deadline():
    by_deadline = Urgency(1, NOW - HOUR, None)
    assert urgency(timedelta(0)) == by_deadline
    assert urgency(None) == by_deadline
    assert urgency(HOUR, is_waiting=False) == by_deadline


def queue(runtime) -> list[str]:
    with runtime.reading() as session:
        rows = page_of(session, ConversationFilter(), Order.DEADLINE, None, 10).rows
    return [row.contact.openid for row in rows]


def test_time_alone_moves_a_conversation_to_the_top_and_away_again(runtime, account, clock):
    customer_writes(runtime, account, openid="o-early")
    clock.advance(hours=45)
    customer_writes(runtime, account, openid="o-breached")
    check_windows()
    assert queue(runtime) == ["o-early", "o-breached"]  # both by deadline
    clock.advance(hours=1, seconds=1)
    customer_writes(runtime, account, openid="o-late")
    check_windows()
    early = conversation_of(runtime, "o-early")
    assert (early.urgency_rank, early.urgent_at) == (0, early.window_check_at)
    version = early.version
    clock.advance(hours=2)
    check_windows()
    early = conversation_of(runtime, "o-early")
    assert (early.urgency_rank, early.urgent_at) == (1, early.due_at)
    assert early.window_check_at == FAR_FUTURE
    assert early.version > version


def test_a_window_about_to_close_goes_before_one_that_has_merely_been_breached(
    runtime, account, clock
):
    customer_writes(runtime, account, openid="o-breached-long-ago")
    tap = {"bizmsgmenuid": "1"}  # opens one minute only
    clock.advance(hours=3)
    with runtime.unit_of_work() as uow:
        record(uow, [entry(runtime, account, openid="o-tapped", fields=tap)])
    assert queue(runtime) == ["o-tapped", "o-breached-long-ago"]


def test_wechats_correction_changes_the_order_in_the_same_transaction(runtime, account, clock):
    customer_writes(runtime, account)
    clock.advance(hours=47)
    check_windows()
    assert conversation_of(runtime).urgency_rank == 0
    with runtime.unit_of_work() as uow:
        contact_id = uow.session.scalars(select(Contact.id).where(Contact.openid == WANG)).one()
        correct(uow, get_locked(uow, contact_id), "45015", before=uow.now)
        conversation, contact = get_locked_conversation(uow, conversation_of(runtime).id)
        changed(uow, conversation, contact)
    assert conversation_of(runtime).urgency_rank == 1


def test_an_event_that_opens_a_window_moves_who_waits_to_the_top(runtime, account, clock):
    customer_writes(runtime, account)
    clock.advance(hours=49)
    check_windows()
    assert conversation_of(runtime).urgency_rank == 1
    with runtime.unit_of_work() as uow:
        record(uow, [entry(runtime, account, "", kind="event", event="CLICK")])
    assert conversation_of(runtime).urgency_rank == 0


def test_who_leaves_is_not_about_to_close(runtime, account, clock):
    customer_writes(runtime, account)
    clock.advance(hours=47)
    check_windows()
    with runtime.unit_of_work() as uow:
        record(uow, [entry(runtime, account, "", kind="event", event="unsubscribe")])
    assert conversation_of(runtime).urgency_rank == 1


def test_a_reopened_conversation_takes_its_place_again(runtime, account, team, clock):
    question = customer_writes(runtime, account)
    with runtime.unit_of_work() as uow:
        resolve(uow, question.conversation_id)
    with runtime.unit_of_work() as uow:
        reopen(uow, question.conversation_id)
    conversation = conversation_of(runtime)
    assert conversation.urgent_at == conversation.due_at < FAR_FUTURE
