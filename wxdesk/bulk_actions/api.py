"""The JSON door to bulk actions: count, start, watch, pause, try again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, jsonify, request
from sqlalchemy.orm import Session

from wxdesk.agents.access import person, requires
from wxdesk.bulk_actions import operations
from wxdesk.bulk_actions.deeds import read_deed
from wxdesk.bulk_actions.operations import Wish
from wxdesk.bulk_actions.queries import (
    Preview,
    RowView,
    RunView,
    get_view,
    list_rows,
    list_views,
    preview,
)
from wxdesk.bulk_actions.rules import (
    MOST_CONVERSATIONS,
    MOST_NAMED,
    BulkAction,
    RowState,
    permission_of,
)
from wxdesk.inbox.contact_shapes import shown_name
from wxdesk.inbox.filters import Asker, choice, plain_filters, read_filters
from wxdesk.plumbing.clock import iso
from wxdesk.plumbing.errors import InvalidInputError, NotAllowedError, NotFoundError
from wxdesk.plumbing.http import (
    LARGEST_ID,
    cursor_argument,
    cursor_of,
    json_body,
    limit_argument,
    number_field,
    page_json,
)
from wxdesk.plumbing.translation import translated
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.runtime import current
from wxdesk.words import say

bp = Blueprint("bulk_api", __name__, url_prefix="/api/v1")

RUNS_A_PAGE = 20


@bp.post("/bulk-actions")
@requires("conversations.reply")
def start() -> tuple[Response, int] | Response:
    """With `dry_run` only counts; else starts, once for each Idempotency-Key."""
    body = json_body()
    wish = _wish(body)
    if not person().may(permission_of(wish.action)):
        raise NotAllowedError(permission_of(wish.action))
    if body.get("dry_run") is True:
        return jsonify(_counted(wish))
    key = request.headers.get("Idempotency-Key")
    with current().unit_of_work() as uow:
        run_id = operations.start(uow, wish, person().id, key).id
    return _shown(run_id), 201


@bp.get("/bulk-actions")
@requires("conversations.reply")
def list_all() -> Response:
    """One's own runs, the newest first; supervisors see everybody's."""
    limit = limit_argument(RUNS_A_PAGE)
    cursor = cursor_argument(int)
    with current().reading() as session:
        views = list_views(
            session,
            None if _sees_all() else person().id,
            before_id=cursor[0] if cursor else None,
            limit=limit + 1,
        )
    page = views[:limit]
    more = cursor_of((page[-1].run.id,)) if len(views) > limit else None
    return jsonify(page_json([_run_json(view) for view in page], more))


@bp.get("/bulk-actions/<int:run_id>")
@requires("conversations.reply")
def show(run_id: int) -> Response:
    return _shown(run_id)


@bp.get("/bulk-actions/<int:run_id>/rows")
@requires("conversations.reply")
def rows(run_id: int) -> Response:
    """What became of each conversation; `state` leaves only some."""
    limit = limit_argument()
    cursor = cursor_argument(int)
    state = choice(request.args, "state", RowState)
    with current().reading() as session:
        _theirs(session, run_id)
        found = list_rows(
            session, run_id, state, after_id=cursor[0] if cursor else 0, limit=limit + 1
        )
        items = [_row_json(view) for view in found[:limit]]
    more = cursor_of((items[-1]["conversation_id"],)) if len(found) > limit else None
    return jsonify(page_json(items, more))


@bp.post("/bulk-actions/<int:run_id>/pause")
@requires("conversations.reply")
def pause(run_id: int) -> Response:
    """Stop after the conversation that is being done."""
    return _changed(run_id, operations.pause)


@bp.post("/bulk-actions/<int:run_id>/resume")
@requires("conversations.reply")
def resume(run_id: int) -> Response:
    return _changed(run_id, operations.resume)


@bp.post("/bulk-actions/<int:run_id>/cancel")
@requires("conversations.reply")
def cancel(run_id: int) -> Response:
    """What is not done stays as it is."""
    me = person().id
    return _changed(run_id, lambda uow, it: operations.cancel(uow, it, me))


@bp.post("/bulk-actions/<int:run_id>/retry")
@requires("conversations.reply")
def retry(run_id: int) -> Response:
    """Do again what failed, or of that only `conversation_id`."""
    body = json_body()
    only = number_field(body, "conversation_id", least=1) if "conversation_id" in body else None
    return _changed(run_id, lambda uow, it: operations.retry(uow, it, only))


def _changed(run_id: int, change: Callable[[UnitOfWork, int], None]) -> Response:
    with current().unit_of_work() as uow:
        _theirs(uow.session, run_id)
        change(uow, run_id)
    return _shown(run_id)


def _shown(run_id: int) -> Response:
    with current().reading() as session:
        return jsonify(_run_json(_theirs(session, run_id)))


def _theirs(session: Session, run_id: int) -> RunView:
    """The run, if this person may know of it."""
    view = get_view(session, run_id)
    if view.run.agent_id != person().id and not _sees_all():
        raise NotFoundError(say("there is no bulk action %(id)d", id=run_id))
    return view


def _sees_all() -> bool:
    return person().may("teams.write")


def _counted(wish: Wish) -> dict[str, Any]:
    """What the run would find, and who of them could be answered now."""
    now = current().clock()
    read_deed(wish.action, wish.arguments, person().id)
    with current().reading() as session:
        asker = Asker(person().id, now)
        if wish.query is None:
            found = preview(session, wish.ids or (), now)
        else:
            plain = plain_filters(wish.query, session, asker)
            found = preview(session, read_filters(session, plain, asker), now)
    return {
        "count": found.count,
        "most": MOST_CONVERSATIONS,
        "waiting": found.waiting,
        "by": _split(wish.action, found),
        "sample": found.sample,
    }


def _split(action: BulkAction, found: Preview) -> dict[str, int]:
    """The numbers that matter for the action."""
    if action is BulkAction.REPLY:
        return {
            "reachable": found.reachable,
            "window_closed": found.window_closed,
            "quota_gone": found.quota_gone,
            "unreachable": found.unreachable,
        }
    if action in (BulkAction.RESOLVE, BulkAction.SNOOZE):
        return {"waiting": found.waiting}
    return {}


def _wish(body: dict[str, Any]) -> Wish:
    action = choice({"action": str(body.get("action") or "")}, "action", BulkAction)
    if action is None:
        values = ", ".join(BulkAction)
        raise InvalidInputError("action", say("one of: %(values)s", values=values))
    arguments = body.get("arguments") or {}
    if not isinstance(arguments, dict):
        raise InvalidInputError("arguments", say("a JSON object is needed"))
    query = body.get("query")
    if (query is None) == (body.get("ids") is None):
        raise InvalidInputError("ids", say('either "ids" or "query" is needed'))
    if query is None:
        return Wish(action, arguments, ids=_ids(body["ids"]))
    if not isinstance(query, dict):
        raise InvalidInputError("query", say("a JSON object is needed"))
    return Wish(action, arguments, query=query)


def _ids(value: object) -> tuple[int, ...]:
    if not isinstance(value, list) or not 0 < len(value) <= MOST_NAMED:
        raise InvalidInputError("ids", say("1 to %(most)d conversations", most=MOST_NAMED))
    for each in value:
        if not isinstance(each, int) or isinstance(each, bool) or not 0 < each <= LARGEST_ID:
            raise InvalidInputError("ids", say("a whole number is needed"))
    return tuple(sorted(set(value)))


def _run_json(view: RunView) -> dict[str, Any]:
    run, counts = view.run, view.counts
    return {
        "id": run.id,
        "action": run.action,
        "arguments": run.arguments or {},
        "query": run.query,
        "state": run.state,
        "total": view.total,
        **{state.value: counts.get(state, 0) for state in RowState},
        "agent": {"id": run.agent_id, "name": view.agent_name},
        "created_at": iso(run.created_at),
        "ended_at": iso(run.ended_at),
    }


def _row_json(view: RowView) -> dict[str, Any]:
    row = view.row
    error = operations.sentence_of(row.error)
    return {
        "conversation_id": row.conversation_id,
        "contact": {"id": view.contact.id, "name": shown_name(view.contact)},
        "state": row.state,
        "error": translated(error) if error else None,
        "settled_at": iso(row.settled_at),
    }
