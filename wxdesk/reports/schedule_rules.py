"""When reports go out by e-mail, which days they are about, to whom. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from wxdesk.reports.rules import Every
from wxdesk.words import say

ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
LAST_LABEL = r"[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]"
ADDRESS = re.compile(
    rf"(?=.{{1,254}}\Z)(?=[^@]{{1,64}}@){ATOM}(?:\.{ATOM})*@(?:{LABEL}\.)+{LAST_LABEL}"
)
SEPARATORS = re.compile(r"[\s,;，；]+")
MOST_RECIPIENTS = 20
MOST_SCHEDULES = 100
LAST_HOUR = 23
DAYS_OF_WEEK = 7
MOST_TRIES = 5
CLAIM_LASTS = timedelta(minutes=10)
KEPT_FOR = timedelta(days=90)
LATEST = timedelta(days=2)  # a report that could not go out for so long is of no use any more
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 20, 60))


@dataclass(frozen=True, slots=True)
class ScheduleForm:
    """What a manager wants sent; `weekday` is 1 (Monday) to 7, `filters` without the period."""

    report: str
    every: Every
    weekday: int
    hour: int
    recipients: tuple[str, ...]
    locale: str
    filters: Mapping[str, Sequence[str]] = field(default_factory=dict)
    is_active: bool = True


def problems_of(
    form: ScheduleForm, reports: Sequence[str], locales: Sequence[str]
) -> dict[str, str]:
    """Field to sentence, for each that can't be taken."""
    found: dict[str, str] = {}
    if form.report not in reports:
        found["report"] = say("there is no such report")
    if not 1 <= form.weekday <= DAYS_OF_WEEK:
        found["weekday"] = say("between %(least)d and %(most)d", least=1, most=DAYS_OF_WEEK)
    if not 0 <= form.hour <= LAST_HOUR:
        found["hour"] = say("between %(least)d and %(most)d", least=0, most=LAST_HOUR)
    if form.locale not in locales:
        found["locale"] = say("one of: %(values)s", values=", ".join(locales))
    problem = _recipients_problem(form.recipients)
    if problem:
        found["recipients"] = problem
    return found


def read_recipients(text: str) -> tuple[str, ...]:
    """The addresses in a text, divided by commas, semicolons, spaces or lines; each once."""
    return tuple(dict.fromkeys(each for each in SEPARATORS.split(text.strip()) if each))


def next_run(form: ScheduleForm, zone: ZoneInfo, after: datetime) -> datetime:
    """The first time after that instant at which the report is due, in UTC."""
    day = after.astimezone(zone).date()
    for ahead in range(DAYS_OF_WEEK + 2):
        then = day + timedelta(days=ahead)
        at = datetime.combine(then, time(form.hour), zone).astimezone(UTC)
        fits = form.every is Every.DAY or then.isoweekday() == form.weekday
        if fits and at > after:
            return at
    raise AssertionError("every week has each of its days")


def days_of(every: Every, zone: ZoneInfo, due_at: datetime) -> dict[str, list[str]]:
    """The days before the run, as filters: yesterday, or the seven days until yesterday."""
    last = due_at.astimezone(zone).date() - timedelta(days=1)
    first = last if every is Every.DAY else last - timedelta(days=DAYS_OF_WEEK - 1)
    return {"period": ["custom"], "from": [first.isoformat()], "to": [last.isoformat()]}


def next_try(attempts: int, now: datetime) -> datetime | None:
    """When to try again after this many failed tries; None: never."""
    return None if attempts >= MOST_TRIES else now + PAUSES[min(attempts, len(PAUSES)) - 1]


def _recipients_problem(recipients: Sequence[str]) -> str | None:
    if not recipients:
        return say("at least one e-mail address is needed")
    if len(recipients) > MOST_RECIPIENTS:
        return say("at most %(most)d addresses", most=MOST_RECIPIENTS)
    for each in recipients:
        if not ADDRESS.fullmatch(each):
            return say("this is not an e-mail address: %(address)s", address=each[:80])
    return None
