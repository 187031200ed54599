"""The page of a campaign's prize codes: import, what became of each, voiding, lost ones."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from wxdesk.agents.access import person, requires
from wxdesk.campaigns.code_files import read_codes
from wxdesk.campaigns.code_import import import_file
from wxdesk.campaigns.code_queries import count_codes, find_import, list_batches, list_codes
from wxdesk.campaigns.codes import Wish, release_lost, void_unused
from wxdesk.campaigns.queries import get_campaign
from wxdesk.campaigns.rules import CodeState
from wxdesk.plumbing.errors import ConflictError, InvalidInputError
from wxdesk.plumbing.http import cursor_argument, cursor_of
from wxdesk.plumbing.translation import translated
from wxdesk.runtime import current
from wxdesk.words import say

PAGE = 100


@requires("campaigns.read")
def codes(campaign_id: int) -> str:
    """`state` and `q` (a part of the code) choose some."""
    return _page(campaign_id)


@requires("campaigns.write")
def upload(campaign_id: int) -> Response | tuple[str, int]:
    """Multipart: `codes` a file, or `text` pasted; `prize` for codes that name none, `batch`."""
    file = request.files.get("codes")
    data = file.stream.read() if file is not None and file.filename else b""
    data = data or request.form.get("text", "").encode()
    name = file.filename if file is not None and file.filename else ""
    batch = request.form.get("batch", "").strip() or name or ""
    try:
        if not data.strip():
            raise InvalidInputError("codes", say("choose a file, or paste codes"))
        wish = Wish(request.form.get("prize", "").strip(), batch[:80], person().id)
        done = import_file(current(), campaign_id, read_codes(data), wish)
    except InvalidInputError as error:
        return _page(campaign_id, error=error), 422
    except ConflictError as error:
        return _page(campaign_id, error=InvalidInputError("codes", error.sentence)), 409
    flash(translated(say("Imported: %(count)d codes.", count=done.count)))
    return redirect(url_for("campaigns.codes", campaign_id=campaign_id))


@requires("campaigns.read")
def importing(campaign_id: int) -> str:
    """The part of the page that says how far a large file is."""
    with current().reading() as session:
        return render_template(
            "campaigns/_importing.html",
            campaign_id=campaign_id,
            importing=find_import(session, campaign_id),
        )


@requires("campaigns.write")
def void(campaign_id: int) -> Response:
    """Codes that nobody got are never given; of one `batch`, or all."""
    batch = request.form.get("batch")
    with current().unit_of_work() as uow:
        count = void_unused(
            uow, campaign_id, redis=current().redis, batch=batch, actor_id=person().id
        )
    flash(translated(say("%(count)d codes are not given any more.", count=count)))
    return redirect(url_for("campaigns.codes", campaign_id=campaign_id))


@requires("campaigns.write")
def release(campaign_id: int) -> Response:
    """Lost codes are given again: somebody may have one of them already."""
    with current().unit_of_work() as uow:
        count = release_lost(uow, campaign_id, actor_id=person().id)
    flash(translated(say("%(count)d codes may be given again.", count=count)))
    return redirect(url_for("campaigns.codes", campaign_id=campaign_id))


def _page(campaign_id: int, error: InvalidInputError | None = None) -> str:
    runtime = current()
    text = request.args.get("q", "").strip()[:100]
    name = request.args.get("state", "")
    state = CodeState(name) if name in list(CodeState) else None
    cursor = cursor_argument(int)
    with runtime.reading() as session:
        view = get_campaign(session, campaign_id, runtime.clock())
        found = list_codes(
            session,
            campaign_id,
            state=state,
            after_id=cursor[0] if cursor else 0,
            limit=PAGE + 1,
            text=text,
        )
        counts = count_codes(session, campaign_id)
        batches = list_batches(session, campaign_id)
        importing = find_import(session, campaign_id)
    return render_template(
        "campaigns/codes.html",
        campaign=view,
        codes=found[:PAGE],
        counts=counts,
        batches=batches,
        campaign_id=campaign_id,
        importing=importing,
        state=state,
        q=text,
        form=request.form if error else {},
        errors={error.field: translated(error.sentence)} if error else {},
        problems=_problems(error),
        next_cursor=cursor_of((found[PAGE - 1].id,)) if len(found) > PAGE else None,
    )


def _problems(error: InvalidInputError | None) -> list[dict[str, Any]]:
    if error is None:
        return []
    return [
        {"line": it["line"], "problem": translated(it["problem"])}
        for it in error.extra.get("problems", [])
    ]
