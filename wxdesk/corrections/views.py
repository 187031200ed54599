"""Marketers' pages: corrections to those who got a wrong answer."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo

from flask import Blueprint, flash, redirect, render_template, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from wxdesk.agents.access import person, requires
from wxdesk.corrections import operations
from wxdesk.corrections.choosing import Found, look
from wxdesk.corrections.forms import Asked, local, read_asked, wish_of
from wxdesk.corrections.models import Correction
from wxdesk.corrections.queries import (
    get_view,
    latest_conversations,
    left_out_counts,
    list_recipients,
    list_views,
    reach_counts,
    wrong_text,
)
from wxdesk.corrections.rules import (
    MOST_BYTES,
    MOST_PER_MINUTE,
    CorrectionState,
    Reach,
    RecipientState,
    Wording,
    filled,
)
from wxdesk.corrections.sources import get_source, list_sources, list_versions
from wxdesk.corrections.wording import OUTCOMES, PASSIVE_NOTE, REACHES, RECIPIENTS, STATES
from wxdesk.plumbing.errors import ConflictError, InvalidInputError
from wxdesk.plumbing.http import cursor_argument, cursor_of, integer_argument, whole_number
from wxdesk.plumbing.translation import translated
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.runtime import current
from wxdesk.words import say

bp = Blueprint("corrections", __name__, url_prefix="/campaigns/corrections")

PAGE = 50
RECIPIENTS_A_PAGE = 50
SAMPLES = 3
NAMES = {
    "states": STATES,
    "reaches": REACHES,
    "recipient_states": RECIPIENTS,
    "outcomes": OUTCOMES,
    "State": CorrectionState,
    "Reach": Reach,
    "RecipientState": RecipientState,
    "passive_note": PASSIVE_NOTE,
    "say_it": translated,
}


@bp.get("")
@requires("campaigns.read")
def corrections() -> str:
    """The newest first."""
    cursor = cursor_argument(int)
    with current().reading() as session:
        views = list_views(session, before_id=cursor[0] if cursor else None, limit=PAGE + 1)
    more = cursor_of((views[PAGE - 1].row.id,)) if len(views) > PAGE else None
    return render_template(
        "corrections/corrections.html", views=views[:PAGE], next_cursor=more, **NAMES
    )


@bp.get("/new")
@requires("campaigns.write")
def new() -> str:
    """Rules that answered lately; with one of them (or a campaign) who got which answers."""
    rule_id, campaign_id = integer_argument("rule_id"), integer_argument("campaign_id")
    runtime = current()
    if rule_id is None and campaign_id is None:
        with runtime.reading() as session:
            sources = list_sources(session, runtime.clock())
        return render_template("corrections/choose.html", sources=sources)
    return _choice_page(_asked_for(), {})


@bp.post("/new")
@requires("campaigns.write")
def create() -> Response | tuple[str, int]:
    """List them: nothing is sent yet."""
    asked = _asked_for()
    try:
        with current().unit_of_work() as uow:
            row = operations.create(uow, wish_of(uow.session, asked), person().id)
            made = row.id
    except InvalidInputError as error:
        return _choice_page(asked, {error.field: translated(error.sentence)}), 422
    except ConflictError as error:
        return _choice_page(asked, {"form": translated(error.sentence)}), 409
    return redirect(f"/campaigns/corrections/{made}")


@bp.get("/<int:correction_id>")
@requires("campaigns.read")
def correction(correction_id: int) -> str:
    return _page(correction_id, None, {})


@bp.post("/<int:correction_id>")
@requires("campaigns.write")
def write(correction_id: int) -> Response | tuple[str, int]:
    """Save what is sent, and how."""
    wording = Wording(
        name=request.form.get("name", ""),
        text=request.form.get("text", "").replace("\r\n", "\n"),
        per_minute=whole_number(request.form.get("per_minute", "")) or 0,
        skips_helped=request.form.get("skips_helped") == "on",
    )
    version = whole_number(request.form.get("version", ""))
    try:
        with current().unit_of_work() as uow:
            operations.write(uow, correction_id, wording, person().id, version)
    except InvalidInputError as error:
        errors = {error.field: translated(error.sentence)}
        return _page(correction_id, wording, errors), 422
    except ConflictError as error:
        return _page(correction_id, wording, {"form": translated(error.sentence)}), 409
    flash(translated(say("Saved. Nothing was sent yet.")))
    return redirect(f"/campaigns/corrections/{correction_id}")


@bp.post("/<int:correction_id>/ask-approval")
@requires("campaigns.write")
def ask_approval(correction_id: int) -> Response | tuple[str, int]:
    return _act(
        correction_id,
        lambda uow, by, _: operations.ask(uow, correction_id, by),
        say("Those who may approve have been told."),
    )


@bp.post("/<int:correction_id>/approve")
@requires("campaigns.approve")
def approve(correction_id: int) -> Response | tuple[str, int]:
    return _act(
        correction_id,
        lambda uow, by, version: operations.approve(uow, correction_id, by, version),
        say("Approved. It can be begun now."),
    )


@bp.post("/<int:correction_id>/begin")
@requires("campaigns.write")
def begin(correction_id: int) -> Response | tuple[str, int]:
    return _act(
        correction_id,
        lambda uow, by, version: operations.begin(uow, correction_id, by, version),
        say("Begun. You can pause it at any time."),
    )


@bp.post("/<int:correction_id>/pause")
@requires("campaigns.write")
def pause(correction_id: int) -> Response | tuple[str, int]:
    return _act(
        correction_id,
        lambda uow, by, _: operations.pause(uow, correction_id, by),
        say("Paused. Nothing leaves until it is resumed."),
    )


@bp.post("/<int:correction_id>/resume")
@requires("campaigns.write")
def resume(correction_id: int) -> Response | tuple[str, int]:
    return _act(
        correction_id,
        lambda uow, by, _: operations.resume(uow, correction_id, by),
        say("It goes on."),
    )


@bp.post("/<int:correction_id>/cancel")
@requires("campaigns.write")
def cancel(correction_id: int) -> Response | tuple[str, int]:
    return _act(
        correction_id,
        lambda uow, by, _: operations.cancel(uow, correction_id, by),
        say("Cancelled. Nobody else gets it."),
    )


@bp.post("/<int:correction_id>/retry")
@requires("campaigns.write")
def retry(correction_id: int) -> Response | tuple[str, int]:
    contact_id = whole_number(request.form.get("contact_id", ""))
    is_doubtful = request.form.get("unconfirmed") == "1"
    return _act(
        correction_id,
        lambda uow, by, _: operations.retry(
            uow, correction_id, by, contact_id=contact_id, is_doubtful=is_doubtful
        ),
        say("They are tried again."),
    )


Act = Callable[[UnitOfWork, int, int | None], Correction]


def _act(correction_id: int, act: Act, done: str) -> Response | tuple[str, int]:
    """What can't be done now is said on the page."""
    version = whole_number(request.form.get("version", ""))
    try:
        with current().unit_of_work() as uow:
            act(uow, person().id, version)
    except ConflictError as error:
        return _page(correction_id, None, {"form": translated(error.sentence)}), 409
    flash(translated(done))
    return redirect(f"/campaigns/corrections/{correction_id}")


def _asked_for() -> Asked:
    values = request.form if request.method == "POST" else request.args
    lists = {name: values.getlist(name) for name in ("version", "outcome")}
    return read_asked(values.to_dict(), lists, _zone(), current().clock())


def _choice_page(asked: Asked, errors: dict[str, str]) -> str:
    runtime, zone = current(), _zone()
    errors = {name: translated(sentence) for name, sentence in asked.errors.items()} | errors
    with runtime.reading() as session:
        source = get_source(session, asked.rule_id, asked.campaign_id)
        found = None if errors else _found(session, asked, errors)
        versions = list_versions(session, source.rule_id) if source.rule_id else []
    return render_template(
        "corrections/new.html",
        source=source,
        asked=asked,
        found=found,
        versions=versions,
        values={
            "from": request.values.get("from") or local(asked.sent_from, zone),
            "until": request.values.get("until") or local(asked.sent_until, zone),
            "name": asked.name or translated(say("Correction: %(name)s", name=source.name))[:80],
        },
        errors=errors,
        timezone=runtime.settings.timezone,
        **NAMES,
    )


def _found(session: Session, asked: Asked, errors: dict[str, str]) -> Found | None:
    """Who it would be; what is wrong with the question is added to the errors."""
    try:
        wish = wish_of(session, asked)
    except InvalidInputError as error:
        errors[error.field] = translated(error.sentence)
        return None
    return look(session, wish.choice, current().clock(), skips_helped=True)


def _page(correction_id: int, typed: Wording | None, errors: dict[str, str]) -> str:
    """One correction; `typed` is what could not be saved."""
    runtime = current()
    now = runtime.clock()
    cursor = cursor_argument(int)
    state, reach = _wanted("state", RecipientState), _wanted("reach", Reach)
    with runtime.reading() as session:
        view = get_view(session, correction_id)
        found = list_recipients(
            session,
            view.row,
            now,
            state=RecipientState(state) if state else None,
            reach=Reach(reach) if reach else None,
            after_id=cursor[0] if cursor else 0,
            limit=RECIPIENTS_A_PAGE + 1,
        )
        listed = reach_counts(session, view.row, now)
        left_out = left_out_counts(session, view.row)
        text = wrong_text(session, view.row)
        threads = latest_conversations(session, [it.contact_id for it in found])
        samples = list_recipients(session, view.row, now, limit=SAMPLES)
    row = view.row
    kept = Wording(row.name, row.text, row.per_minute, row.skips_helped)
    shown = typed or kept
    page = found[:RECIPIENTS_A_PAGE]
    return render_template(
        "corrections/correction.html",
        view=view,
        row=row,
        shown=shown,
        listed=listed,
        left_out=left_out,
        wrong_text=text,
        samples=[(it.name, it.remark, filled(shown.text, it.remark)) for it in samples],
        recipients=page,
        threads=threads,
        wanted={"state": state, "reach": reach},
        next_cursor=cursor_of((page[-1].contact_id,)) if len(found) > len(page) else None,
        is_later=cursor is not None,
        query=request.query_string.decode(errors="replace"),
        errors=errors,
        most_bytes=MOST_BYTES,
        most_per_minute=MOST_PER_MINUTE,
        my_id=person().id,
        **NAMES,
    )


def _wanted(name: str, values: type[RecipientState] | type[Reach]) -> str:
    text = request.args.get(name, "")
    return text if text in set(values) else ""


def _zone() -> ZoneInfo:
    return ZoneInfo(current().settings.timezone)
