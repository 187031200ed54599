"""Two conversations of one customer become one; nothing is lost, nothing leaks."""

import pytest
from cast import (
    WANG,
    agent_answers,
    conversation_of,
    customer_writes,
    lines_of,
    make_account,
    messages_of,
)
from sqlalchemy import select, update

from tests.conversations.test_operations import at_once
from wxdesk.agents.models import Agent
from wxdesk.contacts.models import Contact
from wxdesk.conversations.beside import tags_of
from wxdesk.conversations.drafts import LONGEST_DRAFT, drafts_of, keep_draft
from wxdesk.conversations.lifecycle import pend, set_priority
from wxdesk.conversations.models import Conversation, Mention, Message
from wxdesk.conversations.notes import add_note
from wxdesk.conversations.operations import get_locked
from wxdesk.conversations.rules import Direction, DraftKind, Priority, Status
from wxdesk.conversations.tagging import change_tags
from wxdesk.inbox.merging import merge
from wxdesk.inbox.operations import reopen, resolve
from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.operations import claim_delivery
from wxdesk.outbound.settling import settle_sent
from wxdesk.plumbing.clock import FAR_FUTURE
from wxdesk.plumbing.errors import ConflictError, InvalidInputError, NotFoundError
from wxdesk.satisfaction.models import SatisfactionRating
from wxdesk.satisfaction.rules import RatingState
from wxdesk.sla.jobs import check_deadlines
from wxdesk.sla.models import SlaClock


@pytest.fixture
def old(runtime, account, team, clock) -> int:
    """A conversation that ended two days ago."""
    message = customer_writes(runtime, account, "旧问题")
    do(runtime, resolve, message.conversation_id, agent_id=team.lin)
    clock.advance(days=2)
    return message.conversation_id


@pytest.fixture
def new(runtime, account, old) -> int:
    """The customer's open one."""
    return customer_writes(runtime, account, "新问题").conversation_id


def do(runtime, act, *arguments, **named):
    with runtime.unit_of_work() as uow:
        return act(uow, *arguments, **named)


def get(runtime, conversation_id: int) -> Conversation:
    with runtime.reading() as session:
        return session.get_one(Conversation, conversation_id)


def tag(runtime, conversation_id: int, *names: str) -> None:
    with runtime.unit_of_work() as uow:
        conversation, _ = get_locked(uow, conversation_id)
        change_tags(uow, conversation, add=names, remove=[], by=None, may_make=True)


def tags(runtime, conversation_id: int) -> list[str]:
    with runtime.reading() as session:
        return tags_of(session, [conversation_id]).get(conversation_id, [])


def test_the_older_one_goes_into_the_open_one(runtime, old, new, team):
    before = get(runtime, new)
    do(runtime, merge, old, new, agent_id=team.lin)
    source, target = get(runtime, old), get(runtime, new)
    assert (source.status, source.merged_into_id) == (Status.RESOLVED, new)
    assert (target.status, target.due_at) == (Status.OPEN, before.due_at)
    assert target.waiting_message_id == before.waiting_message_id
    assert target.opened_at == source.opened_at
    assert {message.conversation_id for message in messages_of(runtime)} == {new}
    into, merged = lines_of(runtime)[-2:]
    assert (into.conversation_id, into.payload["into"]) == (old, new)
    assert (merged.conversation_id, merged.payload["merged"]) == (new, old)
    assert merged.payload["by"]["name"] == "Lin"


def test_the_open_one_goes_into_the_older_one_with_its_clocks_agent_and_sleep(
    runtime, old, new, team
):
    do(runtime, set_priority, new, Priority.URGENT, agent_id=team.lin)
    message = messages_of(runtime)[-1]
    agent_answers(runtime, message, team.mei)
    do(runtime, pend, new, agent_id=team.mei)
    before = get(runtime, new)
    do(runtime, merge, new, old, agent_id=team.lin)
    source, target = get(runtime, new), get(runtime, old)
    assert (target.status, target.assignee_id) == (Status.PENDING, team.mei)
    assert (target.due_at, target.waiting_message_id) == (before.due_at, message.id)
    assert target.first_response_deadline_at == before.first_response_deadline_at
    assert target.priority is Priority.URGENT
    assert target.last_message_id == before.last_message_id
    assert (target.resolved_at, source.status) == (None, Status.RESOLVED)
    assert (source.due_at, source.waiting_since, source.is_breached) == (FAR_FUTURE, None, False)


def test_what_the_customer_writes_then_goes_to_the_one_that_is_left(
    runtime, account, old, new, team, clock
):
    middle = new
    do(runtime, resolve, middle, agent_id=team.lin)
    clock.advance(days=2)
    latest = customer_writes(runtime, account, "第三个").conversation_id
    do(runtime, merge, latest, old, agent_id=team.lin)
    assert customer_writes(runtime, account, "还有").conversation_id == old
    do(runtime, resolve, old, agent_id=team.lin)
    with pytest.raises(ConflictError, match="merged"):
        do(runtime, reopen, latest)


def test_a_merged_one_never_reopens_by_itself(runtime, account, old, new, team, clock):
    do(runtime, resolve, new, agent_id=team.lin)
    do(runtime, merge, new, old, agent_id=team.lin)
    clock.advance(hours=1)
    assert customer_writes(runtime, account).conversation_id not in (old, new)


def test_a_broken_promise_moves_with_who_waits_and_counts_once(runtime, old, new, team, clock):
    clock.advance(minutes=6)
    check_deadlines()
    do(runtime, merge, new, old, agent_id=team.lin)
    clock.advance(minutes=6)
    check_deadlines()
    assert get(runtime, old).is_breached
    with runtime.reading() as session:
        broken = select(SlaClock.conversation_id).where(SlaClock.breached_at.is_not(None))
        assert session.scalars(broken).all() == [old]


def test_an_answer_that_was_on_its_way_meets_the_clock_where_it_went(runtime, old, new, team):
    answer_id = agent_answers(runtime, messages_of(runtime)[-1], team.lin)
    with runtime.unit_of_work() as uow:
        row_id = uow.session.scalars(
            select(DeliveryRow.id).where(DeliveryRow.message_id == answer_id)
        ).one()
        claim_delivery(uow, row_id)
    do(runtime, merge, new, old, agent_id=team.mei)
    do(runtime, settle_sent, row_id)
    target = get(runtime, old)
    assert (target.waiting_since, target.due_at) == (None, FAR_FUTURE)
    assert target.first_response_met_at is not None


def test_notes_mentions_tags_and_ratings_move_and_nothing_becomes_a_message(
    runtime, account, old, new, team
):
    do(runtime, add_note, old, agent_id=team.lin, text="不要给客户看", mentions=[team.mei])
    tag(runtime, old, "投诉", "退款")
    tag(runtime, new, "投诉")
    with runtime.unit_of_work() as uow:
        uow.session.add(rating_of(uow, get(runtime, old)))
    deliveries = count_deliveries(runtime)
    do(runtime, merge, old, new, agent_id=team.lin)
    assert tags(runtime, new) == ["投诉", "退款"]
    assert tags(runtime, old) == []
    (note,) = (line for line in lines_of(runtime) if line.kind == "note")
    assert (note.conversation_id, note.direction) == (new, Direction.INTERNAL)
    with runtime.reading() as session:
        assert session.scalars(select(Mention.conversation_id)).all() == [new]
        assert session.scalars(select(SatisfactionRating.conversation_id)).all() == [new]
    assert count_deliveries(runtime) == deliveries


def rating_of(uow, conversation: Conversation) -> SatisfactionRating:
    return SatisfactionRating(
        account_id=conversation.account_id,
        contact_id=conversation.contact_id,
        conversation_id=conversation.id,
        resolved_at=conversation.resolved_at,
        state=RatingState.RATED,
        score=5,
        asked_at=uow.now,
    )


def count_deliveries(runtime) -> int:
    with runtime.reading() as session:
        return len(session.scalars(select(DeliveryRow.id)).all())


def test_what_was_typed_in_both_is_joined_and_the_later_one_wins_when_too_long(
    runtime, old, new, team, clock
):
    long = "长" * LONGEST_DRAFT
    for agent_id, first, second in (
        (team.lin, "一", "二"),
        (team.mei, long, "后来的"),
        (team.zhou, "只有旧的", ""),
    ):
        do(runtime, keep_draft, old, DraftKind.REPLY, first, agent_id=agent_id)
        clock.advance(seconds=1)
        do(runtime, keep_draft, new, DraftKind.REPLY, second, agent_id=agent_id)
    do(runtime, merge, old, new, agent_id=team.lin)
    with runtime.reading() as session:
        found = [drafts_of(session, new, each).reply for each in (team.lin, team.mei, team.zhou)]
        assert drafts_of(session, old, team.lin).reply == "二\n\n一"  # the address leads there
    assert found == ["二\n\n一", "后来的", "只有旧的"]


def test_a_note_on_a_merged_conversation_goes_where_its_messages_are(runtime, old, new, team):
    do(runtime, merge, old, new, agent_id=team.lin)
    note = do(runtime, add_note, old, agent_id=team.lin, text="在这里")
    assert note.conversation_id == new


def test_another_customers_conversation_is_refused(runtime, account, new, team):
    other = customer_writes(runtime, account, openid="oLi").conversation_id
    with pytest.raises(InvalidInputError, match="another customer"):
        do(runtime, merge, new, other, agent_id=team.lin)
    for source, into, error in ((new, new, InvalidInputError), (new, 10**9, InvalidInputError)):
        with pytest.raises(error):
            do(runtime, merge, source, into, agent_id=team.lin)
    with pytest.raises(NotFoundError):
        do(runtime, merge, 10**9, new, agent_id=team.lin)


def test_the_same_person_at_two_accounts_stays_apart_with_the_reason(runtime, new, team):
    second = make_account(runtime, slug="chaji", original_id="gh_two", app_id="wx2")
    other = customer_writes(runtime, second).conversation_id
    with runtime.unit_of_work() as uow:
        uow.session.execute(update(Contact).values(unionid="uWang"))
    with pytest.raises(InvalidInputError, match="only through the account"):
        do(runtime, merge, new, other, agent_id=team.lin)
    assert get(runtime, new).merged_into_id is None


def test_a_merged_one_is_neither_merged_again_nor_a_goal(runtime, account, old, new, team):
    do(runtime, merge, old, new, agent_id=team.lin)
    with pytest.raises(ConflictError, match="merged"):
        do(runtime, merge, old, new, agent_id=team.lin)
    with pytest.raises(InvalidInputError, match="merged"):
        do(runtime, merge, new, old, agent_id=team.lin)


def test_answers_and_messages_while_merging_end_up_in_one_conversation(
    runtime, account, old, new, team
):
    question = messages_of(runtime)[-1]

    def work(index: int) -> None:
        if index == 0:
            do(runtime, merge, new, old, agent_id=team.lin)
        elif index == 1:
            agent_answers(runtime, question, team.mei)
        elif index == 2:
            customer_writes(runtime, account, "还在吗?")
        else:
            do(runtime, add_note, new, agent_id=team.zhou, text="备注")

    results = at_once(4, work)
    refused = [result for result in results if result is not None]
    assert all(isinstance(error, ConflictError) for error in refused)
    with runtime.reading() as session:
        stored = session.execute(
            select(Message.conversation_id).where(
                (Message.kind != "activity") | (Message.conversation_id == old)
            )
        )
        assert {conversation_id for (conversation_id,) in stored} == {old}
        unresolved = select(Conversation.id).where(Conversation.status != Status.RESOLVED)
        assert session.scalars(unresolved).all() == [old]
    assert conversation_of(runtime, WANG).merged_into_id == old


def test_whoever_has_the_open_one_keeps_it_even_if_it_goes_into_an_older_one(
    runtime, old, new, team
):
    with runtime.unit_of_work() as uow:
        uow.session.get_one(Agent, team.lin).is_active = False
    agent_answers(runtime, messages_of(runtime)[-1], team.mei)
    do(runtime, merge, new, old, agent_id=team.zhou)
    assert get(runtime, old).assignee_id == team.mei


def test_an_answer_that_is_sent_again_by_its_key_after_the_merge_is_the_same(lin, old, new):
    body = {"text": "好", "last_seen_message_id": 10**9}
    path, key = f"/conversations/{new}/messages", {"Idempotency-Key": "once"}
    first = lin.post(path, body, **key)
    assert lin.post(f"/conversations/{new}/merge", {"into": old}).status_code == 200
    again = lin.post(path, body, **key)
    assert (again.status_code, again.json["id"]) == (201, first.json["id"])
