"""Taking an answer back in the seconds before it leaves, with what it did to the conversation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update

from wxdesk.contacts.models import Contact
from wxdesk.conversations.answered import is_unanswered, last_answer_id
from wxdesk.conversations.merging import get_surviving
from wxdesk.conversations.models import Conversation, Message
from wxdesk.conversations.operations import changed, find_current, oldest_unanswered
from wxdesk.conversations.rules import ASLEEP, Direction, Returned, SenderKind, Status, Waking
from wxdesk.conversations.timeline import Activity, note_activity
from wxdesk.conversations.waking import wake
from wxdesk.media.operations import unbind
from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.undo import take_back
from wxdesk.plumbing.errors import NotAllowedError, NotFoundError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.search.operations import forget_message
from wxdesk.sla.episodes import go_on, wait_again
from wxdesk.words import say

INSTANTS = ("assigned_at", "resolved_at", "snoozed_until")
PLAIN = ("status", "assignee_id", "returned_reason", "returned_from_id")


@dataclass(frozen=True, slots=True)
class Before:
    """What the conversation was like before the answer, and how the answer left its status."""

    status: Status
    assignee_id: int | None
    assigned_at: datetime | None
    returned_reason: Returned | None
    returned_from_id: int | None
    resolved_at: datetime | None
    snoozed_until: datetime | None


def before_of(conversation: Conversation) -> Before:
    return Before(**{name: getattr(conversation, name) for name in PLAIN + INSTANTS})


def remember(
    uow: UnitOfWork, conversation: Conversation, before: Before, parts: Sequence[Message]
) -> None:
    """Keep with the answer what its undoing needs; nothing when it can't be undone.

    Called at the end of the transaction that stores it: all lines after it are of its making.
    """
    row = _delivery_of(uow, parts[0])
    if row.undo_until is None:
        return
    lines = uow.session.scalars(
        select(Message.id).where(
            Message.conversation_id == conversation.id,
            Message.id > parts[-1].id,
            Message.direction == Direction.INTERNAL,
        )
    ).all()
    row.undo = {
        **{name: getattr(before, name) for name in PLAIN},
        **{name: _text_of(getattr(before, name)) for name in INSTANTS},
        "lines": list(lines),
        "left_as": conversation.status.value,
    }


def undo(uow: UnitOfWork, message_id: int, agent_id: int, *, is_any: bool = False) -> Message:
    """Take back an answer with all of its parts: its author can, with `is_any` everybody's.

    What it did is taken back too (the assignment, "and resolve"), unless something has happened
    in the conversation since. Whoever waited for it waits again, whatever was done with the
    conversation. ConflictError, and nothing changed, when it has left.
    """
    conversation, message = _of_agent(uow, message_id)
    if message.sender_id != agent_id and not is_any:
        raise NotAllowedError("not the author")
    if message.undone_at is not None:
        return message
    parts = _parts_of(uow, message)
    take_back(uow, parts)
    row = _delivery_of(uow, parts[0])
    kept, row.undo = row.undo, None
    unbind(uow, [part.id for part in parts])
    for part in parts:
        forget_message(uow, part.id)
    if kept is not None and not _has_gone_on(uow, conversation, parts, kept["lines"]):
        _restore(uow, conversation, message, kept)
    elif kept is not None and _is_last(uow, conversation):
        _unbury(uow, conversation, agent_id)
    if conversation.status is not Status.RESOLVED:
        wait_again(uow, conversation, parts[0].id)
        _wake_waiting(uow, conversation, kept)
    _find_latest(uow, conversation, parts)
    changed(uow, conversation, uow.session.get_one(Contact, conversation.contact_id))
    return message


def _of_agent(uow: UnitOfWork, message_id: int) -> tuple[Conversation, Message]:
    """Both locked, the conversation first, as everybody does who changes both."""
    conversation_id = uow.session.scalar(
        select(Message.conversation_id).where(
            Message.id == message_id,
            Message.direction == Direction.OUTGOING,
            Message.sender_kind == SenderKind.AGENT,
        )
    )
    if conversation_id is None:
        raise NotFoundError(say("there is no answer %(id)d", id=message_id))
    conversation = get_surviving(uow, conversation_id)
    message = uow.session.get(
        Message, message_id, with_for_update={"key_share": True}, populate_existing=True
    )
    if message is None:  # deleted with its customer meanwhile
        raise NotFoundError(say("there is no answer %(id)d", id=message_id))
    return conversation, message


def _parts_of(uow: UnitOfWork, message: Message) -> list[Message]:
    """A long text went out in parts that were stored one after the other."""
    if message.part_number is None or message.part_count is None:
        return [message]
    same_answer = (
        Message.contact_id == message.contact_id,
        Message.sender_id == message.sender_id,
        Message.created_at == message.created_at,
        Message.part_count == message.part_count,
    )
    first_id = select(func.max(Message.id)).where(
        *same_answer, Message.part_number == 1, Message.id <= message.id
    )
    parts = select(Message).where(*same_answer, Message.id >= first_id.scalar_subquery())
    return list(uow.session.scalars(parts.order_by(Message.id).limit(message.part_count)))


def _delivery_of(uow: UnitOfWork, message: Message) -> DeliveryRow:
    return uow.session.scalars(
        select(DeliveryRow)
        .where(DeliveryRow.message_id == message.id)
        .execution_options(populate_existing=True)
    ).one()


def _has_gone_on(
    uow: UnitOfWork, conversation: Conversation, parts: Sequence[Message], lines: Sequence[int]
) -> bool:
    """Somebody wrote, or did something that left a line, after the answer."""
    later = (
        select(Message.id)
        .where(
            Message.conversation_id == conversation.id,
            Message.id > parts[-1].id,
            Message.id.not_in(lines),
            Message.undone_at.is_(None),
        )
        .limit(1)
    )
    return uow.session.scalar(later) is not None or not _is_last(uow, conversation)


def _is_last(uow: UnitOfWork, conversation: Conversation) -> bool:
    """The customer has no newer conversation, nor was this one merged into another."""
    current = find_current(uow, [conversation.contact_id])[conversation.contact_id]
    return current.id == conversation.id


def _restore(
    uow: UnitOfWork, conversation: Conversation, message: Message, kept: dict[str, Any]
) -> None:
    """Nothing has happened since: the conversation is as before, and the lines are gone."""
    if kept["assignee_id"] is None and conversation.assignee_id == message.sender_id:
        conversation.assignee_id = None
        conversation.assigned_at = None
        conversation.returned_reason = Returned(it) if (it := kept["returned_reason"]) else None
        conversation.returned_from_id = kept["returned_from_id"]
    if conversation.status.value == kept["left_as"] != kept["status"]:
        conversation.status = Status(kept["status"])
        conversation.resolved_at = _instant_of(kept["resolved_at"])
        conversation.snoozed_until = _instant_of(kept["snoozed_until"])
        if kept["left_as"] == Status.RESOLVED:
            go_on(uow, conversation)
    uow.session.execute(
        update(Message)
        .where(Message.id.in_(kept["lines"]))
        .values(undone_at=uow.now)
        .execution_options(synchronize_session=False)
    )


def _unbury(uow: UnitOfWork, conversation: Conversation, agent_id: int) -> None:
    """Resolved after the answer that now does not go: whoever waited for it waits again."""
    if conversation.status is not Status.RESOLVED or conversation.is_spam:
        return
    answered_id = last_answer_id(uow.session, conversation.id)
    if oldest_unanswered(uow, conversation.id, after_id=answered_id) is None:
        return
    conversation.status, conversation.resolved_at = Status.OPEN, None
    go_on(uow, conversation)
    note_activity(uow, conversation, Activity.REOPENED, by=agent_id)


def _wake_waiting(uow: UnitOfWork, conversation: Conversation, kept: dict[str, Any] | None) -> None:
    """Put to sleep with an answer that now does not go: not what slept so long before it too."""
    until = conversation.snoozed_until
    as_before = until is not None and kept is not None and kept["snoozed_until"] == _text_of(until)
    if conversation.status in ASLEEP and not as_before and is_unanswered(uow.session, conversation):
        wake(uow, [conversation], Waking.FAILED)


def _find_latest(uow: UnitOfWork, conversation: Conversation, parts: Sequence[Message]) -> None:
    """Lists show the message before the one that was taken back."""
    if conversation.last_message_id not in {part.id for part in parts}:
        return
    latest = uow.session.scalars(
        select(Message)
        .where(
            Message.conversation_id == conversation.id,
            Message.direction != Direction.INTERNAL,
            Message.undone_at.is_(None),
        )
        .order_by(Message.received_at.desc(), Message.id.desc())
        .limit(1)
    ).first()
    conversation.last_message_id = latest.id if latest else None
    conversation.last_message_at = latest.received_at if latest else conversation.opened_at


def _text_of(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None


def _instant_of(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
