"""The JSON door to corrections."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, jsonify, request

from wxdesk.agents.access import person, requires
from wxdesk.corrections import operations
from wxdesk.corrections.choosing import look
from wxdesk.corrections.forms import Asked, wish_of
from wxdesk.corrections.models import Correction
from wxdesk.corrections.queries import get_view, list_recipients, list_views, reach_counts
from wxdesk.corrections.reporting import report_of
from wxdesk.corrections.rules import Reach, RecipientState, Wording
from wxdesk.corrections.shapes import (
    correction_json,
    found_json,
    instant_of,
    recipient_json,
    report_json,
)
from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.plumbing.http import (
    LARGEST_ID,
    cursor_argument,
    cursor_of,
    integer_argument,
    json_body,
    limit_argument,
    number_field,
    page_json,
    text_field,
)
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.runtime import current
from wxdesk.words import say

bp = Blueprint("corrections_api", __name__, url_prefix="/api/v1/corrections")

MOST_CHOSEN = 100


@bp.get("")
@requires("campaigns.read")
def list_all() -> Response:
    """The newest first."""
    limit, cursor = limit_argument(), cursor_argument(int)
    with current().reading() as session:
        views = list_views(
            session,
            account_id=integer_argument("account_id"),
            before_id=cursor[0] if cursor else None,
            limit=limit + 1,
        )
    page = views[:limit]
    more = cursor_of((page[-1].row.id,)) if len(views) > limit else None
    return jsonify(page_json([correction_json(view, {}) for view in page], more))


@bp.post("")
@requires("campaigns.write")
def create() -> tuple[Response, int] | Response:
    """With `dry_run` only counts; else lists the people, once for each Idempotency-Key."""
    body = json_body()
    asked = _asked(body)
    with current().reading() as session:
        wish = wish_of(session, asked)
        if body.get("dry_run") is True:
            now, skips = current().clock(), _flag(body, "skips_helped", is_on=True)
            return jsonify(found_json(look(session, wish.choice, now, skips_helped=skips)))
    wording = _wording(body, None, asked.name) if "text" in body else None
    with current().unit_of_work() as uow:
        row = operations.create(uow, wish, person().id, request.headers.get("Idempotency-Key"))
        if wording is not None and not row.text:
            operations.write(uow, row.id, wording, person().id, None)
        made = row.id
    return _shown(made), 201


@bp.get("/<int:correction_id>")
@requires("campaigns.read")
def show(correction_id: int) -> Response:
    return _shown(correction_id)


@bp.patch("/<int:correction_id>")
@requires("campaigns.write")
def change(correction_id: int) -> Response:
    """Name, text, rate and whether helped ones are left out; `version` is what was read."""
    body = json_body()
    with current().reading() as session:
        row = get_view(session, correction_id).row
    wording = _wording(body, row, row.name)
    return _done(
        correction_id,
        lambda uow: operations.write(uow, correction_id, wording, person().id, _version(body)),
    )


@bp.get("/<int:correction_id>/recipients")
@requires("campaigns.read")
def recipients(correction_id: int) -> Response:
    """By contact; `state` and `reach` leave only some."""
    limit, cursor = limit_argument(), cursor_argument(int)
    state, reach = _choice("state", RecipientState), _choice("reach", Reach)
    runtime = current()
    with runtime.reading() as session:
        found = list_recipients(
            session,
            get_view(session, correction_id).row,
            runtime.clock(),
            state=RecipientState(state) if state else None,
            reach=Reach(reach) if reach else None,
            after_id=cursor[0] if cursor else 0,
            limit=limit + 1,
        )
    page = found[:limit]
    more = cursor_of((page[-1].contact_id,)) if len(found) > limit else None
    return jsonify(page_json([recipient_json(it) for it in page], more))


@bp.get("/<int:correction_id>/report")
@requires("campaigns.read")
def report(correction_id: int) -> Response:
    """How many got it, how fast it was stopped, how many were corrected by when."""
    runtime = current()
    with runtime.reading() as session:
        return jsonify(report_json(report_of(session, correction_id, runtime.clock())))


@bp.post("/<int:correction_id>/ask-approval")
@requires("campaigns.write")
def ask_approval(correction_id: int) -> Response:
    return _done(correction_id, lambda uow: operations.ask(uow, correction_id, person().id))


@bp.post("/<int:correction_id>/approve")
@requires("campaigns.approve")
def approve(correction_id: int) -> Response:
    version = _version(json_body())
    return _done(
        correction_id, lambda uow: operations.approve(uow, correction_id, person().id, version)
    )


@bp.post("/<int:correction_id>/begin")
@requires("campaigns.write")
def begin(correction_id: int) -> Response:
    version = _version(json_body())
    return _done(
        correction_id, lambda uow: operations.begin(uow, correction_id, person().id, version)
    )


@bp.post("/<int:correction_id>/pause")
@requires("campaigns.write")
def pause(correction_id: int) -> Response:
    """What has not left is taken back."""
    return _done(correction_id, lambda uow: operations.pause(uow, correction_id, person().id))


@bp.post("/<int:correction_id>/resume")
@requires("campaigns.write")
def resume(correction_id: int) -> Response:
    return _done(correction_id, lambda uow: operations.resume(uow, correction_id, person().id))


@bp.post("/<int:correction_id>/cancel")
@requires("campaigns.write")
def cancel(correction_id: int) -> Response:
    """Nobody else gets it, not even when they write next."""
    return _done(correction_id, lambda uow: operations.cancel(uow, correction_id, person().id))


@bp.post("/<int:correction_id>/retry")
@requires("campaigns.write")
def retry(correction_id: int) -> Response:
    """Send again what failed; with `unconfirmed` also what may have arrived already."""
    body = json_body()
    contact_id = number_field(body, "contact_id", least=1) if "contact_id" in body else None
    is_doubtful = _flag(body, "unconfirmed", is_on=False)
    return _done(
        correction_id,
        lambda uow: operations.retry(
            uow, correction_id, person().id, contact_id=contact_id, is_doubtful=is_doubtful
        ),
    )


def _done(correction_id: int, act: Callable[[UnitOfWork], Correction]) -> Response:
    with current().unit_of_work() as uow:
        act(uow)
    return _shown(correction_id)


def _shown(correction_id: int) -> Response:
    runtime = current()
    with runtime.reading() as session:
        view = get_view(session, correction_id)
        reach = reach_counts(session, view.row, runtime.clock())
    return jsonify(correction_json(view, reach))


def _asked(body: dict[str, Any]) -> Asked:
    sent_from, sent_until = (
        instant_of(str(body.get(name) or "")) for name in ("sent_from", "sent_until")
    )
    for name, value in (("sent_from", sent_from), ("sent_until", sent_until)):
        if value is None:
            raise InvalidInputError(name, say("a time like 2026-03-02T09:00:00Z is needed"))
    return Asked(
        rule_id=number_field(body, "rule_id", least=1) if body.get("rule_id") else None,
        campaign_id=number_field(body, "campaign_id", least=1) if body.get("campaign_id") else None,
        name=text_field(body, "name"),
        sent_from=sent_from,
        sent_until=sent_until,
        versions=tuple(_chosen(body, "versions", int)),
        outcomes=tuple(_chosen(body, "outcomes", str)),
    )


def _chosen(body: dict[str, Any], name: str, kind: type) -> list[Any]:
    found = body.get(name) or []
    if not isinstance(found, list) or len(found) > MOST_CHOSEN:
        raise InvalidInputError(name, say("a list of at most %(most)d", most=MOST_CHOSEN))
    for each in found:
        if not isinstance(each, kind) or isinstance(each, bool):
            raise InvalidInputError(name, say("a list of at most %(most)d", most=MOST_CHOSEN))
        if isinstance(each, int) and not 0 < each <= LARGEST_ID:
            raise InvalidInputError(name, say("a whole number is needed"))
    return found


def _wording(body: dict[str, Any], row: Correction | None, name: str) -> Wording:
    """What is not in the body stays as it was."""
    return Wording(
        name=text_field(body, "name") if "name" in body else name,
        text=text_field(body, "text") if "text" in body or row is None else row.text,
        per_minute=number_field(body, "per_minute", least=1)
        if "per_minute" in body
        else (row.per_minute if row else 60),
        skips_helped=_flag(body, "skips_helped", is_on=row.skips_helped if row else True),
    )


def _flag(body: dict[str, Any], name: str, *, is_on: bool) -> bool:
    value = body.get(name, is_on)
    if not isinstance(value, bool):
        raise InvalidInputError(name, say("true or false is needed"))
    return value


def _version(body: dict[str, Any]) -> int | None:
    return number_field(body, "version", least=1) if "version" in body else None


def _choice(name: str, values: type[RecipientState] | type[Reach]) -> str:
    text = request.args.get(name, "")
    if text and text not in set(values):
        names = ", ".join(values)
        raise InvalidInputError(name, say("one of: %(values)s", values=names))
    return text
