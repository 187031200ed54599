"""Conversations and messages as JSON (documented in inbox/openapi.py)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from wxdesk.agents.queries import names_of as agent_names
from wxdesk.conversations.models import Conversation, Message
from wxdesk.conversations.queries import ConversationRow, MessageRow
from wxdesk.conversations.rules import Direction, SenderKind
from wxdesk.outbound.queries import DeliveryState, list_states
from wxdesk.plumbing.clock import FAR_FUTURE, iso
from wxdesk.plumbing.translation import translated
from wxdesk.sla.operations import running_clock
from wxdesk.sla.rules import Clock
from wxdesk.triage.queries import names_of as rule_names

LONGEST_PREVIEW = 200


def conversations_json(session: Session, rows: Sequence[ConversationRow]) -> list[dict[str, Any]]:
    """Conversations with their latest message."""
    latest = [row.last_message for row in rows if row.last_message is not None]
    senders = _Senders(session, latest)
    return [_conversation(row, senders) for row in rows]


def messages_json(session: Session, rows: Sequence[MessageRow]) -> list[dict[str, Any]]:
    """Messages with sender names, delivery states and rule names."""
    messages = [row.message for row in rows]
    senders = _Senders(session, messages)
    outgoing = [message.id for message in messages if message.sender_kind is SenderKind.AGENT]
    states = list_states(session, outgoing)
    return [_message(row, senders, states.get(row.message.id)) for row in rows]


class _Senders:
    """Names of the agents and rules that wrote some messages, found in two queries."""

    def __init__(self, session: Session, messages: Sequence[Message]) -> None:
        self._agents = agent_names(session, _ids(messages, SenderKind.AGENT))
        self._rules = rule_names(session, _ids(messages, SenderKind.RULE))

    def of(self, message: Message, contact_name: str) -> dict[str, Any]:
        kind, sender_id = message.sender_kind, message.sender_id
        if kind is SenderKind.CUSTOMER:
            return {"kind": kind, "id": message.contact_id, "name": contact_name}
        names = self._agents if kind is SenderKind.AGENT else self._rules
        return {"kind": kind, "id": sender_id, "name": names.get(sender_id or 0, "")}


def _ids(messages: Sequence[Message], kind: SenderKind) -> set[int]:
    return {
        message.sender_id
        for message in messages
        if message.sender_kind is kind and message.sender_id is not None
    }


def _conversation(row: ConversationRow, senders: _Senders) -> dict[str, Any]:
    it = row.conversation
    closes_at = row.contact.window_closes_at
    return {
        "id": it.id,
        "account": row.account.slug,
        "account_name": row.account.name,
        "openid": row.contact.openid,
        "contact": {"id": row.contact.id, "name": row.contact.name},
        "status": it.status,
        "priority": it.priority,
        "assignee": {"id": row.assignee.id, "name": row.assignee.name} if row.assignee else None,
        "waiting_since": iso(it.waiting_since),
        "deadlines": {
            "first_response": _running(it, Clock.FIRST_RESPONSE),
            "next_response": _running(it, Clock.NEXT_RESPONSE),
            "resolution": None,
        },
        "clocks": {
            "first_response": _clock(it, Clock.FIRST_RESPONSE),
            "next_response": _clock(it, Clock.NEXT_RESPONSE),
            "resolution": None,
        },
        "due_at": iso(it.due_at) if it.due_at < FAR_FUTURE else None,
        "is_breached": it.is_breached,
        "reply_window": {
            "closes_at": iso(closes_at),
            "remaining": row.contact.window_remaining,
        },
        "tags": [],
        "version": it.version,
        "last_message": _preview(row, senders),
        "opened_at": iso(it.opened_at),
        "resolved_at": iso(it.resolved_at),
    }


def _preview(row: ConversationRow, senders: _Senders) -> dict[str, Any] | None:
    message = row.last_message
    if message is None:
        return None
    return {
        "id": message.id,
        "direction": message.direction,
        "kind": message.kind,
        "text": message.text[:LONGEST_PREVIEW],
        "sender": senders.of(message, row.contact.name),
        "received_at": iso(message.received_at),
    }


def _running(conversation: Conversation, clock: Clock) -> str | None:
    is_running = conversation.due_at < FAR_FUTURE and running_clock(conversation) is clock
    return iso(conversation.due_at) if is_running else None


def _clock(conversation: Conversation, clock: Clock) -> dict[str, str | None] | None:
    deadline_at: datetime | None = getattr(conversation, f"{clock}_deadline_at")
    if deadline_at is None:
        return None
    return {
        "deadline_at": iso(deadline_at),
        "met_at": iso(getattr(conversation, f"{clock}_met_at")),
        "breached_at": iso(getattr(conversation, f"{clock}_breached_at")),
    }


def _message(row: MessageRow, senders: _Senders, state: DeliveryState | None) -> dict[str, Any]:
    it = row.message
    return {
        "id": it.id,
        "conversation_id": it.conversation_id,
        "account": row.account,
        "openid": row.contact.openid,
        "direction": it.direction,
        "kind": it.kind,
        "text": it.text,
        "payload": it.payload,
        "wechat_msg_id": it.wechat_msg_id,
        "idempotency_key": it.idempotency_key,
        "sender": senders.of(it, row.contact.name),
        "delivery": _delivery(it, state),
        "error": _error(state),
        "rule": _rule(it, senders),
        "place": it.place,
        "created_at": iso(it.created_at),
        "received_at": iso(it.received_at),
    }


def _delivery(message: Message, state: DeliveryState | None) -> str | None:
    """A rule's answer left in the webhook's own HTTP answer, so it is sent."""
    if message.direction is Direction.INCOMING:
        return None
    return state.state if state else "sent"


def _error(state: DeliveryState | None) -> dict[str, str | None] | None:
    if state is None or state.error_code is None:
        return None
    return {"code": state.error_code, "reason": translated(state.reason or "")}


def _rule(message: Message, senders: _Senders) -> dict[str, Any] | None:
    if message.sender_kind is not SenderKind.RULE:
        return None
    name = senders.of(message, "")["name"]
    return {
        "id": message.sender_id,
        "name": name,
        "version": message.rule_version,
        "matched": message.matched,
    }
