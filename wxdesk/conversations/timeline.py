"""What happened to a conversation, as quiet lines in its thread that only colleagues see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import insert

from wxdesk.agents.queries import names_of
from wxdesk.conversations.models import Conversation, Message
from wxdesk.conversations.rules import Direction, Line, SenderKind
from wxdesk.plumbing.db import write_in_order
from wxdesk.plumbing.unit_of_work import UnitOfWork


class Activity(StrEnum):
    """`returned` is by the system; `assigned` by the system when nobody is named as its author."""

    CLAIMED = "claimed"
    ASSIGNED = "assigned"
    UNASSIGNED = "unassigned"
    TRANSFERRED = "transferred"
    RETURNED = "returned"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    SNOOZED = "snoozed"
    WOKEN = "woken"
    PENDED = "pended"
    PRIORITY = "priority"
    TAGGED = "tagged"
    UNTAGGED = "untagged"
    MERGED = "merged"
    SPAM = "spam"
    NOT_SPAM = "not_spam"
    RATED = "rated"


def note_activity(
    uow: UnitOfWork,
    conversation: Conversation,
    action: Activity,
    *,
    by: int | None,
    **details: Any,
) -> Message:
    """Add a line to the thread; `by` is an agent's id, None for the system.

    Details are plain JSON values (instants by `clock.iso`); people and teams as `person_json`.
    The caller announces the conversation (`conversations.operations.changed`).
    """
    author = person_json(uow, by)
    message = Message(
        account_id=conversation.account_id,
        contact_id=conversation.contact_id,
        conversation_id=conversation.id,
        direction=Direction.INTERNAL,
        kind=Line.ACTIVITY,
        text="",
        payload={"action": action.value, "by": author, **details},
        sender_kind=SenderKind.SYSTEM if by is None else SenderKind.AGENT,
        sender_id=by,
        created_at=uow.now,
        received_at=uow.now,
    )
    write_in_order(uow.session, Message.__tablename__)
    uow.session.add(message)
    uow.session.flush()
    return message


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened by itself; `at` places the line in the thread."""

    conversation: Conversation
    action: Activity
    at: datetime
    details: dict[str, Any]


def note_happenings(uow: UnitOfWork, happenings: Sequence[Happening]) -> None:
    """Add a line to each thread, by the system, with one insert; the caller announces them."""
    if not happenings:
        return
    rows = [
        {
            "account_id": it.conversation.account_id,
            "contact_id": it.conversation.contact_id,
            "conversation_id": it.conversation.id,
            "direction": Direction.INTERNAL,
            "kind": Line.ACTIVITY,
            "text": "",
            "payload": {"action": it.action.value, "by": None, **it.details},
            "sender_kind": SenderKind.SYSTEM,
            "created_at": it.at,
            "received_at": it.at,
        }
        for it in happenings
    ]
    write_in_order(uow.session, Message.__tablename__)
    uow.session.execute(insert(Message), rows)


def person_json(uow: UnitOfWork, agent_id: int | None) -> dict[str, Any] | None:
    """An agent as {"id", "name"} at this time; None for nobody."""
    if agent_id is None:
        return None
    return {"id": agent_id, "name": names_of(uow.session, {agent_id}).get(agent_id, "")}
