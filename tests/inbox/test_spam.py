"""Spam is set aside, counted and never lost; all of it can be undone."""

from datetime import timedelta

import pytest
from cast import (
    agent_answers,
    auto_answer,
    conversation_of,
    customer_writes,
    lines_of,
    make_rule,
    messages_of,
)
from sqlalchemy import func, select

from tests.conversations.test_operations import at_once, free_when_writing, write_twice
from wxdesk.audit.models import AuditEntry
from wxdesk.contacts.models import Contact
from wxdesk.contacts.rules import SyncState
from wxdesk.conversations.models import Conversation
from wxdesk.conversations.rules import Place, Status
from wxdesk.inbox.operations import reopen, resolve
from wxdesk.inbox.spam import mark_spam, not_spam
from wxdesk.intake.queries import account_for_everything, list_spam
from wxdesk.plumbing.clock import FAR_FUTURE
from wxdesk.plumbing.errors import ConflictError


@pytest.fixture
def advert(runtime, account):
    return customer_writes(runtime, account, "加我赚钱")


def mark(runtime, message, agent_id: int, *, is_blacklisted: bool | None = None) -> None:
    with runtime.unit_of_work() as uow:
        mark_spam(uow, message.conversation_id, agent_id=agent_id, is_blacklisted=is_blacklisted)


def undo(runtime, message, agent_id: int, *, is_blacklisted: bool | None = None) -> None:
    with runtime.unit_of_work() as uow:
        not_spam(uow, message.contact_id, agent_id=agent_id, is_blacklisted=is_blacklisted)


def contact(runtime) -> Contact:
    with runtime.reading() as session:
        return session.scalars(select(Contact)).one()


def places(runtime) -> list[tuple[str, Place | None, str | None]]:
    return [(each.text, each.place, each.set_aside_reason) for each in messages_of(runtime)]


def last_action(runtime) -> str:
    return lines_of(runtime)[-1].payload["action"]


def test_it_ends_and_what_comes_then_is_set_aside(runtime, account, advert, team):
    mark(runtime, advert, team.lin)
    ended = conversation_of(runtime)
    assert (ended.status, ended.is_spam, ended.due_at) == (Status.RESOLVED, True, FAR_FUTURE)
    assert contact(runtime).is_spam
    assert last_action(runtime) == "spam"
    more = customer_writes(runtime, account, "还要赚钱吗")
    assert more.conversation_id is None
    assert places(runtime)[-1] == ("还要赚钱吗", Place.SET_ASIDE, "spam")
    assert conversation_of(runtime).version == ended.version
    with runtime.reading() as session:
        assert session.scalar(select(func.count()).select_from(Conversation)) == 1


def test_the_sums_count_it_under_its_reason(runtime, account, advert, team):
    mark(runtime, advert, team.lin)
    customer_writes(runtime, account, "还要赚钱吗")
    with runtime.readers() as session:
        found = account_for_everything(session, runtime.redis, runtime.spool)
    assert (found.in_conversation, found.set_aside) == (1, {"spam": 1})


def test_a_rule_still_answers_a_keyword(runtime, account, advert, team):
    mark(runtime, advert, team.lin)
    rule = make_rule(runtime, account)
    customer_writes(runtime, account, "抽奖", answer=auto_answer(rule))
    assert ("抽奖", Place.AUTO_ANSWERED, None) in places(runtime)


def test_undone_it_is_back_with_its_agent_and_all_that_was_set_aside(
    runtime, account, advert, team, clock
):
    agent_answers(runtime, advert, team.mei)
    mark(runtime, advert, team.lin)
    clock.advance(minutes=20)
    more = customer_writes(runtime, account, "我不是广告")
    clock.advance(minutes=20)
    undo(runtime, advert, team.zhou)
    back = conversation_of(runtime)
    assert (back.id, back.status, back.assignee_id) == (
        advert.conversation_id,
        Status.OPEN,
        team.mei,
    )
    assert (back.is_spam, contact(runtime).is_spam) == (False, False)
    assert (back.last_message_id, back.waiting_message_id) == (more.id, more.id)
    assert back.due_at < clock.now  # they have waited all the time
    assert places(runtime)[-1] == ("我不是广告", Place.CONVERSATION, None)
    assert messages_of(runtime)[-1].conversation_id == back.id
    assert last_action(runtime) == "not_spam"
    undo(runtime, advert, team.zhou)  # twice changes nothing
    assert conversation_of(runtime).version == back.version


def test_after_that_a_new_message_goes_into_the_conversation(runtime, account, advert, team):
    mark(runtime, advert, team.lin)
    undo(runtime, advert, team.lin)
    assert customer_writes(runtime, account).conversation_id == advert.conversation_id


def test_wechats_blacklist_is_told_when_it_is_wished(runtime, account, advert, team):
    mark(runtime, advert, team.lin)
    assert not contact(runtime).is_blacklisted
    mark(runtime, advert, team.lin, is_blacklisted=True)
    told = contact(runtime)
    assert (told.is_blacklisted, told.blacklist_state) == (True, SyncState.PENDING)
    undo(runtime, advert, team.lin)
    assert contact(runtime).is_blacklisted
    undo(runtime, advert, team.lin, is_blacklisted=False)
    assert not contact(runtime).is_blacklisted
    with runtime.reading() as session:
        actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions[-4:] == [
        "contact.spam",
        "contact.blacklisted",
        "contact.not_spam",
        "contact.unblacklisted",
    ]


def test_an_ended_one_can_be_spam_too_and_the_open_one_ends_with_it(
    runtime, account, advert, team, clock
):
    with runtime.unit_of_work() as uow:
        resolve(uow, advert.conversation_id)
    clock.advance(days=3)
    customer_writes(runtime, account, "又来了")
    mark(runtime, advert, team.lin)
    with runtime.reading() as session:
        rows = session.execute(select(Conversation.status, Conversation.is_spam)).all()
    assert [tuple(row) for row in rows] == [(Status.RESOLVED, True)] * 2
    undo(runtime, advert, team.lin)
    with runtime.reading() as session:
        rows = session.scalars(select(Conversation.status).order_by(Conversation.id)).all()
    assert rows == [Status.RESOLVED, Status.OPEN]


def test_spam_is_not_opened_while_its_messages_would_be_set_aside(runtime, advert, team):
    mark(runtime, advert, team.lin)
    with pytest.raises(ConflictError, match="spam"), runtime.unit_of_work() as uow:
        reopen(uow, advert.conversation_id, agent_id=team.lin)


def test_the_page_lists_who_wrote_last_first_and_goes_on(runtime, account, team, clock):
    for number in range(4):
        message = customer_writes(runtime, account, openid=f"o{number}")
        mark(runtime, message, team.lin)
    for number in (2, 0, 3, 0):
        clock.advance(minutes=1)
        customer_writes(runtime, account, f"广告 {number}", openid=f"o{number}")
    with runtime.reading() as session:
        first = list_spam(session, before_id=None, limit=2)
        rest = list_spam(session, before_id=first[-1].last_message_id, limit=2)
    assert [(row.last_text, row.messages) for row in first] == [("广告 0", 2), ("广告 3", 1)]
    assert [row.last_text for row in rest] == ["广告 2"]


def test_whoever_is_first_nothing_is_lost_when_they_write_meanwhile(
    runtime, account, advert, team, clock
):
    clock.advance(seconds=1)
    for number in range(6):

        def work(index: int, number=number) -> None:
            if index == 0:
                customer_writes(runtime, account, f"第 {number}")
            elif number % 2:
                undo(runtime, advert, team.lin)
            else:
                mark(runtime, advert, team.lin)

        assert at_once(2, work) == [None, None]
    undo(runtime, advert, team.lin)
    assert {message.conversation_id for message in messages_of(runtime)} == {advert.conversation_id}
    assert conversation_of(runtime).opened_at <= clock.now - timedelta(0)


# On SQLite there is one writer at a time.
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_all_that_end_are_locked_before_a_line_is_written(runtime, account, team, clock):
    both = write_twice(runtime, account, clock)
    with free_when_writing(runtime, both) as free, runtime.unit_of_work() as uow:
        mark_spam(uow, both[0], agent_id=team.lin, is_blacklisted=None)
    assert free == set()
    assert conversation_of(runtime).is_spam
