"""Who takes part in a campaign: the list, and files of all of them."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from flask import Response, render_template

from wxdesk.agents.access import requires
from wxdesk.campaigns.exporting import csv_pieces, xlsx_of_entries
from wxdesk.campaigns.queries import CampaignView, EntryView, get_campaign, list_entries, sums_of
from wxdesk.plumbing.http import cursor_argument, cursor_of
from wxdesk.plumbing.sheets import workbook_response
from wxdesk.plumbing.translation import translated
from wxdesk.runtime import Runtime, current

PAGE = 100
PIECE = 2_000


@requires("campaigns.read")
def entries(campaign_id: int) -> str:
    """The newest first."""
    runtime = current()
    cursor = cursor_argument(int)
    with runtime.reading() as session:
        view = get_campaign(session, campaign_id, runtime.clock())
        found = list_entries(
            session,
            campaign_id,
            after_id=cursor[0] if cursor else 0,
            limit=PAGE + 1,
            newest=True,
        )
        sums = sums_of(session, [view])[view.id]
    return render_template(
        "campaigns/entries.html",
        campaign=view,
        entries=found[:PAGE],
        sums=sums,
        next_cursor=cursor_of((found[PAGE - 1].id,)) if len(found) > PAGE else None,
    )


@requires("campaigns.read")
def entries_csv(campaign_id: int) -> Response:
    """All entries by id, streamed."""
    runtime = current()
    view, zone = _view(runtime, campaign_id), ZoneInfo(runtime.settings.timezone)
    pieces = csv_pieces(_pages(runtime, campaign_id), zone, translated)
    response = Response(pieces, mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="wxdesk-entries-{view.id}.csv"'
    return response


@requires("campaigns.read")
def entries_xlsx(campaign_id: int) -> Response:
    """The same as a sheet; Excel takes a million rows."""
    runtime = current()
    view, zone = _view(runtime, campaign_id), ZoneInfo(runtime.settings.timezone)
    file = xlsx_of_entries(_pages(runtime, campaign_id), zone, translated)
    return workbook_response(file, f"wxdesk-entries-{view.id}.xlsx")


def _view(runtime: Runtime, campaign_id: int) -> CampaignView:
    with runtime.reading() as session:
        return get_campaign(session, campaign_id, runtime.clock())


def _pages(runtime: Runtime, campaign_id: int) -> Iterator[list[EntryView]]:
    """Each page in a transaction of its own: a slow download holds none open."""
    last_id = 0
    while True:
        with runtime.reading() as session:
            page = list_entries(session, campaign_id, after_id=last_id, limit=PIECE)
        if page:
            yield page
            last_id = page[-1].id
        if len(page) < PIECE:
            return
