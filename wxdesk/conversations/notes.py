"""Private notes in the thread, for colleagues only; whoever is named in one is told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from wxdesk.agents.models import Agent
from wxdesk.contacts.models import Contact
from wxdesk.conversations.merging import get_surviving
from wxdesk.conversations.models import Conversation, Mention, Message
from wxdesk.conversations.operations import refuse_forgotten
from wxdesk.conversations.rules import Direction, Line, SenderKind, printable
from wxdesk.plumbing.db import write_in_order
from wxdesk.plumbing.errors import ConflictError, InvalidInputError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.words import say

LONGEST_NOTE = 5_000
LONGEST_KEY = 100
MOST_MENTIONS = 20


def add_note(
    uow: UnitOfWork,
    conversation_id: int,
    *,
    agent_id: int,
    text: str,
    mentions: Sequence[int] = (),
    idempotency_key: str | None = None,
) -> Message:
    """Keep a note with the conversation, resolved or not; the same key gives the earlier one.

    A note changes nothing else: not the preview, not who waits, not the send guard. One on a
    merged conversation goes to where its messages went. InvalidInputError `text`, `mentions`,
    `Idempotency-Key`; ConflictError once the customer's data was removed.
    """
    text = _checked(text)
    uow.session.flush()
    conversation = get_surviving(uow, conversation_id)
    if (earlier := _kept_before(uow, conversation, agent_id, idempotency_key, text)) is not None:
        return earlier
    refuse_forgotten(uow.session.get_one(Contact, conversation.contact_id))
    people = _people(uow, mentions)
    message = Message(
        account_id=conversation.account_id,
        contact_id=conversation.contact_id,
        conversation_id=conversation.id,
        direction=Direction.INTERNAL,
        kind=Line.NOTE,
        text=text,
        payload={"mentions": people},
        sender_kind=SenderKind.AGENT,
        sender_id=agent_id,
        idempotency_key=idempotency_key,
        created_at=uow.now,
        received_at=uow.now,
    )
    write_in_order(uow.session, Message.__tablename__)
    uow.session.add(message)
    uow.session.flush()
    for person in people:
        _mention(uow, message, person["id"])
    uow.announce(f"conversation:{conversation.id}")
    return message


def _checked(text: str) -> str:
    text = printable(text).strip()
    if not text:
        raise InvalidInputError("text", say("the note is empty"))
    if len(text) > LONGEST_NOTE:
        raise InvalidInputError(
            "text", say("a note has at most %(most)d characters", most=LONGEST_NOTE)
        )
    return text


def _kept_before(
    uow: UnitOfWork, conversation: Conversation, agent_id: int, key: str | None, text: str
) -> Message | None:
    if key is None:
        return None
    if not 0 < len(key) <= LONGEST_KEY:
        raise InvalidInputError(
            "Idempotency-Key", say("1 to %(most)d characters", most=LONGEST_KEY)
        )
    earlier = uow.session.scalars(
        select(Message).where(Message.sender_id == agent_id, Message.idempotency_key == key)
    ).one_or_none()
    if earlier is None:
        return None
    if (earlier.conversation_id, earlier.kind, earlier.text) != (conversation.id, Line.NOTE, text):
        raise ConflictError(say("this Idempotency-Key was used for another message"))
    return earlier


def _people(uow: UnitOfWork, agent_ids: Sequence[int]) -> list[dict[str, Any]]:
    """The named agents as {"id", "name"}, each once, in their order."""
    wanted = list(dict.fromkeys(agent_ids))
    if len(wanted) > MOST_MENTIONS:
        raise InvalidInputError("mentions", say("at most %(most)d colleagues", most=MOST_MENTIONS))
    rows = uow.session.execute(
        select(Agent.id, Agent.name).where(Agent.id.in_(wanted), Agent.is_active)
    )
    names = dict(rows.all())
    if len(names) < len(wanted):
        raise InvalidInputError("mentions", say("there is no such agent"))
    return [{"id": agent_id, "name": names[agent_id]} for agent_id in wanted]


def _mention(uow: UnitOfWork, message: Message, agent_id: int) -> None:
    uow.session.add(
        Mention(
            message_id=message.id,
            conversation_id=message.conversation_id,
            agent_id=agent_id,
            created_at=uow.now,
        )
    )
    uow.announce(f"mentions:{agent_id}")
