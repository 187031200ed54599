"""Reports by e-mail: their schedules, and each run as a row that is sent once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from wxdesk.agents.models import Agent
from wxdesk.agents.rules import may
from wxdesk.audit.operations import note
from wxdesk.background_jobs import SEND_REPORTS
from wxdesk.notifications.operations import notify
from wxdesk.notifications.rules import Topic
from wxdesk.plumbing.db import insert_rows
from wxdesk.plumbing.errors import ConflictError, InvalidInputError, NotFoundError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.reports.mails import catalogue_of
from wxdesk.reports.models import ReportMail, ReportSchedule
from wxdesk.reports.names import report_name
from wxdesk.reports.rules import Every, MailState
from wxdesk.reports.schedule_rules import (
    CLAIM_LASTS,
    KEPT_FOR,
    LATEST,
    MOST_SCHEDULES,
    ScheduleForm,
    next_run,
    next_try,
)
from wxdesk.words import say

PERMISSION = "reports.read"
MOST_AT_ONCE = 50
RUNS_SHOWN = 5
LONGEST_ERROR = 300
UNSETTLED = (MailState.QUEUED, MailState.SENDING)


@dataclass(frozen=True, slots=True)
class RunView:
    due_at: datetime
    state: MailState
    attempts: int
    last_error: str | None
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class ScheduleView:
    """A schedule with its last runs, the newest first."""

    id: int
    form: ScheduleForm
    owner_id: int
    owner_name: str
    next_run_at: datetime
    runs: tuple[RunView, ...]


@dataclass(frozen=True, slots=True)
class Claim:
    """A mail that this process alone sends now."""

    id: int
    schedule_id: int
    due_at: datetime
    attempts: int
    form: ScheduleForm
    owner_may_read: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a try went; a mail that was sent can have a problem, too: not everybody got it.

    `is_permanent`: trying again can't help.
    """

    is_sent: bool
    problem: str | None = None
    is_permanent: bool = False


def list_schedules(session: Session) -> list[ScheduleView]:
    """All schedules (at most 100), in the order in which they were made."""
    query = (
        select(ReportSchedule, Agent.name)
        .join(Agent, Agent.id == ReportSchedule.owner_id)
        .order_by(ReportSchedule.id)
        .limit(MOST_SCHEDULES)
    )
    return [_view(session, *row) for row in session.execute(query)]


def get_schedule(session: Session, schedule_id: int) -> ScheduleForm:
    found = session.get(ReportSchedule, schedule_id)
    if found is None:
        raise NotFoundError(say("there is no such schedule"))
    return _form_of(found)


def create_schedule(uow: UnitOfWork, form: ScheduleForm, zone: ZoneInfo, owner_id: int) -> int:
    """The form must be without problems (schedule_rules.problems_of)."""
    if (uow.session.scalar(select(func.count(ReportSchedule.id))) or 0) >= MOST_SCHEDULES:
        sentence = say("at most %(most)d reports by e-mail", most=MOST_SCHEDULES)
        raise InvalidInputError("report", sentence)
    made = ReportSchedule(owner_id=owner_id, created_at=uow.now)
    _fill(made, form, zone, uow.now)
    uow.session.add(made)
    uow.session.flush()
    note(uow, "report_mail.created", f"report_mail:{made.id}", actor_id=owner_id, **_noted(form))
    return made.id


def change_schedule(
    uow: UnitOfWork, schedule_id: int, form: ScheduleForm, zone: ZoneInfo, actor_id: int
) -> None:
    """Whoever changes it answers for it: it is sent with their rights from now on."""
    found = _get(uow, schedule_id)
    _fill(found, form, zone, uow.now)
    found.owner_id = actor_id
    subject = f"report_mail:{schedule_id}"
    note(uow, "report_mail.changed", subject, actor_id=actor_id, **_noted(form))


def remove_schedule(uow: UnitOfWork, schedule_id: int, actor_id: int) -> None:
    found = _get(uow, schedule_id)
    uow.session.execute(delete(ReportMail).where(ReportMail.schedule_id == schedule_id))
    uow.session.delete(found)
    note(uow, "report_mail.deleted", f"report_mail:{schedule_id}", actor_id=actor_id)


def send_now(uow: UnitOfWork, schedule_id: int, actor_id: int) -> None:
    """One more run, at once, about the days before today; ConflictError while one is under way."""
    _get(uow, schedule_id)
    under_way = select(ReportMail.id).where(
        ReportMail.schedule_id == schedule_id, ReportMail.state.in_(UNSETTLED)
    )
    if uow.session.scalar(under_way.limit(1)) is not None:
        raise ConflictError(say("this report is being sent already"))
    note(uow, "report_mail.sent_now", f"report_mail:{schedule_id}", actor_id=actor_id)
    _queue(uow, [(schedule_id, uow.now)])
    uow.ring(SEND_REPORTS)


def plan_runs(uow: UnitOfWork, zone: ZoneInfo) -> None:
    """Schedules that are due get a run each: the last one that was missed, none before it."""
    due = uow.session.scalars(
        select(ReportSchedule)
        .where(ReportSchedule.is_active.is_(True), ReportSchedule.next_run_at <= uow.now)
        .order_by(ReportSchedule.next_run_at)
        .limit(MOST_SCHEDULES)
        .with_for_update(skip_locked=True)
    ).all()
    runs = []
    for schedule in due:
        form, due_at = _form_of(schedule), schedule.next_run_at
        while (later := next_run(form, zone, due_at)) <= uow.now:
            due_at = later
        runs.append((schedule.id, due_at))
        schedule.next_run_at = later
    _queue(uow, runs)


def due_mails(session: Session, now: datetime) -> list[int]:
    """Runs to send now, the oldest first."""
    query = (
        select(ReportMail.id)
        .where(
            ReportMail.state.in_(UNSETTLED),
            ReportMail.next_attempt_at <= now,
        )
        .order_by(ReportMail.next_attempt_at, ReportMail.id)
        .limit(MOST_AT_ONCE)
    )
    return list(session.scalars(query))


def claim_mail(uow: UnitOfWork, mail_id: int) -> Claim | None:
    """Take a run that is due; None when another process has it, or it is done with."""
    mail = uow.session.scalars(
        select(ReportMail)
        .where(
            ReportMail.id == mail_id,
            ReportMail.state.in_(UNSETTLED),
            ReportMail.next_attempt_at <= uow.now,
        )
        .with_for_update(skip_locked=True)
    ).first()
    if mail is None:
        return None
    schedule = uow.session.get_one(ReportSchedule, mail.schedule_id)
    owner = uow.session.get_one(Agent, schedule.owner_id)
    if uow.now - mail.due_at > LATEST or next_try(mail.attempts, uow.now) is None:
        mail.last_error = mail.last_error or say("it could not be sent in time")
        _fail(uow, mail, schedule)
        return None
    mail.state, mail.attempts, mail.claimed_at = MailState.SENDING, mail.attempts + 1, uow.now
    mail.next_attempt_at = uow.now + CLAIM_LASTS
    may_read = owner.is_active and may(owner.role, PERMISSION)
    return Claim(mail.id, schedule.id, mail.due_at, mail.attempts, _form_of(schedule), may_read)


def settle_mail(uow: UnitOfWork, claim: Claim, outcome: Outcome) -> None:
    """Note how a claimed run went, unless another process has taken it up since.

    A problem without an end fails it: the owner is told.
    """
    mail = uow.session.scalars(
        select(ReportMail)
        .where(
            ReportMail.id == claim.id,
            ReportMail.state == MailState.SENDING,
            ReportMail.attempts == claim.attempts,
        )
        .with_for_update()
    ).first()
    if mail is None:
        return
    mail.last_error = outcome.problem[:LONGEST_ERROR] if outcome.problem else None
    if outcome.is_sent:
        mail.state, mail.sent_at, mail.next_attempt_at = MailState.SENT, uow.now, None
        return
    again_at = next_try(claim.attempts, uow.now)
    if again_at is None or outcome.is_permanent:
        _fail(uow, mail, uow.session.get_one(ReportSchedule, mail.schedule_id))
        return
    mail.state, mail.next_attempt_at = MailState.QUEUED, again_at


def prune_mails(uow: UnitOfWork) -> None:
    """Delete a batch of runs that are old and done with."""
    old = (
        select(ReportMail.id)
        .where(ReportMail.due_at < uow.now - KEPT_FOR, ReportMail.next_attempt_at.is_(None))
        .limit(MOST_AT_ONCE)
    )
    uow.session.execute(delete(ReportMail).where(ReportMail.id.in_(old)))


def _fail(uow: UnitOfWork, mail: ReportMail, schedule: ReportSchedule) -> None:
    mail.state, mail.next_attempt_at = MailState.FAILED, None
    name = catalogue_of(schedule.locale)(report_name(schedule.report))
    details = {"report": name}
    key = f"report_mail:{mail.id}"
    notify(uow, [schedule.owner_id], Topic.REPORT_FAILED, None, details, key)


def _queue(uow: UnitOfWork, runs: list[tuple[int, datetime]]) -> None:
    rows = [
        {
            "schedule_id": schedule_id,
            "due_at": due_at,
            "state": MailState.QUEUED,
            "attempts": 0,
            "next_attempt_at": uow.now,
        }
        for schedule_id, due_at in runs
    ]
    if rows:
        insert_rows(uow.session, ReportMail, rows, passes_known=True)


def _get(uow: UnitOfWork, schedule_id: int) -> ReportSchedule:
    found = uow.session.get(ReportSchedule, schedule_id, with_for_update=True)
    if found is None:
        raise NotFoundError(say("there is no such schedule"))
    return found


def _fill(made: ReportSchedule, form: ScheduleForm, zone: ZoneInfo, now: datetime) -> None:
    made.report, made.every = form.report, form.every
    made.weekday, made.hour = form.weekday, form.hour
    made.filters = {name: list(values) for name, values in form.filters.items()}
    made.recipients = {"emails": list(form.recipients)}
    made.locale, made.is_active = form.locale, form.is_active
    made.next_run_at = next_run(form, zone, now)


def _form_of(it: ReportSchedule) -> ScheduleForm:
    filters: Mapping[str, Any] = it.filters
    return ScheduleForm(
        report=it.report,
        every=Every(it.every),
        weekday=it.weekday,
        hour=it.hour,
        recipients=tuple(it.recipients["emails"]),
        locale=it.locale,
        filters={name: tuple(values) for name, values in filters.items()},
        is_active=it.is_active,
    )


def _noted(form: ScheduleForm) -> dict[str, Any]:
    """Not the addresses themselves: the audit log is kept for ever."""
    domains = sorted({each.rpartition("@")[2].lower() for each in form.recipients})
    return {"report": form.report, "recipients": len(form.recipients), "domains": domains}


def _view(session: Session, it: ReportSchedule, owner_name: str) -> ScheduleView:
    runs = session.scalars(
        select(ReportMail)
        .where(ReportMail.schedule_id == it.id)
        .order_by(ReportMail.due_at.desc())
        .limit(RUNS_SHOWN)
    )
    views = tuple(
        RunView(run.due_at, run.state, run.attempts, run.last_error, run.sent_at) for run in runs
    )
    return ScheduleView(it.id, _form_of(it), it.owner_id, owner_name, it.next_run_at, views)
