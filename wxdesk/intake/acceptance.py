"""A verified push becomes durable, and gets its answer: one Redis round trip, or the spool.

`success` (or a rule's answer) is returned only after the push is in a stream or in a spool file.
"""

from __future__ import annotations

import logging
import time
from functools import cache

from redis import RedisError
from redis import TimeoutError as RedisTimeoutError
from sqlalchemy.exc import SQLAlchemyError

from wxdesk.background_jobs import DRAIN_INTAKE
from wxdesk.conversations import standings
from wxdesk.conversations.queries import find_standing
from wxdesk.conversations.rules import Standing
from wxdesk.intake.directory import Desk
from wxdesk.intake.entries import MICROSECOND, answer_of, body_of, read_answer
from wxdesk.intake.rules import AutoAnswer, HeldAnswer
from wxdesk.intake.streams import NAMES, intake_streams
from wxdesk.outbound import held
from wxdesk.plumbing.clock import EPOCH
from wxdesk.plumbing.spool import Spooled
from wxdesk.plumbing.streams import Offer
from wxdesk.runtime import Runtime
from wxdesk.satisfaction.rules import read_choice
from wxdesk.triage.rules import Hit, Urgency, Verdict, judge
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
        self._redis_failed_at = -AVOID_REDIS_SECONDS
        self._doubted_at = -DOUBT_SECONDS

    def accept(self, desk: Desk, push: Push) -> AutoAnswer | HeldAnswer | None:
        """Make the push durable and return its answer, the same for each delivery.

        A rule's answer; or, where only pushes can be answered, what people had to wait with.

        Raises OSError when neither Redis nor the disk can take it.
        """
        hit = desk.rulebook.find(push.text) if _is_for_rules(push) else None
        offer = self._offer(desk, push, hit)
        if time.monotonic() - self._redis_failed_at > AVOID_REDIS_SECONDS:
            try:
                if self._runtime.spool.is_empty():  # else this push would overtake the spooled
                    return self._append(offer)
            except (RedisError, OSError) as error:
                self._refuse_doubt(offer, error)
                self._redis_failed_at = time.monotonic()
                logger.warning("redis unreachable (%s); spooling", type(error).__name__)
        return self._spool(desk, push, offer)

    def _refuse_doubt(self, offer: Offer, error: Exception) -> None:
        """Redis may have given a person's answer to this push before it fell silent.

        Then the redelivery gets the answer. Only once: a Redis that stays silent must not cost
        messages. Raises OSError.
        """
        is_first = time.monotonic() - self._doubted_at > DOUBT_SECONDS
        if offer.held_stream is not None and isinstance(error, RedisTimeoutError) and is_first:
            self._doubted_at = time.monotonic()
            raise OSError("redis fell silent while an answer may have been taken") from error

    def _offer(self, desk: Desk, push: Push, hit: Hit | None) -> Offer:
        account_id = desk.keys.id
        return Offer(
            once_key=f"{account_id}:{push.once_key}",
            standings_key=standings.key(account_id),
            standings_field=push.openid,
            counter_field=str(account_id),
            body=body_of(push, account_id, self._runtime.clock()),
            answer=answer_of(hit) if hit else "",
            choices=_choices(is_event=push.is_event, has_hit=hit is not None),
            held_key=held.key(account_id),
            taken_key=held.taken_key(account_id),
            held_stream=FOR_PEOPLE if desk.takes_held and not push.is_event else None,
        )

    def _append(self, offer: Offer) -> AutoAnswer | HeldAnswer | None:
        appended = self._streams.append_once(offer)
        if appended.must_ring:
            self._ring()
        return read_answer(appended.answer)

    def _ring(self) -> None:
        try:
            self._runtime.queues.ring(DRAIN_INTAKE)
        except RedisError:
            logger.warning("doorbell failed; the scheduler rings again in two seconds")

    def _spool(self, desk: Desk, push: Push, offer: Offer) -> AutoAnswer | HeldAnswer | None:
        standing = self._standing(desk.keys.id, push.openid)
        verdict = _verdict(standing, is_event=push.is_event, has_hit=bool(offer.answer))
        entry = Spooled(
            once_key=offer.once_key,
            stream=verdict.urgency.value,
            body=offer.body,
            answer=offer.answer if verdict.is_auto_answered else "",
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


def _is_for_rules(push: Push) -> bool:
    """A text that the customer wrote or chose; a score for our service is no keyword."""
    return push.kind == "text" and read_choice(push.fields.get("bizmsgmenuid")) is None


def _verdict(standing: Standing, *, is_event: bool, has_hit: bool) -> Verdict:
    return judge(
        is_event=is_event,
        has_hit=has_hit,
        is_attended=standing.is_attended,
        is_overdue=standing.is_overdue,
    )


@cache
def _choices(*, is_event: bool, has_hit: bool) -> str:
    """For each standing: the number of the stream, and whether the rule's answer goes out."""
    parts = []
    for standing in Standing:
        verdict = _verdict(standing, is_event=is_event, has_hit=has_hit)
        number = NAMES.index(verdict.urgency.value) + 1
        parts.append(f" {standing.value}:{number}:{int(verdict.is_auto_answered)}")
    return "".join(parts)
