"""Files of QR codes: a picture of one, an archive of many, a table of what they brought."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from flask import Blueprint, Response, request

from wxdesk.agents.access import requires
from wxdesk.plumbing.csv_files import write_table
from wxdesk.plumbing.errors import ConflictError, InvalidInputError
from wxdesk.plumbing.http import whole_number
from wxdesk.plumbing.translation import translated
from wxdesk.qr_codes.archives import MOST_CODES, zip_of
from wxdesk.qr_codes.figures import Figures, Kept, figures_by
from wxdesk.qr_codes.models import QrCode
from wxdesk.qr_codes.pictures import USUAL_PIXELS, png_of, svg_of
from wxdesk.qr_codes.queries import CodeView, Wanted, get_code, ids_of, list_codes
from wxdesk.qr_codes.rules import CodeKind, ShownState
from wxdesk.qr_codes.shown import kind_names, state_name
from wxdesk.runtime import current
from wxdesk.wechat.media_calls import safe_name
from wxdesk.words import say

MOST_ROWS = 20_000
ROWS_AT_ONCE = 500
LONGEST_TEXT = 80
NO_FOLDER = "-"
HEADING = (
    say("Name"),
    say("Kind"),
    say("Folder"),
    say("Official account"),
    say("Scene"),
    say("State"),
    say("Address"),
    say("Cost (yuan)"),
    say("Scans"),
    say("People"),
    say("New followers"),
    say("Came back"),
    say("Still following"),
    say("Old enough for 7 days"),
    say("Followed for 7 days"),
    say("Old enough for 30 days"),
    say("Followed for 30 days"),
    say("Conversations"),
    say("Cost per follower kept 7 days (yuan)"),
    say("Cost per follower kept 30 days (yuan)"),
)


def add_to(bp: Blueprint) -> None:
    """These endpoints belong to the pages' blueprint."""
    bp.get("/<int:code_id>/code.png")(png)
    bp.get("/<int:code_id>/code.svg")(svg)
    bp.get("/codes.zip")(archive_file)
    bp.get("/codes.csv")(table_file)


def read_wanted(values: Mapping[str, str]) -> Wanted:
    """The list's filters of an address; a folder "-" are the codes without one."""
    folder = values.get("folder", "").strip()
    try:
        kind = CodeKind(values["kind"]) if values.get("kind") else None
    except ValueError:
        wanted = ", ".join(CodeKind)
        raise InvalidInputError("kind", say("one of: %(values)s", values=wanted)) from None
    return Wanted(
        account_id=whole_number(values.get("account_id", "")),
        folder=("" if folder == NO_FOLDER else folder) if folder else None,
        kind=kind,
        text=values.get("text", "").strip()[:LONGEST_TEXT],
        is_archived=values.get("archived") == "1",
    )


def query_of(wanted: Wanted) -> dict[str, str]:
    """What an address needs so that `read_wanted` gives the same."""
    folder = NO_FOLDER if wanted.folder == "" else wanted.folder
    query = {
        "account_id": str(wanted.account_id or ""),
        "folder": folder or "",
        "kind": str(wanted.kind or ""),
        "text": wanted.text,
        "archived": "1" if wanted.is_archived else "",
    }
    return {name: value for name, value in query.items() if value}


@requires("campaigns.read")
def png(code_id: int) -> Response:
    """The code; `size` is its width in pixels."""
    code = ready_code(code_id)
    pixels = whole_number(request.args.get("size", "")) or USUAL_PIXELS
    return picture(code, png_of(code.url, pixels), "image/png", ".png")


@requires("campaigns.read")
def svg(code_id: int) -> Response:
    code = ready_code(code_id)
    return picture(code, svg_of(code.url), "image/svg+xml", ".svg")


@requires("campaigns.read")
def archive_file() -> Response:
    """A picture of each code of the list, at most 2,000, newest first; those that are ready."""
    codes = ready_codes(MOST_CODES)
    parts = zip_of(codes, lambda code: (png_of(code.url), ".png"))
    return Response(parts, mimetype="application/zip", headers=attachment("qr-codes.zip"))


@requires("campaigns.read")
def table_file() -> Response:
    """The list with its figures, at most 20,000 codes."""
    wanted, now = read_wanted(request.args), current().clock()
    rows: list[list[str]] = []
    with current().reading() as session:
        before_id: int | None = None
        while len(rows) < MOST_ROWS:
            page = list_codes(session, wanted, now, before_id=before_id, limit=ROWS_AT_ONCE)
            if not page:
                break
            figures = figures_by(session, QrCode.id, [ids_of(page)], now)
            rows += [_cells(code, figures.get(code.id, Figures())) for code in page]
            before_id = page[-1].id
    text = write_table([translated(name) for name in HEADING], rows)
    return Response(text, mimetype="text/csv", headers=attachment("qr-codes.csv"))


def ready_code(code_id: int) -> CodeView:
    """ConflictError while WeChat has not made it; one whose time is over has a picture still."""
    with current().reading() as session:
        code = get_code(session, code_id, current().clock())
    if not code.url:
        raise ConflictError(say("WeChat has not made this code yet"))
    return code


def ready_codes(limit: int) -> list[CodeView]:
    """Of the list that the address names; ConflictError when there is none, or too many."""
    with current().reading() as session:
        found = list_codes(
            session,
            read_wanted(request.args),
            current().clock(),
            before_id=None,
            limit=limit + 1,
        )
    if len(found) > limit:
        raise ConflictError(
            say("at most %(most)d codes in one file: choose a folder, or search", most=limit)
        )
    ready = [code for code in found if code.state is ShownState.READY]
    if not ready:
        raise ConflictError(say("none of these codes is ready"))
    return ready


def picture(code: CodeView, data: bytes, content_type: str, suffix: str) -> Response:
    """Shown in a page, or kept under the label when `save` is asked for."""
    headers = {"Cache-Control": "private, max-age=60"}
    if request.values.get("save"):
        headers |= attachment(f"{safe_name(code.label) or code.scene}{suffix}")
    return Response(data, mimetype=content_type, headers=headers)


def attachment(name: str) -> dict[str, str]:
    """With a plain name for old browsers, and the whole one in UTF-8 (RFC 6266)."""
    plain = name.encode("ascii", "ignore").decode().replace('"', "").strip(". -") or "file"
    value = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    return {"Content-Disposition": value}


def _cells(code: CodeView, its: Figures) -> list[str]:
    return [
        code.label,
        kind_names()[code.kind],
        code.folder,
        code.account_name,
        code.scene,
        state_name(code.state),
        code.url,
        "" if its.cost_cents is None else _yuan(its.cost_cents),
        *(str(number) for number in (its.scans, its.people, its.new_followers, its.returned)),
        str(its.following),
        *_kept_cells(its.short),
        *_kept_cells(its.long),
        str(its.conversations),
        _maybe_yuan(its.cents_a_kept(its.short)),
        _maybe_yuan(its.cents_a_kept(its.long)),
    ]


def _kept_cells(kept: Kept) -> list[str]:
    return [str(kept.of), str(kept.count) if kept.of else ""]


def _yuan(cents: float) -> str:
    return f"{cents / 100:.2f}"


def _maybe_yuan(cents: float | None) -> str:
    return "" if cents is None else _yuan(cents)
