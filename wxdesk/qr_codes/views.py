"""Marketers' pages: QR codes and what they bring."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from wxdesk.agents.access import person, requires
from wxdesk.media.api import takes_files
from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.plumbing.http import cursor_argument, cursor_of
from wxdesk.plumbing.translation import translated
from wxdesk.qr_codes import file_views, poster_views
from wxdesk.qr_codes.figures import count_by_day, figures_by, totals
from wxdesk.qr_codes.forms import Many, read_code, read_many, shown
from wxdesk.qr_codes.models import QrCode
from wxdesk.qr_codes.operations import archive_code, change_code, create_codes, make_again
from wxdesk.qr_codes.queries import (
    Wanted,
    conditions,
    count_unfinished,
    get_code,
    ids_of,
    list_accounts,
    list_campaigns,
    list_codes,
    list_folders,
)
from wxdesk.qr_codes.rules import LONGEST_DAYS, MOST_AT_ONCE
from wxdesk.qr_codes.shown import chart_of, kind_names, last_days, line_of, written
from wxdesk.runtime import current
from wxdesk.words import say

bp = Blueprint("qr_codes", __name__, url_prefix="/campaigns/qr-codes")

PAGE = 50
CHART_DAYS = 30

file_views.add_to(bp)
poster_views.add_to(bp)


@bp.get("")
@requires("campaigns.read")
def codes() -> str:
    """The list with what each code brought; sums of the filters and of folders above."""
    wanted, now = file_views.read_wanted(request.args), current().clock()
    cursor = cursor_argument(int)
    with current().reading() as session:
        before_id = cursor[0] if cursor else None
        found = list_codes(session, wanted, now, before_id=before_id, limit=PAGE + 1)
        page = found[:PAGE]
        figures = figures_by(session, QrCode.id, [ids_of(page)], now)
        folders = list_folders(session, wanted)
        sums, by_folder = None, {}
        if before_id is None and request.headers.get("HX-Request") != "true":
            sums = totals(session, conditions(wanted), now)
            if wanted.folder is None and len(folders) > 1:
                by_folder = figures_by(session, QrCode.folder, conditions(wanted), now)
        accounts, unfinished = list_accounts(session), count_unfinished(session, wanted)
    query = file_views.query_of(wanted)
    more = cursor_of((page[-1].id,)) if len(found) > PAGE else None
    return render_template(
        "qr_codes/codes.html",
        lines=[line_of(code, figures) for code in page],
        sums=written(sums) if sums else None,
        folders=folders,
        folder_lines=[(it, written(by_folder[it.name])) for it in folders if it.name in by_folder],
        accounts=accounts,
        kinds=kind_names(),
        wanted=wanted,
        query=query,
        unfinished=unfinished,
        is_later=before_id is not None,
        is_filtered=bool(query),
        next_url=_list_address({**query, "cursor": more}) if more else None,
    )


@bp.get("/new")
@requires("campaigns.write")
def new() -> str:
    form = {"kind": "partner", "folder": request.args.get("folder", "")}
    return _form_page(form, {})


@bp.post("/new")
@requires("campaigns.write")
def create() -> Response | tuple[str, int]:
    form, errors = read_code(request.form)
    if not errors:
        try:
            with current().unit_of_work() as uow:
                (code_id,) = create_codes(uow, [form], person().id)
        except InvalidInputError as error:
            errors[error.field] = error.sentence
        else:
            flash(translated(say("Ordered. WeChat makes it within seconds.")))
            return redirect(url_for("qr_codes.code", code_id=code_id))
    return _form_page(request.form.to_dict(), errors), 422


@bp.get("/many")
@requires("campaigns.write")
def many() -> str:
    return _many_page({"kind": "partner"}, Many((), (), {}))


@bp.post("/many")
@takes_files
@requires("campaigns.write")
def create_many() -> Response | tuple[str, int]:
    """All or none."""
    file = request.files.get("file")
    data = None
    if file is not None and file.filename:
        with file.stream as stream:
            data = stream.read()
    asked = read_many(request.form, data)
    if asked.is_good:
        try:
            with current().unit_of_work() as uow:
                create_codes(uow, asked.forms, person().id)
        except InvalidInputError as error:
            asked = asked.refused(error)
        else:
            count = len(asked.forms)
            flash(translated(say("Ordered %(count)d codes. WeChat makes them now.", count=count)))
            folder = {asked.forms[0].folder} == {form.folder for form in asked.forms}
            query = {"folder": asked.forms[0].folder} if folder and asked.forms[0].folder else {}
            return redirect(_list_address(query))
    return _many_page(request.form.to_dict(), asked), 422


@bp.get("/<int:code_id>")
@requires("campaigns.read")
def code(code_id: int) -> str:
    return _code_page(code_id, None, {})


@bp.post("/<int:code_id>")
@requires("campaigns.write")
def change(code_id: int) -> Response | tuple[str, int]:
    with current().reading() as session:
        before = get_code(session, code_id, current().clock())
    fixed = {"account_id": str(before.account_id), "scene": "", "life": ""}
    form, errors = read_code(request.form.to_dict() | fixed)
    if not errors:
        try:
            with current().unit_of_work() as uow:
                change_code(uow, code_id, form, person().id)
        except InvalidInputError as error:
            errors[error.field] = error.sentence
        else:
            flash(translated(say("Saved.")))
            return redirect(url_for("qr_codes.code", code_id=code_id))
    return _code_page(code_id, request.form.to_dict(), errors), 422


@bp.post("/<int:code_id>/archive")
@requires("campaigns.write")
def archive(code_id: int) -> Response:
    is_archived = request.form.get("is_archived") == "1"
    with current().unit_of_work() as uow:
        archive_code(uow, code_id, is_archived=is_archived, actor_id=person().id)
    return redirect(url_for("qr_codes.code", code_id=code_id))


@bp.post("/<int:code_id>/again")
@requires("campaigns.write")
def again(code_id: int) -> Response:
    with current().unit_of_work() as uow:
        make_again(uow, code_id, person().id)
    flash(translated(say("Ordered. WeChat makes it within seconds.")))
    return redirect(url_for("qr_codes.code", code_id=code_id))


def _form_page(form: dict[str, str], errors: dict[str, str]) -> str:
    with current().reading() as session:
        accounts, campaigns = list_accounts(session), list_campaigns(session)
        folders = list_folders(session, Wanted())
    return render_template(
        "qr_codes/new.html",
        form=form,
        errors=_translated(errors),
        accounts=accounts,
        campaigns=campaigns,
        folders=folders,
        kinds=kind_names(),
        longest_days=LONGEST_DAYS,
    )


def _many_page(form: dict[str, str], asked: Many) -> str:
    with current().reading() as session:
        accounts, campaigns = list_accounts(session), list_campaigns(session)
        folders = list_folders(session, Wanted())
    return render_template(
        "qr_codes/many.html",
        form=form,
        errors=_translated(asked.errors),
        problems=[(it.number, it.field, translated(it.sentence)) for it in asked.problems],
        accounts=accounts,
        campaigns=campaigns,
        folders=folders,
        kinds=kind_names(),
        longest_days=LONGEST_DAYS,
        most=MOST_AT_ONCE,
    )


def _code_page(code_id: int, form: dict[str, str] | None, errors: dict[str, str]) -> str:
    """One code; `form` None: as it is stored."""
    now, zone = current().clock(), ZoneInfo(current().settings.timezone)
    days = last_days(now, zone, CHART_DAYS)
    starts = [datetime.combine(day, time(), zone) for day in days]
    starts.append(datetime.combine(days[-1] + timedelta(days=1), time(), zone))
    with current().reading() as session:
        found = get_code(session, code_id, now)
        figures = figures_by(session, QrCode.id, [QrCode.id == code_id], now)
        scans, new_followers = count_by_day(session, found.account_id, found.scene, starts)
        campaigns = list_campaigns(session)
        folders = list_folders(session, Wanted())
    counts = {
        translated(say("Scans")): scans,
        translated(say("New followers")): new_followers,
    }
    return render_template(
        "qr_codes/code.html",
        line=line_of(found, figures),
        error=translated(found.error),
        form=form or shown(found),
        errors=_translated(errors),
        campaigns=campaigns,
        folders=folders,
        kinds=kind_names(),
        chart=chart_of(days, counts) if any(scans) or any(new_followers) else None,
    )


def _list_address(query: dict[str, str]) -> str:
    address = url_for("qr_codes.codes")
    return f"{address}?{urlencode(query)}" if query else address


def _translated(errors: dict[str, str]) -> dict[str, str]:
    return {field: translated(sentence) for field, sentence in errors.items()}
