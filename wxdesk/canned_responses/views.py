"""The page on which prepared answers are managed, exported and imported."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import get_locale
from werkzeug.wrappers import Response as Redirect

from wxdesk.accounts.queries import list_names
from wxdesk.agents.access import person, requires
from wxdesk.canned_responses import importing, operations
from wxdesk.canned_responses.operations import CannedForm, Writer
from wxdesk.canned_responses.queries import (
    CannedFilter,
    CannedView,
    Scope,
    get_canned,
    list_canned,
    list_folders,
    list_owned,
)
from wxdesk.canned_responses.rules import (
    LONGEST_TEXT,
    MEANINGS,
    MOST_PARTS,
    Situation,
    Variable,
    fill,
    values_of,
)
from wxdesk.plumbing.errors import ConflictError, InvalidInputError, NotAllowedError
from wxdesk.plumbing.http import cursor_argument, cursor_of
from wxdesk.plumbing.imports import Plan, forget, keep, kept
from wxdesk.plumbing.translation import translated
from wxdesk.runtime import current
from wxdesk.wechat.splitting import MOST_BYTES, split_text
from wxdesk.words import say

bp = Blueprint("canned", __name__, url_prefix="/settings/canned-responses")

PAGE = 50
LONGEST_Q = 100


@bp.get("")
@requires("conversations.reply")
def index() -> str:
    scope = _scope()
    wanted = CannedFilter(
        agent_id=person().id,
        scope=scope,
        q=request.args.get("q", "").strip()[:LONGEST_Q],
        folder=request.args.get("folder") or None,
    )
    cursor = cursor_argument(int, int, int, int)
    with current().reading() as session:
        found = list_canned(session, wanted, after=cursor, limit=PAGE + 1)
        folders = list_folders(session, person().id, scope)
    return render_template(
        "canned_responses/index.html",
        items=[view for view, _ in found[:PAGE]],
        wanted=wanted,
        folders=folders,
        may_edit=_may_edit(scope),
        next_cursor=cursor_of(found[PAGE - 1][1]) if len(found) > PAGE else None,
    )


@bp.get("/new")
@requires("conversations.reply")
def new() -> str:
    form = CannedForm("", "", "", request.args.get("folder", ""))
    return _edit_page(form, {}, scope=_scope())


@bp.post("/new")
@requires("conversations.reply")
def create() -> Redirect | tuple[str, int]:
    form, scope = _form(), _scope()
    errors = _errors(form)
    if not errors:
        try:
            with current().unit_of_work() as uow:
                is_personal = scope is not Scope.SHARED
                operations.create_canned(uow, form, _writer(), is_personal=is_personal)
        except InvalidInputError as error:
            errors[error.field] = translated(error.sentence)
        else:
            flash(translated(say("Saved. Type / in the answer box to use it.")))
            return redirect(_home(scope))
    return _edit_page(form, errors, scope=scope), 422


@bp.get("/<int:canned_id>")
@requires("conversations.reply")
def edit(canned_id: int) -> str:
    view = _editable(canned_id)
    form = CannedForm(view.shortcut, view.title, view.text, view.folder)
    return _edit_page(form, {}, view=view)


@bp.post("/<int:canned_id>")
@requires("conversations.reply")
def change(canned_id: int) -> Redirect | tuple[str, int]:
    view, form = _editable(canned_id), _form()
    errors = _errors(form)
    if not errors:
        try:
            with current().unit_of_work() as uow:
                operations.change_canned(uow, canned_id, form, _writer())
        except InvalidInputError as error:
            errors[error.field] = translated(error.sentence)
        else:
            flash(translated(say("Saved. Type / in the answer box to use it.")))
            return redirect(_home(_scope_of(view)))
    return _edit_page(form, errors, view=view), 422


@bp.post("/<int:canned_id>/delete")
@requires("conversations.reply")
def delete(canned_id: int) -> Redirect:
    view = _editable(canned_id)
    with current().unit_of_work() as uow:
        operations.delete_canned(uow, canned_id, _writer())
    flash(translated(say("/%(shortcut)s was deleted.", shortcut=view.shortcut)))
    return redirect(_home(_scope_of(view)))


@bp.post("/preview")
@requires("conversations.reply")
def preview() -> str:
    """How the text would look with sample values, as a fragment."""
    return render_template(
        "canned_responses/_preview.html", **_preview(request.form.get("text", ""))
    )


@bp.get("/export.csv")
@requires("conversations.reply")
def export() -> Response:
    scope = _scope()
    with current().reading() as session:
        text = importing.export(
            list_owned(session, _owner_id(scope)), is_chinese=str(get_locale()).startswith("zh")
        )
    name = f"wxdesk-canned-responses-{scope}.csv"
    disposition = f'attachment; filename="{name}"'
    return Response(text, mimetype="text/csv", headers={"Content-Disposition": disposition})


@bp.get("/import")
@requires("conversations.reply")
def choose_file() -> str:
    _refuse_reader(_scope())
    return _import_page(_scope())


@bp.post("/import")
@requires("conversations.reply")
def look_at_file() -> str | tuple[str, int]:
    """What the file would do; nothing changes yet."""
    scope = _scope()
    _refuse_reader(scope)
    file = request.files.get("file")
    data = file.stream.read() if file is not None else b""
    if not data:
        return _import_page(scope, error=translated(say("choose a CSV file"))), 422
    return _look(scope, data)


@bp.post("/import/confirm")
@requires("conversations.reply")
def confirm_file() -> Redirect | str | tuple[str, int]:
    scope = _scope()
    token, runtime = request.form.get("token", ""), current()
    data = kept(runtime.redis, person().id, token)
    if data is None:
        return _import_page(
            scope, error=translated(say("that took too long: choose it again"))
        ), 422
    try:
        with runtime.unit_of_work() as uow:
            plan = importing.carry_out(
                uow,
                _writer(),
                data,
                request.form.get("digest", ""),
                is_personal=scope is Scope.MINE,
            )
    except ConflictError as error:
        return _look(scope, data, error=translated(error.sentence))
    forget(runtime.redis, person().id, token)
    added, changed = plan.count("new"), plan.count("changed")
    flash(
        translated(say("Imported: %(new)d new, %(changed)d changed.", new=added, changed=changed))
    )
    return redirect(_home(scope))


def _look(scope: Scope, data: bytes, error: str | None = None) -> str | tuple[str, int]:
    runtime = current()
    try:
        with runtime.reading() as session:
            plan = importing.plan_of(list_owned(session, _owner_id(scope)), data)
    except InvalidInputError as problem:
        return _import_page(scope, error=translated(problem.sentence)), 422
    token = keep(runtime.redis, person().id, data)
    page = _import_page(scope, plan=plan, token=token, error=error)
    return (page, 409) if error else page


def _import_page(
    scope: Scope, *, plan: Plan | None = None, token: str = "", error: str | None = None
) -> str:
    return render_template(
        "canned_responses/import.html", scope=scope, plan=plan, token=token, error=error
    )


def _edit_page(
    form: CannedForm,
    errors: dict[str, str],
    *,
    view: CannedView | None = None,
    scope: Scope = Scope.MINE,
) -> str:
    scope = _scope_of(view) if view else scope
    _refuse_reader(scope)
    with current().reading() as session:
        folders = list_folders(session, person().id, scope)
    return render_template(
        "canned_responses/edit.html",
        form=form,
        errors=errors,
        canned=view,
        scope=scope,
        folders=folders,
        variables=[(name, translated(meaning)) for name, meaning in MEANINGS.items()],
        **_preview(form.text),
    )


def _preview(text: str) -> dict[str, object]:
    runtime = current()
    with runtime.reading() as session:
        accounts = list_names(session)
    sample = Situation(
        remark="王女士 VIP",
        agent=person().name,
        account=accounts[0].name if accounts else "wxdesk",
        conversation_id=1024,
        local_now=runtime.clock().astimezone(ZoneInfo(runtime.settings.timezone)),
    )
    values = values_of(sample)
    filled = fill(text[:LONGEST_TEXT].replace("\r\n", "\n").strip(), values)
    nameless = values | {Variable.CUSTOMER: "", Variable.REMARK: ""}
    return {
        "parts": [(part, len(part.encode())) for part in split_text(filled.text)],
        "most_bytes": MOST_BYTES,
        "most_parts": MOST_PARTS,
        "misspelt": filled.unknown,
        "without_value": [
            name for name in fill(text, nameless).unknown if name not in filled.unknown
        ],
    }


def _form() -> CannedForm:
    names = operations.WRITTEN
    return CannedForm(**{name: request.form.get(name, "") for name in names})


def _errors(form: CannedForm) -> dict[str, str]:
    found = operations.problems(form)
    return {field: translated(sentence) for field, sentence in found.items()}


def _scope() -> Scope:
    """Whose answers the page shows: one's own unless `scope` says shared."""
    is_shared = request.values.get("scope") == Scope.SHARED
    return Scope.SHARED if is_shared else Scope.MINE


def _scope_of(view: CannedView) -> Scope:
    return Scope.MINE if view.is_personal else Scope.SHARED


def _owner_id(scope: Scope) -> int | None:
    return person().id if scope is Scope.MINE else None


def _home(scope: Scope) -> str:
    return url_for("canned.index", scope=scope.value)


def _writer() -> Writer:
    return Writer(person().id, person().may("shared.write"))


def _may_edit(scope: Scope) -> bool:
    return scope is Scope.MINE or person().may("shared.write")


def _refuse_reader(scope: Scope) -> None:
    if not _may_edit(scope):
        raise NotAllowedError("shared.write")


def _editable(canned_id: int) -> CannedView:
    with current().reading() as session:
        view = get_canned(session, canned_id, person().id)
    _refuse_reader(_scope_of(view))
    return view
