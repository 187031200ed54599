"""What can be shown to the boss: a page to print, and the same as files."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, render_template, stream_with_context

from wxdesk.agents.access import requires
from wxdesk.corrections.files import PAGE, Writer, csv_lines, workbook
from wxdesk.corrections.queries import RecipientView, get_view, list_recipients, wrong_text
from wxdesk.corrections.reporting import report_of
from wxdesk.corrections.rules import RecipientState
from wxdesk.corrections.wording import PASSIVE_NOTE, REACHES, RECIPIENTS, STATES
from wxdesk.plumbing.sheets import workbook_response
from wxdesk.plumbing.translation import translated
from wxdesk.runtime import current
from wxdesk.words import say

bp = Blueprint("correction_reports", __name__, url_prefix="/campaigns/corrections")

MINUTE, HOUR, DAY = 60, 3600, 86_400


@bp.get("/<int:correction_id>/report")
@requires("campaigns.read")
def report(correction_id: int) -> str:
    """Made to be printed."""
    runtime = current()
    with runtime.reading() as session:
        made = report_of(session, correction_id, runtime.clock())
        text = wrong_text(session, made.view.row)
    return render_template(
        "corrections/report.html",
        report=made,
        wrong_text=text,
        lasted=_duration(made.lasted),
        share=f"{made.corrected / made.view.total:.1%}" if made.view.total else "–",
        view=made.view,
        row=made.view.row,
        now=runtime.clock(),
        states=STATES,
        reaches=REACHES,
        recipient_states=RECIPIENTS,
        RecipientState=RecipientState,
        passive_note=PASSIVE_NOTE,
        say_it=translated,
    )


@bp.get("/<int:correction_id>/recipients.csv")
@requires("campaigns.read")
def recipients_csv(correction_id: int) -> Response:
    """What became of each person, streamed."""
    with current().reading() as session:
        get_view(session, correction_id)
    lines = csv_lines(lambda after_id: _pages(correction_id, after_id), _writer())
    name = f"wxdesk-correction-{correction_id}.csv"
    return Response(
        stream_with_context(lines),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@bp.get("/<int:correction_id>/report.xlsx")
@requires("campaigns.read")
def report_xlsx(correction_id: int) -> Response:
    """Figures, hours and people."""
    runtime = current()
    with runtime.reading() as session:
        made = report_of(session, correction_id, runtime.clock())
    file = workbook(made, lambda after_id: _pages(correction_id, after_id), _writer())
    return workbook_response(file, f"wxdesk-correction-{correction_id}.xlsx")


def _duration(span: timedelta | None) -> str:
    """The two largest units; a dash while it goes on."""
    if span is None:
        return "–"
    seconds = round(span.total_seconds())
    minutes, hours = seconds // 60, seconds // 3600
    if seconds < MINUTE:
        return translated(say("%(s)d s", s=seconds))
    if seconds < HOUR:
        return translated(say("%(m)d min %(s)02d s", m=minutes, s=seconds % MINUTE))
    if seconds < DAY:
        return translated(say("%(h)d h %(m)02d min", h=hours, m=minutes % 60))
    return translated(say("%(d)d d %(h)d h", d=hours // 24, h=hours % 24))


def _pages(correction_id: int, after_id: int) -> list[RecipientView]:
    runtime = current()
    with runtime.reading() as session:
        row = get_view(session, correction_id).row
        return list_recipients(session, row, runtime.clock(), after_id=after_id, limit=PAGE)


def _writer() -> Writer:
    texts: dict[str, str] = {}

    def say_it(text: str) -> str:
        """The same few in every row of a file: each is looked up once."""
        if text not in texts:
            texts[text] = translated(text)
        return texts[text]

    return Writer(say_it, ZoneInfo(current().settings.timezone))
