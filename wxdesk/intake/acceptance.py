"""A verified push becomes durable, and gets its answer: one Redis round trip, or the spool.

`success` (or a rule's answer) is returned only after the push is in a stream or in a spool file.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from redis import RedisError
from redis import TimeoutError as RedisTimeoutError
from sqlalchemy.exc import SQLAlchemyError

from wxdesk.background_jobs import DRAIN_INTAKE
from wxdesk.conversations import standings
from wxdesk.conversations.queries import find_standing
from wxdesk.conversations.rules import Standing
from wxdesk.intake.answering import Plan, plan_of
from wxdesk.intake.directory import Desk
from wxdesk.intake.entries import MICROSECOND, body_of, read_answer
from wxdesk.intake.rules import AutoAnswer, HeldAnswer
from wxdesk.intake.streams import NAMES, intake_streams
from wxdesk.outbound import held
from wxdesk.plumbing.clock import EPOCH
from wxdesk.plumbing.spool import Spooled
from wxdesk.plumbing.streams import Offer
from wxdesk.runtime import Runtime
from wxdesk.triage.customers import AskOnce, Customers
from wxdesk.triage.hearing import heard_of
from wxdesk.triage.rules import Urgency, Verdict, judge
from wxdesk.wechat.push import Push

logger = logging.getLogger(__name__)

AVOID_REDIS_SECONDS = 0.5
DOUBT_SECONDS = 20.0  # longer than WeChat tries
FOR_PEOPLE = NAMES.index(Urgency.DIRECT.value) + 1


class Acceptance:
    """Shared by the threads of one web process."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._streams = intake_streams(runtime.redis)
        self._customers = Customers(runtime)
        self._redis_failed_at = -AVOID_REDIS_SECONDS
        self._doubted_at = -DOUBT_SECONDS

    def accept(self, desk: Desk, push: Push) -> AutoAnswer | HeldAnswer | None:
        """Make the push durable and return its answer, the same for each delivery.

        A rule's answer; or, where only pushes can be answered, what people had to wait with.

        Raises OSError when neither Redis nor the disk can take it.
        """
        offer, plan = self._offer(desk, push)
        if time.monotonic() - self._redis_failed_at > AVOID_REDIS_SECONDS:
            try:
                if self._runtime.spool.is_empty():  # else this push would overtake the spooled
                    return self._append(offer, plan)
            except (RedisError, OSError) as error:
                self._refuse_doubt(offer, error)
                self._redis_failed_at = time.monotonic()
                logger.warning("redis unreachable (%s); spooling", type(error).__name__)
        return self._spool(desk, push, offer, plan)

    def _refuse_doubt(self, offer: Offer, error: Exception) -> None:
        """Redis may have given a person's answer or a code to this push before it fell silent.

        Then the redelivery gets the answer. Only once: a Redis that stays silent must not cost
        messages. Raises OSError.
        """
        is_first = time.monotonic() - self._doubted_at > DOUBT_SECONDS
        is_taken = offer.held_stream is not None or offer.gate is not None
        if is_taken and isinstance(error, RedisTimeoutError) and is_first:
            self._doubted_at = time.monotonic()
            raise OSError("redis fell silent while an answer may have been taken") from error

    def _offer(self, desk: Desk, push: Push) -> tuple[Offer, Plan | None]:
        account_id, now, once_key = desk.keys.id, self._runtime.clock(), push.once_key
        plan = self._plan(desk, push, once_key, now)
        offer = Offer(
            once_key=f"{account_id}:{once_key}",
            standings_key=standings.key(account_id),
            standings_field=push.openid,
            counter_field=str(account_id),
            body=body_of(push, account_id, now),
            answer=plan.answer if plan else "",
            choices=_choices(is_event=push.is_event, speaks=Speaks.of(plan)),
            held_key=held.key(account_id),
            taken_key=held.taken_key(account_id),
            held_stream=FOR_PEOPLE if desk.takes_held and not push.is_event else None,
            gate=plan.gate if plan else None,
        )
        return offer, plan

    def _plan(self, desk: Desk, push: Push, once_key: str, now: datetime) -> Plan | None:
        """What the account's rules say; None when none of them answers this."""
        if not desk.rulebook:
            return None
        heard = heard_of(
            kind=push.kind,
            event=push.event,
            text=push.text,
            fields=push.fields,
            openid=push.openid,
            at=now,
        )
        if heard is None:
            return None
        customer = AskOnce(self._customers, desk.keys.id, push.openid)
        found = desk.rulebook.find(heard, desk.moment, customer)
        hit = desk.stops.still(found) if found else None
        return plan_of(hit, heard, desk.moment, once_key) if hit else None

    def _append(self, offer: Offer, plan: Plan | None) -> AutoAnswer | HeldAnswer | None:
        appended = self._streams.append_once(offer)
        if appended.must_ring:
            self._ring()
        if plan is not None and plan.said is not None and appended.answer == plan.answer:
            return plan.said
        return read_answer(appended.answer)

    def _ring(self) -> None:
        try:
            self._runtime.queues.ring(DRAIN_INTAKE)
        except RedisError:
            logger.warning("doorbell failed; the scheduler rings again in two seconds")

    def _spool(
        self, desk: Desk, push: Push, offer: Offer, plan: Plan | None
    ) -> AutoAnswer | HeldAnswer | None:
        standing = self._standing(desk.keys.id, push.openid)
        speaks = Speaks.of(plan if plan and plan.spooled else None)
        verdict = _verdict(standing, is_event=push.is_event, speaks=speaks)
        answer = plan.spooled if plan and verdict.is_auto_answered else ""
        entry = Spooled(
            once_key=offer.once_key,
            stream=verdict.urgency.value,
            body=offer.body,
            answer=answer,
            order=(self._runtime.clock() - EPOCH) // MICROSECOND,
        )
        return read_answer(self._runtime.spool.put(entry).answer)

    def _standing(self, account_id: int, openid: str) -> Standing:
        """Redis is away: ask the database; if that is away too, let no rule speak."""
        try:
            with self._runtime.reading() as session:
                return find_standing(session, account_id, openid)
        except SQLAlchemyError as error:
            logger.warning("database unreachable too (%s)", type(error).__name__)
            return Standing.ATTENDED


@dataclass(frozen=True, slots=True)
class Speaks:
    """What of a rule decides about streams."""

    has_hit: bool = False
    passes_on: bool = False
    answers_attended: bool = False

    @classmethod
    def of(cls, plan: Plan | None) -> Speaks:
        if plan is None:
            return NOTHING
        return cls(has_hit=True, passes_on=plan.passes_on, answers_attended=plan.answers_attended)


NOTHING = Speaks()


def _verdict(standing: Standing, *, is_event: bool, speaks: Speaks) -> Verdict:
    return judge(
        is_event=is_event,
        has_hit=speaks.has_hit,
        is_attended=standing.is_attended,
        is_overdue=standing.is_overdue,
        passes_on=speaks.passes_on,
        answers_attended=speaks.answers_attended,
    )


@cache
def _choices(*, is_event: bool, speaks: Speaks) -> str:
    """For each standing: the stream's number if the rule speaks (0: it may not), and if not."""
    parts = []
    for standing in Standing:
        spoken = _verdict(standing, is_event=is_event, speaks=speaks)
        silent = _verdict(standing, is_event=is_event, speaks=NOTHING)
        number = _number(spoken) if spoken.is_auto_answered else 0
        parts.append(f" {standing.value}:{number}:{_number(silent)}")
    return "".join(parts)


def _number(verdict: Verdict) -> int:
    return NAMES.index(verdict.urgency.value) + 1
