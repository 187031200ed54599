"""What reports do in the background: messages are counted; reports are sent."""

from __future__ import annotations

import time
from zoneinfo import ZoneInfo

from wxdesk.background_jobs import COUNT_MESSAGES, SEND_REPORTS
from wxdesk.plumbing.clock import pause
from wxdesk.reports.schedules import due_mails, plan_runs, prune_mails
from wxdesk.reports.sending import send_one
from wxdesk.reports.tallies import count_new, has_uncounted, recount_stale
from wxdesk.runtime import current, rung

MOST_COUNTED = 20_000
MOST_RECOUNTED = 50
LONGEST_RUN_SECONDS = 5.0
BREATH_SECONDS = 0.01
LONGEST_MAILING_SECONDS = 60.0


@rung(COUNT_MESSAGES)
def count_messages() -> None:
    """Bring the tallies up to now, for about 5 seconds; a long rest (an upgrade's) rings again.

    Killed at any line it goes on where the last committed batch ended.
    """
    runtime = current()
    began = time.monotonic()
    while not runtime.stopping.is_set():
        with runtime.reading() as session:
            if not has_uncounted(session):
                return
        with runtime.unit_of_work() as uow:
            recount_stale(uow, MOST_RECOUNTED)
            count_new(uow, MOST_COUNTED)
        if time.monotonic() - began > LONGEST_RUN_SECONDS:
            runtime.queues.ring(COUNT_MESSAGES)
            return
        pause(BREATH_SECONDS)  # SQLite has one writer: let those in who wait


@rung(SEND_REPORTS)
def send_reports() -> None:
    """Plan the runs that are due, and send what is to be sent, for about a minute."""
    runtime = current()
    began = time.monotonic()
    with runtime.unit_of_work() as uow:
        plan_runs(uow, ZoneInfo(runtime.settings.timezone))
        prune_mails(uow)
    with runtime.reading() as session:
        due = due_mails(session, runtime.clock())
    for mail_id in due:
        if runtime.stopping.is_set() or time.monotonic() - began > LONGEST_MAILING_SECONDS:
            return
        send_one(runtime, mail_id)
