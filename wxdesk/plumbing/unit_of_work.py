"""The unit of work: one transaction, its clock reading, what goes before and after the commit."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pkgutil import resolve_name

from redis import Redis, RedisError
from sqlalchemy.orm import Session, sessionmaker

from wxdesk.plumbing.clock import Clock
from wxdesk.plumbing.live import Live
from wxdesk.plumbing.queues import Job, Queues

logger = logging.getLogger(__name__)


MOST_ROUNDS = 20


@dataclass(frozen=True, slots=True)
class Step:
    """What is worked out before a commit: a function of the unit of work and of all marked ids."""

    path: str


@dataclass(slots=True)
class UnitOfWork:
    """Everything an operation may touch. It never commits; the door that opened it does."""

    session: Session
    now: datetime
    _before_commit: dict[Step, dict[int, object]] = field(default_factory=dict)
    _after_commit: list[Callable[[Redis], object]] = field(default_factory=list)
    _topics: set[str] = field(default_factory=set)
    _rung: set[Job] = field(default_factory=set)
    _remembered: dict[tuple[str, str], str | None] = field(default_factory=dict)

    def enqueue(self, job: Job, *ids: int) -> None:
        """Ring the worker's doorbell once the rows behind `ids` are committed."""
        self._after_commit.append(lambda redis: Queues(redis).enqueue(job, *ids))

    def ring(self, job: Job) -> None:
        """Ring a job without ids once this is committed, unless such a call waits already."""
        self._rung.add(job)

    def before_commit(self, step: Step, row_id: int, keep: object = None) -> None:
        """Run the step once before the commit, with this id and all others that were given.

        `keep` only lives until then: a row that need not be read again.
        """
        self._before_commit.setdefault(step, {})[row_id] = keep

    def finish(self) -> None:
        """Run the steps that were marked, and those that they mark; the commit comes next."""
        for _ in range(MOST_ROUNDS):
            if not self._before_commit:
                return
            step = next(iter(self._before_commit))
            kept = self._before_commit.pop(step)
            resolve_name(step.path)(self, sorted(kept))
        raise RuntimeError("steps before the commit mark each other without end")

    def then(self, step: Callable[[Redis], object]) -> None:
        """After the commit do this with Redis: for caches that a sweeper can rebuild."""
        self._after_commit.append(step)

    def announce(self, *topics: str) -> None:
        """Tell the browsers, after the commit, that these topics changed."""
        self._topics.update(topics)

    def remember(self, key: str, name: str, value: str | None) -> None:
        """After the commit put a value into a Redis hash (None removes it).

        For caches that a sweeper can rebuild from the database, never for truth.
        """
        self._remembered[key, name] = value

    def follow_up(self, redis: Redis) -> None:
        """Run what was collected. If Redis fails the rest is left to the sweepers, and logged."""
        try:
            self._remember(redis)
            for step in self._after_commit:
                step(redis)
            for job in self._rung:
                Queues(redis).ring(job)
            if self._topics:
                Live(redis).publish(self._topics)
        except RedisError as error:
            reason = type(error).__name__
            logger.error("after-commit steps failed (%s); the sweepers do them", reason)  # noqa: TRY400

    def _remember(self, redis: Redis) -> None:
        if not self._remembered:
            return
        with redis.pipeline(transaction=False) as pipe:
            for (key, name), value in self._remembered.items():
                if value is None:
                    pipe.hdel(key, name)
                else:
                    pipe.hset(key, name, value)
            pipe.execute()


@contextmanager
def unit_of_work(
    sessions: sessionmaker[Session], redis: Redis, clock: Clock
) -> Iterator[UnitOfWork]:
    """Commit when the block ends, roll back if it raises, then run the after-commit list.

    A failed doorbell is logged, not raised: the rows are safe and the sweeper finds them.
    """
    with sessions() as session:
        uow = UnitOfWork(session, clock())
        with session.begin():
            yield uow
            uow.finish()
    uow.follow_up(redis)
