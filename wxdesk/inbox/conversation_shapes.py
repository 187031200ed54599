"""Conversations as JSON (documented in inbox/openapi.py)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from redis import Redis
from sqlalchemy.orm import Session

from wxdesk.accounts.facts import Facts, facts_from
from wxdesk.agents.queries import names_of, team_names
from wxdesk.assignment import waits
from wxdesk.assignment.waits import NO_TEAM, WaitReason
from wxdesk.contacts.models import ReplyWindow
from wxdesk.contacts.windows import counting, latest
from wxdesk.conversations.beside import tags_of
from wxdesk.conversations.models import Conversation
from wxdesk.conversations.queries import ConversationRow
from wxdesk.conversations.rules import Direction, Status
from wxdesk.inbox import here
from wxdesk.inbox.beside import find_beside
from wxdesk.inbox.clock_shapes import clocks_json
from wxdesk.inbox.contact_shapes import contacts_json
from wxdesk.inbox.here import Colleague
from wxdesk.inbox.shapes import Senders, authors_of
from wxdesk.inbox.ways import Unsent, Ways, count_unsent, ways_of
from wxdesk.plumbing.clock import FAR_FUTURE, iso
from wxdesk.plumbing.translation import translated
from wxdesk.satisfaction.queries import RatingView, latest_ratings
from wxdesk.sla.queries import ClockView, clocks_of

LONGEST_PREVIEW = 200


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks at the conversations, when, and where the short-lived facts are kept."""

    agent_id: int
    now: datetime
    redis: Redis


@dataclass(frozen=True, slots=True)
class _Beside:
    """What stands elsewhere, found with a fixed number of queries a page."""

    viewer: Viewer
    tags: dict[int, list[str]]
    drafts: set[int]
    read: dict[int, int]
    ratings: dict[int, RatingView]
    clocks: dict[int, list[ClockView]]
    waits: dict[int, WaitReason]
    colleagues: dict[int, list[Colleague]]
    agents: dict[int, str]
    teams: dict[int, str]
    senders: Senders
    facts: dict[int, Facts]
    windows: dict[int, list[ReplyWindow]]
    unsent: dict[int, Unsent]
    templates: set[int]
    contacts: dict[int, dict[str, Any]]
    now: datetime


def conversations_json(
    session: Session, rows: Sequence[ConversationRow], viewer: Viewer
) -> list[dict[str, Any]]:
    """Conversations with their latest message, their customer and the ways to answer."""
    if not rows:
        return []
    contact_ids = [row.contact.id for row in rows]
    ids = [row.conversation.id for row in rows]
    accounts = {row.account.id: row.account for row in rows}
    latest_messages = [row.last_message for row in rows if row.last_message is not None]
    colleagues = here.colleagues(viewer.redis, ids, viewer.now)
    found = find_beside(session, ids, viewer.agent_id)
    agents = names_of(session, _named(rows, colleagues) | authors_of(latest_messages))
    beside = _Beside(
        viewer=viewer,
        tags=tags_of(session, found.tagged),
        drafts=found.drafts,
        read=found.read,
        ratings=latest_ratings(session, found.rated) if found.rated else {},
        clocks=clocks_of(session, ids),
        waits=waits.reasons(viewer.redis) if _any_waits(rows) else {},
        colleagues=colleagues,
        agents=agents,
        teams=team_names(session, {it.conversation.team_id for it in rows}),
        senders=Senders(session, latest_messages, agents),
        facts={number: facts_from(account) for number, account in accounts.items()},
        windows=latest(session, contact_ids),
        unsent=count_unsent(session, found.unsent),
        templates=found.templates,
        contacts=contacts_json(session, [row.contact for row in rows], found.labelled),
        now=viewer.now,
    )
    return [_conversation(row, beside) for row in rows]


def _named(rows: Sequence[ConversationRow], colleagues: dict[int, list[Colleague]]) -> set[int]:
    """Agents whose names are shown although the rows do not bring them."""
    found = {one.agent_id for ones in colleagues.values() for one in ones}
    return found | {
        row.conversation.returned_from_id for row in rows if row.conversation.returned_from_id
    }


def _conversation(row: ConversationRow, beside: _Beside) -> dict[str, Any]:
    it, contact = row.conversation, row.contact
    facts = beside.facts[row.account.id]
    unsent = beside.unsent.get(contact.id, Unsent())
    ways = ways_of(
        contact,
        facts,
        beside.now,
        on_their_way=unsent.on_their_way,
        has_templates=row.account.id in beside.templates,
    )
    return {
        "id": it.id,
        "account": row.account.slug,
        "account_name": row.account.name,
        "openid": contact.openid,
        "contact": beside.contacts[contact.id],
        "status": it.status,
        "priority": it.priority,
        "assignee": {"id": row.assignee.id, "name": row.assignee.name} if row.assignee else None,
        **_assignment(it, beside),
        "snoozed_until": iso(it.snoozed_until),
        "is_spam": it.is_spam,
        "merged_into": it.merged_into_id,
        "waiting_since": iso(it.waiting_since),
        **clocks_json(it, beside.clocks.get(it.id, ())),
        "due_at": iso(it.due_at) if it.due_at < FAR_FUTURE else None,
        "is_breached": it.is_breached,
        "is_closing_soon": it.urgency_rank == 0,
        "reply_window": _window(row, facts, beside),
        **_answerable(ways, facts),
        "held": unsent.held,
        "tags": beside.tags.get(it.id, []),
        "has_draft": it.id in beside.drafts,
        "is_unread": _is_unread(row, beside),
        "here": _here(it, beside),
        "rating": _rating(beside.ratings.get(it.id)),
        "version": it.version,
        "last_message": _preview(row, beside),
        "opened_at": iso(it.opened_at),
        "resolved_at": iso(it.resolved_at),
    }


def _assignment(it: Conversation, beside: _Beside) -> dict[str, Any]:
    """Team, since when assigned, why it came back, and why it waits for an agent."""
    return {
        "team": {"id": it.team_id, "name": beside.teams.get(it.team_id, "")}
        if it.team_id
        else None,
        "assigned_at": iso(it.assigned_at),
        "returned": {
            "reason": it.returned_reason,
            "from": {
                "id": it.returned_from_id,
                "name": beside.agents.get(it.returned_from_id or 0, ""),
            },
        }
        if it.returned_reason
        else None,
        "wait_reason": beside.waits.get(it.team_id or NO_TEAM) if _is_waiting(it) else None,
    }


def _any_waits(rows: Sequence[ConversationRow]) -> bool:
    return any(_is_waiting(row.conversation) for row in rows)


def _is_waiting(it: Conversation) -> bool:
    return it.assignee_id is None and it.status is Status.OPEN


def _is_unread(row: ConversationRow, beside: _Beside) -> bool:
    """The latest message is the customer's, and this agent has not read so far."""
    latest_message = row.last_message
    if latest_message is None or latest_message.direction is not Direction.INCOMING:
        return False
    return beside.read.get(row.contact.id, 0) < latest_message.id


def _here(it: Conversation, beside: _Beside) -> list[dict[str, Any]]:
    return [
        {"id": one.agent_id, "name": beside.agents.get(one.agent_id, ""), "doing": one.doing}
        for one in beside.colleagues.get(it.id, ())
        if one.agent_id != beside.viewer.agent_id
    ]


def _rating(rating: RatingView | None) -> dict[str, Any] | None:
    if rating is None:
        return None
    return {
        "state": rating.state,
        "score": rating.score,
        "comment": rating.comment,
        "asked_at": iso(rating.asked_at),
        "rated_at": iso(rating.rated_at),
    }


def _answerable(ways: Ways, facts: Facts) -> dict[str, Any]:
    return {
        "ways": list(ways.ways),
        "cannot_send": translated(ways.problem) if ways.problem else None,
        "passive_only": not facts.has_messages,
        "can_attach": facts.has_messages,
    }


def _window(row: ConversationRow, facts: Facts, beside: _Beside) -> dict[str, Any]:
    contact = row.contact
    entry = counting(beside.windows.get(contact.id, ()), beside.now)
    return {
        "closes_at": iso(contact.window_closes_at),
        "remaining": contact.window_remaining,
        "act": entry.act if entry else None,
        "opened_at": iso(entry.opened_at) if entry else None,
        "quota": entry.quota if entry else None,
        "used": entry.used if entry else None,
        "closed_by": entry.closed_by if entry else None,
        "kept_for_people": facts.slots_for_people,
    }


def _preview(row: ConversationRow, beside: _Beside) -> dict[str, Any] | None:
    message = row.last_message
    if message is None:
        return None
    return {
        "id": message.id,
        "direction": message.direction,
        "kind": message.kind,
        "text": message.text[:LONGEST_PREVIEW],
        "sender": beside.senders.of(message, beside.contacts[row.contact.id]["name"]),
        "received_at": iso(message.received_at),
    }
