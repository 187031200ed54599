"""Recording: rows, clocks, windows, places."""

from cast import conversation_of, customer_writes, entry, messages_of
from sqlalchemy import select

from wxdesk.contacts.models import Contact
from wxdesk.intake.operations import record


def test_a_message_opens_a_conversation(runtime, account):
    message = customer_writes(runtime, account)

    assert conversation_of(runtime).id == message.conversation_id
    assert [each.text for each in messages_of(runtime)] == ["我的订单在哪里?"]


def test_an_unfollow_recorded_after_a_later_message_does_not_close_the_window(
    runtime, account, clock
):
    """Events wait in another stream than messages, and may be recorded later."""
    left = entry(runtime, account, kind="event", event="unsubscribe", text="")
    clock.advance(seconds=30)
    customer_writes(runtime, account, "我又回来了")
    with runtime.unit_of_work() as uow:
        record(uow, [left])
    with runtime.reading() as session:
        contact = session.scalars(select(Contact)).one()
    assert contact.window_remaining == 5
    assert contact.is_following


def test_an_unfollow_closes_the_window(runtime, account, clock):
    customer_writes(runtime, account)
    clock.advance(seconds=30)
    with runtime.unit_of_work() as uow:
        record(uow, [entry(runtime, account, kind="event", event="unsubscribe", text="")])
    with runtime.reading() as session:
        contact = session.scalars(select(Contact)).one()
    assert (contact.window_closes_at, contact.is_following) == (None, False)


def test_the_preview_stays_with_the_latest_message_whatever_is_recorded_last(
    runtime, account, clock
):
    first = entry(runtime, account, "先问的")
    clock.advance(seconds=5)
    later = customer_writes(runtime, account, "后问的")
    with runtime.unit_of_work() as uow:
        record(uow, [first])
    assert conversation_of(runtime).last_message_id == later.id
