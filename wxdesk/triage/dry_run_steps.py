"""Working through a dry run: a slice of messages at a time, each kept before the next begins."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.exc import OperationalError, TimeoutError
from sqlalchemy.orm import Session

from wxdesk.runtime import Runtime
from wxdesk.triage import dry_runs
from wxdesk.triage.conditions import unmet_by, unmet_time
from wxdesk.triage.dry_runs import Claim
from wxdesk.triage.history import (
    Answers,
    Past,
    Span,
    facts_of,
    find_span,
    read_past,
    read_waits,
)
from wxdesk.triage.past_moments import read_past_moments
from wxdesk.triage.queries import list_rule_texts
from wxdesk.triage.replaying import EVENTS, Stage, caught_of, count, set_stage
from wxdesk.triage.rules import CustomerFacts, Moment, Trigger
from wxdesk.triage.stored import rule_text_of

logger = logging.getLogger(__name__)

MOST_MESSAGES = 200_000
SLICE = 5_000
WAIT_SECONDS = 3.0  # a request waits no longer for the result
AWAY = (OperationalError, TimeoutError)


@dataclass(frozen=True, slots=True)
class _Work:
    """What stays the same for all slices of a run."""

    stage: Stage
    span: Span
    moment_at: Callable[[datetime], Moment]
    are_events: bool


def work(runtime: Runtime, run_id: int, seconds: float) -> None:
    """Go on with a run for some seconds, or until it is done; nothing if another process has it."""
    try:
        with runtime.unit_of_work() as uow:
            it = dry_runs.claim(uow, run_id)
        if it is not None:
            _go_on(runtime, it, time.monotonic() + seconds)
    except AWAY:
        raise  # the claim ends by itself, and the run goes on from what was kept
    except Exception:  # one rule must not stop the dry runs of all others
        logger.exception("dry run %d failed", run_id)
        with runtime.unit_of_work() as uow:
            dry_runs.give_up(uow, run_id)


def _go_on(runtime: Runtime, it: Claim, ends_at: float) -> None:
    with runtime.reading() as session:
        its = _prepare(session, it, ZoneInfo(runtime.settings.timezone), runtime.clock())
    kept: Claim | None = it
    while kept is not None:
        kept = _slice(runtime, kept, its)
        if kept is not None and (time.monotonic() > ends_at or runtime.stopping.is_set()):
            with runtime.unit_of_work() as uow:
                dry_runs.let_go(uow, kept)
            return


def _slice(runtime: Runtime, it: Claim, its: _Work) -> Claim | None:
    """Count the next messages and keep the counts; None when there is nothing left to do."""
    with runtime.reading() as session:
        past = _read(session, it, its, runtime.clock())
        _count(session, its, past, it)
    is_last = its.stage.rule.trigger is Trigger.WAITING or len(past) < SLICE
    reached = its.span.last_id if is_last else past[-1].message_id
    done = replace(it, position_id=reached, scanned=it.scanned + len(past))
    span = asdict(its.span)
    if is_last:
        span["total"] = done.scanned
    with runtime.unit_of_work() as uow:
        is_ours = dry_runs.keep(uow, done, span, is_last=is_last)
        kept_at = uow.now
    if not is_ours or is_last:
        return None
    return replace(done, claimed_at=kept_at)


def _prepare(session: Session, it: Claim, zone: ZoneInfo, now: datetime) -> _Work:
    rule = rule_text_of(it.form, rule_id=it.rule_id or 0)
    stage = set_stage(rule, list_rule_texts(session, it.account_id, now), zone, now)
    are_events = rule.trigger in EVENTS
    span = Span(**it.span) if it.span else None
    if span is None:
        span = find_span(session, it.account_id, it.since, MOST_MESSAGES, are_events=are_events)
    moments = read_past_moments(session, it.account_id, it.since, now)
    return _Work(stage, span, moments.at, are_events)


def _read(session: Session, it: Claim, its: _Work, now: datetime) -> Sequence[Past]:
    if its.stage.rule.trigger is Trigger.WAITING:
        minutes = it.form.waiting_minutes or 0
        return read_waits(session, it.account_id, it.since, minutes, now, MOST_MESSAGES)
    after_id = max(it.position_id, its.span.after_id)
    return read_past(
        session, it.account_id, after_id, its.span.last_id, SLICE, are_events=its.are_events
    )


def _count(session: Session, its: _Work, past: Sequence[Past], it: Claim) -> None:
    facts = _facts(session, past)
    if its.stage.rule.trigger is Trigger.WAITING:
        caught = [one for one in past if _holds(its.stage, one, facts)]
    else:
        caught = caught_of(its.stage, past, its.moment_at, facts)
    count(its.stage, caught, Answers(session, caught), its.moment_at, facts, it.tally)


def _holds(stage: Stage, it: Past, facts: Callable[[Past], CustomerFacts | None]) -> bool:
    conditions = stage.rule.conditions
    if unmet_time(conditions, it.at, stage.zone) is not None:
        return False
    return unmet_by(conditions, facts(it) if conditions.needs_customer else None) is None


def _facts(session: Session, past: Sequence[Past]) -> Callable[[Past], CustomerFacts | None]:
    """What is known of a message's customer; read for the whole slice when it is first needed."""
    read: dict[int, tuple[CustomerFacts, int]] = {}

    def facts(it: Past) -> CustomerFacts | None:
        if not read:
            read.update(facts_of(session, past))
        known = read.get(it.contact_id)
        if known is None:
            return None
        customer, first_message_id = known
        is_new = not first_message_id or it.message_id <= first_message_id
        return replace(customer, is_new=is_new)

    return facts
