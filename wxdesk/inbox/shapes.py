"""Messages as JSON (documented in inbox/openapi.py)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from wxdesk.agents.queries import names_of as agent_names
from wxdesk.broadcasts.queries import names_of as broadcast_names
from wxdesk.campaigns.queries import names_of as campaign_names
from wxdesk.conversations.models import Message
from wxdesk.conversations.queries import MessageRow
from wxdesk.conversations.rules import Direction, SenderKind
from wxdesk.corrections.models import Correction
from wxdesk.inbox.contact_shapes import shown_name
from wxdesk.inbox.contents import content_json
from wxdesk.media.queries import FileView, list_files, list_files_by_id
from wxdesk.media.shapes import file_json
from wxdesk.outbound.queries import DeliveryState, list_states
from wxdesk.outbound.rules import Delivery, Via
from wxdesk.plumbing.clock import iso
from wxdesk.plumbing.translation import translated
from wxdesk.triage.queries import names_of as rule_names
from wxdesk.wechat.error_codes import meaning_of_text


class Senders:
    """Names of the agents, rules, corrections, broadcasts and campaigns that wrote some messages.

    One query for each kind that is there.
    """

    def __init__(
        self,
        session: Session,
        messages: Sequence[Message],
        agents: Mapping[int, str] | None = None,
    ) -> None:
        """`agents`: names of at least those that wrote the messages, for whoever has them."""
        self._agents: Mapping[int, str] = (
            agent_names(session, authors_of(messages)) if agents is None else agents
        )
        self._rules = rule_names(session, _ids(messages, SenderKind.RULE))
        self._sources = {
            "correction": _correction_names(session, _ids_of_source(messages, "correction")),
            "broadcast": broadcast_names(session, _ids_of_source(messages, "broadcast")),
            "campaign": campaign_names(session, _ids_of_source(messages, "campaign")),
        }

    def of(self, message: Message, contact_name: str) -> dict[str, Any]:
        kind, sender_id = message.sender_kind, message.sender_id
        if kind is SenderKind.CUSTOMER:
            return {"kind": kind, "id": message.contact_id, "name": contact_name}
        if kind is SenderKind.SYSTEM:
            sources = self._sources.get(message.source or "", {})
            return {"kind": kind, "id": sender_id, "name": sources.get(sender_id or 0, "")}
        names = self._agents if kind is SenderKind.AGENT else self._rules
        return {"kind": kind, "id": sender_id, "name": names.get(sender_id or 0, "")}


def messages_json(session: Session, rows: Sequence[MessageRow]) -> list[dict[str, Any]]:
    """Messages with sender names, delivery states, rule names and files."""
    messages = [row.message for row in rows]
    senders = Senders(session, messages)
    sent = (SenderKind.AGENT, SenderKind.SYSTEM)
    outgoing = [message.id for message in messages if message.sender_kind in sent]
    states = list_states(session, outgoing)
    files = _files(session, messages)
    names = {contact.id: shown_name(contact) for contact in {row.contact for row in rows}}
    return [
        _message(row, senders, states.get(row.message.id), files.get(row.message.id, []), names)
        for row in rows
    ]


def authors_of(messages: Sequence[Message]) -> set[int]:
    """Ids of the agents who wrote them."""
    return _ids(messages, SenderKind.AGENT)


def _ids(messages: Sequence[Message], kind: SenderKind) -> set[int]:
    return {
        message.sender_id
        for message in messages
        if message.sender_kind is kind and message.sender_id is not None
    }


def _ids_of_source(messages: Sequence[Message], source: str) -> set[int]:
    return {it.sender_id for it in messages if it.source == source and it.sender_id is not None}


def _correction_names(session: Session, ids: set[int]) -> dict[int, str]:
    if not ids:
        return {}
    query = select(Correction.id, Correction.name).where(Correction.id.in_(sorted(ids)))
    return dict(session.execute(query).all())


def _files(session: Session, messages: Sequence[Message]) -> dict[int, list[FileView]]:
    """A message's own files; a rule's file belongs to the rule and is named in the payload."""
    of_rules = {
        message.id: message.payload["attachment_id"]
        for message in messages
        if message.sender_kind is SenderKind.RULE
        and message.payload
        and "attachment_id" in message.payload
    }
    found = list_files(session, [m.id for m in messages if m.kind not in ("text", "event")])
    if of_rules:
        by_id = list_files_by_id(session, set(of_rules.values()))
        for message_id, attachment_id in of_rules.items():
            if attachment_id in by_id:
                found[message_id] = [by_id[attachment_id]]
    return found


def _message(
    row: MessageRow,
    senders: Senders,
    state: DeliveryState | None,
    files: Sequence[FileView],
    names: Mapping[int, str],
) -> dict[str, Any]:
    it = row.message
    return {
        "id": it.id,
        "conversation_id": it.conversation_id,
        "account": row.account,
        "openid": row.contact.openid,
        "direction": it.direction,
        "kind": it.kind,
        "text": it.text,
        "content": content_json(it.kind, it.direction, it.payload or {}),
        "attachments": [file_json(view) for view in files],
        "payload": it.payload,
        "wechat_msg_id": it.wechat_msg_id,
        "idempotency_key": it.idempotency_key,
        "sender": senders.of(it, names[row.contact.id]),
        "delivery": _delivery(it, state),
        "sent_by": _sent_by(it, state),
        "part": {"number": it.part_number, "of": it.part_count} if it.part_number else None,
        "error": _error(state),
        "rule": _rule(it, senders),
        "source": it.source,
        "place": it.place,
        "undo_until": _undo_until(state),
        "is_undone": it.undone_at is not None,
        "created_at": iso(it.created_at),
        "received_at": iso(it.received_at),
        "sent_at": iso(state.settled_at) if state and state.state is Delivery.SENT else None,
    }


def _delivery(message: Message, state: DeliveryState | None) -> str | None:
    """A rule's answer left in the webhook's own HTTP answer, so it is sent."""
    if message.direction is not Direction.OUTGOING:
        return None
    return state.state if state else "sent"


def _sent_by(message: Message, state: DeliveryState | None) -> str | None:
    if message.direction is not Direction.OUTGOING:
        return None
    return state.via if state else Via.PASSIVE


def _undo_until(state: DeliveryState | None) -> str | None:
    is_waiting = state is not None and state.state in (Delivery.QUEUED, Delivery.HELD)
    return iso(state.undo_until) if state and is_waiting else None


def _error(state: DeliveryState | None) -> dict[str, Any] | None:
    if state is None or state.error_code is None:
        return None
    meaning = meaning_of_text(state.error_code)
    return {
        "code": state.error_code,
        "reason": translated(state.reason or ""),
        "advice": translated(meaning.advice) if meaning else "",
        "rid": state.rid,
        "may_retry": state.state in (Delivery.FAILED, Delivery.UNCONFIRMED),
    }


def _rule(message: Message, senders: Senders) -> dict[str, Any] | None:
    if message.sender_kind is not SenderKind.RULE:
        return None
    name = senders.of(message, "")["name"]
    return {
        "id": message.sender_id,
        "name": name,
        "version": message.rule_version,
        "matched": message.matched,
        "outcome": message.outcome,
    }
