"""The JSON door to a customer's past and to what customers said about the service."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, jsonify, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from wxdesk.accounts.queries import get_by_slug, list_names
from wxdesk.agents.access import requires
from wxdesk.contacts.models import Contact
from wxdesk.contacts.queries import get_contact
from wxdesk.inbox.contact_shapes import shown_name
from wxdesk.inbox.history import (
    AutoReply,
    PastConversation,
    PastFile,
    PastNote,
    list_auto_replies,
    list_notes,
    list_past_conversations,
    list_past_files,
)
from wxdesk.media.shapes import file_json
from wxdesk.plumbing.clock import iso
from wxdesk.plumbing.csv_files import write_table
from wxdesk.plumbing.http import (
    cursor_argument,
    cursor_of,
    day_argument,
    integer_argument,
    limit_argument,
    page_json,
)
from wxdesk.runtime import current
from wxdesk.satisfaction.queries import (
    RatingFilter,
    RatingLine,
    Summary,
    list_of_contact,
    list_rated,
    summarise,
)

bp = Blueprint("history_api", __name__, url_prefix="/api/v1")

LONGEST_PREVIEW = 200
MOST_LINES = 10_000
DAY = timedelta(days=1)


@bp.get("/contacts/<int:contact_id>/conversations")
@requires("conversations.read")
def conversations(contact_id: int) -> Response:
    before_id, limit = _before(), limit_argument(20)
    with current().reading() as session:
        get_contact(session, contact_id)
        rows = list_past_conversations(session, contact_id, before_id=before_id, limit=limit + 1)
    ids = [row.conversation.id for row in rows]
    return _page([_conversation(row) for row in rows], ids, limit)


@bp.get("/contacts/<int:contact_id>/auto-replies")
@requires("conversations.read")
def auto_replies(contact_id: int) -> Response:
    before_id, limit = _before(), limit_argument(20)
    with current().reading() as session:
        get_contact(session, contact_id)
        rows = list_auto_replies(session, contact_id, before_id=before_id, limit=limit + 1)
    return _page([_auto_reply(row) for row in rows], [row.message.id for row in rows], limit)


@bp.get("/contacts/<int:contact_id>/ratings")
@requires("conversations.read")
def ratings_of_contact(contact_id: int) -> Response:
    before_id, limit = _before(), limit_argument(20)
    with current().reading() as session:
        get_contact(session, contact_id)
        rows = list_of_contact(session, contact_id, before_id=before_id, limit=limit + 1)
    return _page([_rating(row) for row in rows], [row.rating.id for row in rows], limit)


@bp.get("/contacts/<int:contact_id>/files")
@requires("conversations.read")
def files(contact_id: int) -> Response:
    """`limit` counts messages; a message may have several files."""
    with current().reading() as session:
        get_contact(session, contact_id)
        rows, next_id = list_past_files(
            session, contact_id, before_id=_before(), limit=limit_argument(20)
        )
    next_cursor = cursor_of((next_id,)) if next_id is not None else None
    return jsonify(page_json([_file(row) for row in rows], next_cursor))


@bp.get("/contacts/<int:contact_id>/notes")
@requires("conversations.read")
def notes(contact_id: int) -> Response:
    before_id, limit = _before(), limit_argument(20)
    with current().reading() as session:
        get_contact(session, contact_id)
        rows = list_notes(session, contact_id, before_id=before_id, limit=limit + 1)
    return _page([_note(row) for row in rows], [row.message.id for row in rows], limit)


@bp.get("/ratings")
@requires("reports.read")
def ratings() -> Response:
    """Answered ratings, the newest first; from and to are days in the desk's time zone.

    The summary counts the customers who were asked on these days.
    """
    limit, before = limit_argument(), cursor_argument(datetime, int)
    with current().reading() as session:
        wanted = _wanted(session)
        rows = list_rated(session, wanted, before=before, limit=limit + 1)
        summary = summarise(session, wanted)
        items = _lines(session, rows[:limit])
    last = rows[limit - 1].rating if len(rows) > limit else None
    next_cursor = cursor_of((last.rated_at, last.id)) if last else None
    return jsonify(page_json(items, next_cursor) | {"summary": _summary(summary)})


@bp.get("/ratings.csv")
@requires("reports.read")
def ratings_csv() -> Response:
    """The newest 10,000 answered ratings that the filters let through, in UTC."""
    with current().reading() as session:
        rows = list_rated(session, _wanted(session), before=None, limit=MOST_LINES)
        lines = _lines(session, rows)
    heading = ("rated_at", "account", "agent", "score", "comment", "customer", "conversation")
    cells = [
        (
            line["rated_at"] or "",
            line["account"],
            line["agent"]["name"] if line["agent"] else "",
            str(line["score"]),
            line["comment"],
            line["contact"]["name"],
            str(line["conversation_id"]),
        )
        for line in lines
    ]
    return Response(
        write_table(heading, cells),
        mimetype="text/csv",
        headers={"Content-Disposition": 'attachment; filename="wxdesk-ratings.csv"'},
    )


def _before() -> int | None:
    cursor = cursor_argument(int)
    return cursor[0] if cursor else None


def _page(items: list[dict[str, Any]], ids: Sequence[int], limit: int) -> Response:
    next_cursor = cursor_of((ids[limit - 1],)) if len(ids) > limit else None
    return jsonify(page_json(items[:limit], next_cursor))


def _conversation(row: PastConversation) -> dict[str, Any]:
    it, message = row.conversation, row.last_message
    return {
        "id": it.id,
        "status": it.status,
        "opened_at": iso(it.opened_at),
        "resolved_at": iso(it.resolved_at),
        "assignee": _person(row.assignee.id, row.assignee.name) if row.assignee else None,
        "tags": row.tags,
        "merged_into": it.merged_into_id,
        "preview": message.text[:LONGEST_PREVIEW] if message else "",
        "preview_kind": message.kind if message else None,
    }


def _auto_reply(row: AutoReply) -> dict[str, Any]:
    it = row.message
    return {
        "message_id": it.id,
        "conversation_id": it.conversation_id,
        "rule": {
            "id": it.sender_id,
            "name": row.rule_name,
            "version": it.rule_version,
            "matched": it.matched,
        },
        "kind": it.kind,
        "text": it.text,
        "at": iso(it.received_at),
    }


def _note(row: PastNote) -> dict[str, Any]:
    it = row.message
    return {
        "message_id": it.id,
        "conversation_id": it.conversation_id,
        "text": it.text,
        "by": _person(it.sender_id, row.author) if it.sender_id else None,
        "at": iso(it.received_at),
    }


def _rating(row: RatingLine) -> dict[str, Any]:
    it = row.rating
    return {
        "id": it.id,
        "conversation_id": it.conversation_id,
        "state": it.state,
        "score": it.score,
        "comment": it.comment,
        "agent": _person(row.agent_id, row.agent_name or "") if row.agent_id else None,
        "asked_at": iso(it.asked_at),
        "rated_at": iso(it.rated_at),
    }


def _file(row: PastFile) -> dict[str, Any]:
    return file_json(row.file) | {
        "message_id": row.message.id,
        "conversation_id": row.message.conversation_id,
        "direction": row.message.direction,
        "at": iso(row.message.received_at),
    }


def _lines(session: Session, rows: Sequence[RatingLine]) -> list[dict[str, Any]]:
    slugs = {account.id: account.slug for account in list_names(session)}
    ids = {row.contact_id for row in rows}
    people = session.scalars(select(Contact).where(Contact.id.in_(sorted(ids))))
    names = {contact.id: shown_name(contact) for contact in people}
    return [
        _rating(row)
        | {
            "account": slugs.get(row.account_id, ""),
            "contact": {"id": row.contact_id, "name": names.get(row.contact_id, "")},
        }
        for row in rows
    ]


def _person(agent_id: int | None, name: str) -> dict[str, Any]:
    return {"id": agent_id, "name": name}


def _summary(summary: Summary) -> dict[str, Any]:
    return {
        "asked": summary.asked,
        "count": summary.count,
        "average": summary.average,
        "by_score": {str(score): summary.by_score.get(score, 0) for score in range(5, 0, -1)},
    }


def _wanted(session: Session) -> RatingFilter:
    slug = request.args.get("account", "").strip()
    zone = ZoneInfo(current().settings.timezone)
    return RatingFilter(
        since=day_argument("from", zone),
        until=day_argument("to", zone, DAY),
        agent_id=integer_argument("agent"),
        account_id=get_by_slug(session, slug).id if slug else None,
    )
