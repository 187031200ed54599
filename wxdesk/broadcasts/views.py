"""Marketers' pages: template messages, notices and mass sends."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from wxdesk.accounts.queries import list_names
from wxdesk.agents.access import person, requires
from wxdesk.broadcasts import operations
from wxdesk.broadcasts.forms import BroadcastForm
from wxdesk.broadcasts.previewing import content_for_preview, draft_choices
from wxdesk.broadcasts.queries import form_of, get_view, list_targets, list_views
from wxdesk.broadcasts.reading import read_form, read_time, values_of
from wxdesk.broadcasts.rules import BroadcastKind, BroadcastState, TargetState
from wxdesk.broadcasts.showing import choices_of, detail_of
from wxdesk.media.api import keep_upload, takes_files
from wxdesk.media.uploads import NewUpload
from wxdesk.plumbing.csv_files import write_table
from wxdesk.plumbing.errors import ConflictError, InvalidInputError, NotAllowedError, WxdeskError
from wxdesk.plumbing.http import cursor_argument, cursor_of, integer_argument
from wxdesk.plumbing.translation import translated
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.runtime import current
from wxdesk.words import say

bp = Blueprint("broadcasts", __name__, url_prefix="/campaigns/broadcasts")

PAGE = 50
PEOPLE = 100
MOST_EXPORTED = 100_000
T = TypeVar("T", BroadcastState, BroadcastKind, TargetState)
Act = Callable[[UnitOfWork], object]


@bp.get("")
@requires("campaigns.read")
def index() -> str:
    cursor = cursor_argument(int)
    account_id, state = integer_argument("account_id"), _chosen(BroadcastState, "state")
    with current().reading() as session:
        found = list_views(
            session,
            account_id=account_id,
            state=state,
            before_id=cursor[0] if cursor else None,
            limit=PAGE + 1,
        )
        accounts = list_names(session)
    more = len(found) > PAGE
    return render_template(
        "broadcasts/broadcasts.html",
        broadcasts=found[:PAGE],
        accounts=accounts,
        account_id=account_id,
        state=state,
        states=list(BroadcastState),
        next_cursor=cursor_of((found[PAGE - 1].row.id,)) if more else None,
    )


@bp.get("/new")
@requires("campaigns.write")
def new() -> str:
    """First which account and which kind; then the form of these."""
    account_id, kind = integer_argument("account_id"), _chosen(BroadcastKind, "kind")
    with current().reading() as session:
        accounts = list_names(session)
    if account_id is None or kind is None or account_id not in {it.id for it in accounts}:
        return render_template(
            "broadcasts/new.html", accounts=accounts, kinds=list(BroadcastKind), kind=kind
        )
    values = {"audience": "all", "per_minute": "600", "mass_kind": "text"}
    return _form_page(account_id, kind, values | request.args.to_dict(), {}, None)


@bp.post("/new")
@takes_files
@requires("campaigns.write")
def create() -> AnyResponse | tuple[str, int]:
    account_id, kind = _number("account_id"), _chosen(BroadcastKind, "kind")
    if kind is None:
        raise InvalidInputError("kind", say("choose what is sent"))
    return _saved(account_id, kind, None)


@bp.get("/<int:broadcast_id>/edit")
@requires("campaigns.write")
def edit(broadcast_id: int) -> str:
    with current().reading() as session:
        row = get_view(session, broadcast_id).row
        values = values_of(form_of(row))
    return _form_page(row.account_id, row.kind, values | request.args.to_dict(), {}, broadcast_id)


@bp.post("/<int:broadcast_id>/edit")
@takes_files
@requires("campaigns.write")
def change(broadcast_id: int) -> AnyResponse | tuple[str, int]:
    with current().reading() as session:
        row = get_view(session, broadcast_id).row
    return _saved(row.account_id, row.kind, broadcast_id)


@bp.get("/<int:broadcast_id>")
@requires("campaigns.read")
def show(broadcast_id: int) -> str:
    return _page(broadcast_id, {})


@bp.get("/<int:broadcast_id>/progress")
@requires("campaigns.read")
def progress(broadcast_id: int) -> str:
    """The part of the page that moves, for htmx."""
    with current().reading() as session:
        view = get_view(session, broadcast_id)
    return render_template("broadcasts/_progress.html", it=view)


@bp.get("/<int:broadcast_id>/people.csv")
@requires("campaigns.read")
def people_file(broadcast_id: int) -> Response:
    """What became of each person (at most 100,000 rows)."""
    heading = [say("Customer"), say("Remark"), say("State"), say("Time"), say("Reason")]
    zone = ZoneInfo(current().settings.timezone)
    with current().reading() as session:
        get_view(session, broadcast_id)
        found = list_targets(session, broadcast_id, None, after_id=0, limit=MOST_EXPORTED)
    rows = [
        [
            str(it.contact_id),
            it.remark,
            it.state.value,
            f"{it.settled_at.astimezone(zone):%Y-%m-%d %H:%M:%S}" if it.settled_at else "",
            translated(it.error) if it.error else "",
        ]
        for it in found
    ]
    answer = Response(
        write_table([translated(each) for each in heading], rows), mimetype="text/csv"
    )
    answer.headers["Content-Disposition"] = f'attachment; filename="broadcast-{broadcast_id}.csv"'
    return answer


@bp.post("/<int:broadcast_id>/send")
@requires("campaigns.write")
def send(broadcast_id: int) -> AnyResponse | tuple[str, int]:
    """Now or at a time; with `do=ask` only ask for approval."""
    me, zone = person().id, ZoneInfo(current().settings.timezone)
    if request.form.get("do") == "ask":
        return _done(
            broadcast_id,
            lambda uow: operations.ask(uow, broadcast_id, read_time(request.form, zone), me),
            say("Those who may approve have been told."),
        )
    version = _number("version")
    return _done(
        broadcast_id,
        lambda uow: operations.send(
            uow, broadcast_id, read_time(request.form, zone), me, version=version
        ),
        say("It is on its way, or waits for its time."),
    )


@bp.post("/<int:broadcast_id>/preview")
@requires("campaigns.write")
def preview(broadcast_id: int) -> AnyResponse | tuple[str, int]:
    """Show a mass send on one phone; uses up none of the four a month."""
    openid, wechat_id = "", request.form.get("wechat_id", "").strip()
    try:
        if not wechat_id:
            raise InvalidInputError("wechat_id", say("whose phone? A WeChat id is needed"))
        client, content = content_for_preview(current(), broadcast_id)
        client.preview_mass(content, openid=openid, wechat_id=wechat_id)
        with current().unit_of_work() as uow:
            operations.note_preview(uow, broadcast_id, person().id)
    except WxdeskError as error:
        return _page(broadcast_id, {"wechat_id": translated(error.sentence)}), 422
    flash(translated(say("The preview is on that phone.")))
    return redirect(url_for("broadcasts.show", broadcast_id=broadcast_id))


@bp.post("/<int:broadcast_id>/cancel")
@requires("campaigns.write")
def cancel(broadcast_id: int) -> AnyResponse | tuple[str, int]:
    me = person().id
    return _done(
        broadcast_id,
        lambda uow: operations.cancel(uow, broadcast_id, me),
        say("Cancelled. What has not left does not leave."),
    )


@bp.post("/<int:broadcast_id>/pause")
@requires("campaigns.write")
def pause(broadcast_id: int) -> AnyResponse | tuple[str, int]:
    me = person().id
    return _done(broadcast_id, lambda uow: operations.pause(uow, broadcast_id, me), say("Paused."))


@bp.post("/<int:broadcast_id>/resume")
@requires("campaigns.write")
def resume(broadcast_id: int) -> AnyResponse | tuple[str, int]:
    me = person().id
    return _done(
        broadcast_id, lambda uow: operations.resume(uow, broadcast_id, me), say("It goes on.")
    )


@bp.post("/<int:broadcast_id>/retry")
@requires("campaigns.write")
def retry(broadcast_id: int) -> AnyResponse | tuple[str, int]:
    me = person().id
    return _done(
        broadcast_id,
        lambda uow: operations.retry(uow, broadcast_id, me),
        say("Those who did not get it are tried again."),
    )


@bp.post("/<int:broadcast_id>/settle")
@requires("campaigns.write")
def settle(broadcast_id: int) -> AnyResponse | tuple[str, int]:
    """What a person saw in WeChat's console."""
    me, was_sent = person().id, request.form.get("was_sent") == "true"
    return _done(
        broadcast_id,
        lambda uow: operations.settle(uow, broadcast_id, me, was_sent=was_sent),
        say("Noted."),
    )


def _done(broadcast_id: int, act: Act, sentence: str) -> AnyResponse | tuple[str, int]:
    """Back to the page, with what was done or why it was not."""
    try:
        with current().unit_of_work() as uow:
            act(uow)
    except InvalidInputError as error:
        return _page(broadcast_id, {error.field: translated(error.sentence)}), 422
    except ConflictError as error:
        return _page(broadcast_id, {"form": translated(error.sentence)}), 409
    except NotAllowedError:
        reason = say("this account needs the approval of a supervisor or an admin")
        return _page(broadcast_id, {"form": translated(reason)}), 403
    flash(translated(sentence))
    return redirect(url_for("broadcasts.show", broadcast_id=broadcast_id))


def _page(broadcast_id: int, errors: dict[str, str]) -> str:
    state, cursor = _chosen(TargetState, "person"), cursor_argument(int)
    zone, now = ZoneInfo(current().settings.timezone), current().clock()
    with current().reading() as session:
        detail = detail_of(session, broadcast_id, person(), now)
        people = list_targets(
            session, broadcast_id, state, after_id=cursor[0] if cursor else 0, limit=PEOPLE + 1
        )
    more = cursor_of((people[PEOPLE - 1].contact_id,)) if len(people) > PEOPLE else None
    return render_template(
        "broadcasts/broadcast.html",
        it=detail.view,
        detail=detail,
        people=people[:PEOPLE],
        next_cursor=more,
        person_state=state,
        person_states=list(TargetState),
        errors=errors,
        typed=request.form,
        time=f"{(detail.view.row.send_at or now).astimezone(zone):%Y-%m-%dT%H:%M}",
    )


def _saved(
    account_id: int, kind: BroadcastKind, broadcast_id: int | None
) -> AnyResponse | tuple[str, int]:
    values = request.form.to_dict()
    try:
        values |= _picture(account_id)
        form = read_form(values, account_id, kind)
        stored_id = _stored(form, broadcast_id)
    except InvalidInputError as error:
        errors = {error.field: translated(error.sentence)}
        return _form_page(account_id, kind, values, errors, broadcast_id), 422
    flash(translated(say("Saved. Nothing is sent yet: look at the numbers first.")))
    return redirect(url_for("broadcasts.show", broadcast_id=stored_id))


def _stored(form: BroadcastForm, broadcast_id: int | None) -> int:
    with current().unit_of_work() as uow:
        if broadcast_id is None:
            return operations.create(uow, form, person().id).id
        return operations.change(uow, broadcast_id, form, person().id).id


def _picture(account_id: int) -> dict[str, str]:
    """A file that was chosen in the form; kept for a day if the form is not saved."""
    file = request.files.get("file")
    if file is None or not file.filename:
        return {}
    upload = NewUpload(account_id, person().id, file.filename, file.stream.read())
    return {"attachment_id": str(keep_upload(current(), upload).id)}


def _form_page(
    account_id: int,
    kind: BroadcastKind,
    values: dict[str, str],
    errors: dict[str, str],
    broadcast_id: int | None,
) -> str:
    with current().reading() as session:
        choices = choices_of(session, account_id, kind, values.get("template_id", ""))
    is_article = kind is BroadcastKind.MASS and "drafts" in request.args
    drafts, problem = draft_choices(current(), account_id) if is_article else ([], None)
    return render_template(
        "broadcasts/edit.html",
        form=values,
        errors=errors,
        kind=kind,
        choices=choices,
        drafts=drafts,
        drafts_problem=translated(problem) if problem else None,
        broadcast_id=broadcast_id,
    )


def _chosen(kind: type[T], name: str) -> T | None:
    text = request.values.get(name, "")
    return kind(text) if text in list(kind) else None


def _number(name: str) -> int:
    text = request.form.get(name, "")
    if not text.isdecimal() or len(text) > 15:
        raise InvalidInputError(name, say("a whole number is needed"))
    return int(text)
