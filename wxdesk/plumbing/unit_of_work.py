"""The unit of work: one transaction, its clock reading, and what follows the commit."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from redis import Redis
from sqlalchemy.orm import Session, sessionmaker

from wxdesk.plumbing.clock import Clock
from wxdesk.plumbing.live import Live
from wxdesk.plumbing.queues import Job, Queues

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class UnitOfWork:
    """Everything an operation may touch. It never commits; the door that opened it does."""

    session: Session
    now: datetime
    _after_commit: list[Callable[[Redis], object]] = field(default_factory=list)
    _topics: set[str] = field(default_factory=set)

    def enqueue(self, job: Job, *ids: int) -> None:
        """Ring the worker's doorbell once the rows behind `ids` are committed."""
        self._after_commit.append(lambda redis: Queues(redis).enqueue(job, *ids))

    def announce(self, *topics: str) -> None:
        """Tell the browsers, after the commit, that these topics changed."""
        self._topics.update(topics)

    def remember(self, key: str, name: str, value: str | None) -> None:
        """After the commit put a value into a Redis hash (None removes it).

        For caches that a sweeper can rebuild from the database, never for truth.
        """
        self._after_commit.append(partial(_put, key=key, name=name, value=value))

    def follow_up(self, redis: Redis) -> None:
        """Run what was collected; a failed step is logged and left to its sweeper."""
        for step in self._after_commit:
            _attempt(step, redis)
        if self._topics:
            _attempt(lambda connection: Live(connection).publish(self._topics), redis)


def _put(redis: Redis, *, key: str, name: str, value: str | None) -> None:
    if value is None:
        redis.hdel(key, name)
    else:
        redis.hset(key, name, value)


def _attempt(step: Callable[[Redis], object], redis: Redis) -> None:
    try:
        step(redis)
    except Exception:
        logger.exception("after-commit step failed; the sweeper will retry it")


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
    uow.follow_up(redis)
