"""Notes and mentions, drafts, and what an agent has read."""

import pytest
from cast import agent_answers, conversation_of, customer_writes, lines_of, messages_of
from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError

from tests.conversations.test_operations import at_once, end
from wxdesk.agents.models import Agent
from wxdesk.conversations.drafts import (
    LONGEST_DRAFT,
    Drafts,
    drafts_of,
    forget_drafts,
    keep_draft,
)
from wxdesk.conversations.jobs import prune_drafts
from wxdesk.conversations.models import Draft, Mention, Message, ReadMark
from wxdesk.conversations.notes import LONGEST_NOTE, add_note
from wxdesk.conversations.operations import get_locked
from wxdesk.conversations.reading import is_read, list_mentions, mark_read
from wxdesk.conversations.rules import Direction, DraftKind, SenderKind, Status
from wxdesk.inbox.operations import find_newer
from wxdesk.outbound.models import DeliveryRow
from wxdesk.plumbing.errors import ConflictError, InvalidInputError, NotFoundError
from wxdesk.plumbing.live import Live


@pytest.fixture
def question(runtime, account):
    return customer_writes(runtime, account)


def note(runtime, question, agent_id: int, text: str = "客户很急", **more) -> int:
    with runtime.unit_of_work() as uow:
        return add_note(uow, question.conversation_id, agent_id=agent_id, text=text, **more).id


def draft(runtime, question, agent_id: int, text: str, kind=DraftKind.REPLY) -> None:
    with runtime.unit_of_work() as uow:
        keep_draft(uow, question.conversation_id, kind, text, agent_id=agent_id)


def drafts(runtime, question, agent_id: int) -> Drafts:
    with runtime.reading() as session:
        return drafts_of(session, question.conversation_id, agent_id)


def mentions(runtime, agent_id: int, *, is_unseen: bool = False) -> list[str]:
    with runtime.reading() as session:
        rows = list_mentions(session, agent_id, is_unseen=is_unseen, before_id=None, limit=10)
    return [f"{row.author}: {row.message.text}" for row in rows]


def read(runtime, question, agent_id: int, message_id: int) -> None:
    with runtime.unit_of_work() as uow:
        mark_read(uow, question.conversation_id, message_id, agent_id=agent_id)


def mark(runtime, agent_id: int) -> int | None:
    with runtime.reading() as session:
        return session.scalar(select(ReadMark.message_id).where(ReadMark.agent_id == agent_id))


class TestNotes:
    def test_a_note_is_for_colleagues_and_changes_nothing_else(
        self, runtime, question, team, clock
    ):
        before = conversation_of(runtime)
        clock.advance(minutes=1)
        seen = Live(runtime.redis).last_id()
        note_id = note(runtime, question, team.lin, "  客户很急\x00  ")
        (line,) = lines_of(runtime)
        assert (line.id, line.text, line.kind) == (note_id, "客户很急", "note")
        assert (line.direction, line.sender_kind) == (Direction.INTERNAL, SenderKind.AGENT)
        after = conversation_of(runtime)
        for name in ("last_message_id", "last_message_at", "queued_at", "due_at", "version"):
            assert getattr(after, name) == getattr(before, name)
        assert after.waiting_since == before.waiting_since
        (announced,) = Live(runtime.redis).since(seen)
        assert announced[1] == {f"conversation:{question.conversation_id}"}

    def test_a_note_is_never_sent_and_stops_nobody_from_answering(self, runtime, question, team):
        note(runtime, question, team.mei)
        with runtime.reading() as session:
            assert session.scalar(select(func.count()).select_from(DeliveryRow)) == 0
            assert find_newer(session, question.contact_id, question.id, team.lin) == []
        agent_answers(runtime, question, team.lin)
        assert [message.text for message in messages_of(runtime)][1:] == ["马上查。"]

    def test_a_resolved_conversation_takes_notes(self, runtime, question, team):
        end(runtime)
        note(runtime, question, team.lin)
        assert conversation_of(runtime).status is Status.RESOLVED

    @pytest.mark.parametrize("text", ["", " \n ", "\x01", "长" * (LONGEST_NOTE + 1)])
    def test_an_empty_or_endless_note_is_refused(self, runtime, question, team, text):
        with pytest.raises(InvalidInputError) as caught:
            note(runtime, question, team.lin, text)
        assert caught.value.field == "text"

    def test_no_conversation_no_note(self, runtime, team):
        with pytest.raises(NotFoundError), runtime.unit_of_work() as uow:
            add_note(uow, 999_999, agent_id=team.lin, text="x")

    def test_the_same_key_writes_once_even_at_once(self, runtime, question, team):
        ids = at_once(5, lambda _: note(runtime, question, team.lin, idempotency_key="key-1"))
        assert len(set(ids)) == 1
        assert len(lines_of(runtime)) == 1
        with pytest.raises(ConflictError, match="Idempotency-Key"):
            note(runtime, question, team.lin, "anders", idempotency_key="key-1")


class TestMentions:
    def test_who_is_named_is_told_once_and_sees_it_in_their_list(self, runtime, question, team):
        seen = Live(runtime.redis).last_id()
        note(runtime, question, team.lin, "请看一下", mentions=[team.mei, team.zhou, team.mei])
        assert mentions(runtime, team.mei) == ["Lin: 请看一下"]
        assert mentions(runtime, team.lin) == []
        (line,) = lines_of(runtime)
        assert line.payload == {
            "mentions": [{"id": team.mei, "name": "Mei"}, {"id": team.zhou, "name": "Zhou"}]
        }
        topics = set().union(*(entry[1] for entry in Live(runtime.redis).since(seen)))
        assert {f"mentions:{team.mei}", f"mentions:{team.zhou}"} <= topics

    def test_nobody_that_left_and_no_crowd(self, runtime, question, team):
        with runtime.unit_of_work() as uow:
            uow.session.get_one(Agent, team.mei).is_active = False
        for wrong in ([team.mei], [999_999], list(range(1, 22))):
            with pytest.raises(InvalidInputError) as caught:
                note(runtime, question, team.lin, mentions=wrong)
            assert caught.value.field == "mentions"
        assert lines_of(runtime) == []

    def test_reading_the_conversation_sees_its_mentions_and_only_ones_own(
        self, runtime, question, team
    ):
        note(runtime, question, team.lin, mentions=[team.mei, team.zhou])
        read(runtime, question, team.mei, question.id)
        assert mentions(runtime, team.mei, is_unseen=True) == []
        assert len(mentions(runtime, team.mei)) == 1
        assert len(mentions(runtime, team.zhou, is_unseen=True)) == 1

    def test_the_list_goes_on_from_where_it_ended(self, runtime, question, team):
        for number in range(5):
            note(runtime, question, team.lin, str(number), mentions=[team.mei])
        with runtime.reading() as session:
            first = list_mentions(session, team.mei, is_unseen=True, before_id=None, limit=2)
            rest = list_mentions(
                session, team.mei, is_unseen=True, before_id=first[-1].mention.id, limit=10
            )
        assert [row.message.text for row in [*first, *rest]] == list("43210")


class TestReadMarks:
    def test_the_mark_never_goes_back(self, runtime, account, question, team):
        later = customer_writes(runtime, account, "还在吗?")
        read(runtime, question, team.lin, later.id)
        read(runtime, question, team.lin, question.id)
        assert mark(runtime, team.lin) == later.id
        assert mark(runtime, team.mei) is None

    def test_a_mark_beyond_the_thread_stays_at_its_end(self, runtime, question, team):
        read(runtime, question, team.lin, question.id + 1_000)
        assert mark(runtime, team.lin) == question.id

    def test_internal_lines_count_as_read(self, runtime, question, team):
        note_id = note(runtime, question, team.mei)
        read(runtime, question, team.lin, note_id)
        assert mark(runtime, team.lin) == note_id

    def test_whether_there_is_anything_to_write_is_known_beforehand(self, runtime, question, team):
        def known() -> bool:
            with runtime.reading() as session:
                conversation_id = question.conversation_id
                return is_read(session, conversation_id, question.id, agent_id=team.mei)

        assert not known()
        read(runtime, question, team.mei, question.id)
        assert known()
        note(runtime, question, team.lin, mentions=[team.mei])
        assert not known()

    def test_marks_at_once_keep_the_highest(self, runtime, account, question, team):
        ids = [customer_writes(runtime, account, str(number)).id for number in range(6)]
        at_once(6, lambda index: read(runtime, question, team.lin, ids[index]))
        assert mark(runtime, team.lin) == ids[-1]


class TestDrafts:
    def test_each_agent_has_a_reply_and_a_note(self, runtime, question, team, clock):
        draft(runtime, question, team.lin, "您好")
        draft(runtime, question, team.mei, "梅的")
        clock.advance(minutes=1)
        draft(runtime, question, team.lin, "内部", DraftKind.NOTE)
        assert drafts(runtime, question, team.lin) == Drafts("您好", "内部", clock.now)
        assert drafts(runtime, question, team.mei).reply == "梅的"

    def test_the_last_one_written_stays_and_empty_removes(self, runtime, question, team):
        draft(runtime, question, team.lin, "一")
        draft(runtime, question, team.lin, "二")
        assert drafts(runtime, question, team.lin).reply == "二"
        draft(runtime, question, team.lin, " ")
        assert drafts(runtime, question, team.lin) == Drafts()

    def test_both_are_removed_together(self, runtime, question, team):
        draft(runtime, question, team.lin, "一")
        draft(runtime, question, team.lin, "二", DraftKind.NOTE)
        with runtime.unit_of_work() as uow:
            forget_drafts(uow, question.conversation_id, agent_id=team.lin)
        assert drafts(runtime, question, team.lin) == Drafts()

    def test_too_long_or_nowhere_is_refused(self, runtime, question, team):
        with pytest.raises(InvalidInputError) as caught:
            draft(runtime, question, team.lin, "长" * (LONGEST_DRAFT + 1), DraftKind.NOTE)
        assert caught.value.field == "note"
        with pytest.raises(NotFoundError), runtime.unit_of_work() as uow:
            keep_draft(uow, 999_999, DraftKind.REPLY, "x", agent_id=team.lin)

    def test_two_tabs_at_once_leave_one_draft(self, runtime, question, team):
        results = at_once(6, lambda index: draft(runtime, question, team.lin, str(index)))
        assert results == [None] * 6
        with runtime.reading() as session:
            assert session.scalar(select(func.count()).select_from(Draft)) == 1

    # On SQLite there is one writer at a time.
    @pytest.mark.parametrize("database", ["postgresql"], indirect=True)
    def test_one_waits_for_a_merge_and_is_not_left_behind(self, runtime, question, team):
        with runtime.unit_of_work() as merging:
            get_locked(merging, question.conversation_id)
            with pytest.raises(OperationalError), runtime.unit_of_work() as uow:
                uow.session.execute(text("SET LOCAL lock_timeout = 50"))
                keep_draft(
                    uow, question.conversation_id, DraftKind.REPLY, "您好", agent_id=team.lin
                )

    def test_after_three_months_they_are_removed(
        self, runtime, account, question, team, clock, monkeypatch
    ):
        monkeypatch.setattr("wxdesk.conversations.jobs.BATCH", 2)
        for number in range(5):
            asked = customer_writes(runtime, account, openid=f"o{number}")
            draft(runtime, asked, team.lin, "旧的")
        clock.advance(days=89)
        draft(runtime, question, team.lin, "新的")
        clock.advance(days=2)
        prune_drafts()
        with runtime.reading() as session:
            assert session.scalars(select(Draft.text)).all() == ["新的"]


def test_nothing_of_all_this_is_a_message_of_the_customer(runtime, question, team):
    note(runtime, question, team.lin, mentions=[team.mei])
    draft(runtime, question, team.lin, "草稿")
    with runtime.reading() as session:
        assert session.scalar(select(func.count()).select_from(Mention)) == 1
        incoming = select(func.count()).where(Message.direction == Direction.INCOMING)
        assert session.scalar(incoming) == 1
