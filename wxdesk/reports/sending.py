"""One run of a scheduled report: read it, write the mail, give it to the mail server, settle."""

from __future__ import annotations

import logging
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from wxdesk.plumbing.errors import DeliveryError, InvalidInputError
from wxdesk.reports import schedules
from wxdesk.reports.catalog import REPORTS
from wxdesk.reports.choices import choices_of
from wxdesk.reports.exports import xlsx_file
from wxdesk.reports.filters import read_filters
from wxdesk.reports.mails import Letter, compose, send, wording_of
from wxdesk.reports.names import facts_of, first_day, last_day, report_name
from wxdesk.reports.rules import Filters, Period, Report
from wxdesk.reports.schedule_rules import days_of
from wxdesk.reports.schedules import Claim, Outcome
from wxdesk.reports.snapshot import snapshot
from wxdesk.runtime import Runtime
from wxdesk.words import say

logger = logging.getLogger(__name__)

NO_SERVER = say("no mail server is set (WXDESK_SMTP_URL)")
NO_RIGHT = say("whoever set this up may not read reports any more")
NO_REPORT = say("there is no such report")
BAD_FILTERS = say("its filters can't be read")
SOME_REFUSED = say("some addresses were refused by the mail server")


def send_one(runtime: Runtime, mail_id: int) -> None:
    """Claim, send and settle a run; no transaction is open while the mail server is talked to."""
    with runtime.unit_of_work() as uow:
        claim = schedules.claim_mail(uow, mail_id)
    if claim is None:
        return
    outcome = _try(runtime, claim)
    with runtime.unit_of_work() as uow:
        schedules.settle_mail(uow, claim, outcome)


def _try(runtime: Runtime, claim: Claim) -> Outcome:
    if not runtime.settings.smtp_url:
        return _never(NO_SERVER)
    if not claim.owner_may_read:
        return _never(NO_RIGHT)
    if claim.form.report not in REPORTS:
        return _never(NO_REPORT)
    try:
        filters = _filters(runtime, claim)
    except InvalidInputError:
        return _never(BAD_FILTERS)
    try:
        refused = _send(runtime, claim, filters)
    except DeliveryError as error:
        logger.warning("report mail %d was not taken: code %s", claim.id, error.code)
        return Outcome(is_sent=False, problem=error.sentence, is_permanent=error.is_permanent)
    if refused:
        logger.warning("report mail %d: refused for %d recipients", claim.id, len(refused))
    return Outcome(is_sent=True, problem=SOME_REFUSED if refused else None)


def _never(problem: str) -> Outcome:
    return Outcome(is_sent=False, problem=problem, is_permanent=True)


def _filters(runtime: Runtime, claim: Claim) -> Filters:
    zone = ZoneInfo(runtime.settings.timezone)
    given = {**claim.form.filters, **days_of(claim.form.every, zone, claim.due_at)}
    return read_filters(given, runtime.settings, runtime.clock())


def _send(runtime: Runtime, claim: Claim, filters: Filters) -> list[str]:
    settings = runtime.settings
    wording = wording_of(claim.form.locale, filters.period.zone)
    with snapshot(runtime) as session:
        report = REPORTS[claim.form.report](session, filters, runtime.clock())
        choices = choices_of(session, filters, wording)
    facts = facts_of(report, filters, choices, wording)
    letter = Letter(
        key=f"report-{claim.schedule_id}-{int(claim.due_at.timestamp())}",
        sender=settings.mail_from,
        recipients=claim.form.recipients,
        subject=_subject(report, filters.period, wording.text(report_name(report.name))),
        facts=facts,
        url=_url(settings.public_url, claim, filters),
        at=runtime.clock(),
    )
    with xlsx_file(report, wording, facts) as book:
        mail = compose(report, letter, wording, book)
    return send(mail, settings.smtp_url)


def _subject(report: Report, period: Period, name: str) -> str:
    first, last = first_day(period), last_day(period)
    days = str(first) if first == last else f"{first} – {last}"
    return f"wxdesk · {name or report.name} · {days}"


def _url(public_url: str, claim: Claim, filters: Filters) -> str:
    """The same report in the browser, on the same days."""
    period = filters.period
    days = {"period": "custom", "from": str(first_day(period)), "to": str(last_day(period))}
    query = urlencode([*days.items(), *_pairs(claim)])
    return f"{public_url}/reports/{claim.form.report}?{query}"


def _pairs(claim: Claim) -> list[tuple[str, str]]:
    return [(name, value) for name, values in claim.form.filters.items() for value in values]
