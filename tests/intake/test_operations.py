"""Recording: rows, clocks, windows, places."""

import pytest
from cast import conversation_of, customer_writes, entry, messages_of
from sqlalchemy import select

from tests.conversations.test_operations import free_when_writing, write_twice
from wxdesk.contacts.models import Contact
from wxdesk.intake.operations import record
from wxdesk.intake.rules import HeldAnswer
from wxdesk.satisfaction.rules import choice_id


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


REACH_BACK = {
    "a rating": {"fields": {"bizmsgmenuid": choice_id(1, 5)}},
    "a held answer that left": {"held": HeldAnswer((1,), "明天到。")},
    "the result of a template message": {
        "kind": "event",
        "event": "TEMPLATESENDJOBFINISH",
        "fields": {"MsgID": "1", "Status": "failed: system failed"},
    },
}


# On SQLite there is one writer at a time.
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
class TestNoCircleOfLocks:
    @pytest.mark.parametrize("values", [{}, {"kind": "event", "event": "CLICK"}])
    def test_the_open_conversation_is_locked_before_a_message_is_written(
        self, runtime, account, clock, values
    ):
        _, current = write_twice(runtime, account, clock)
        with free_when_writing(runtime, [current]) as free:
            customer_writes(runtime, account, **values)
        assert free == set()

    @pytest.mark.parametrize("what", REACH_BACK)
    def test_what_may_change_an_earlier_conversation_locks_all_before(
        self, runtime, account, clock, what
    ):
        both = write_twice(runtime, account, clock)
        with free_when_writing(runtime, both) as free:
            customer_writes(runtime, account, **REACH_BACK[what])
        assert free == set()
