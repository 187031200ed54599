"""The parts of this running process, built once from the settings."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import wraps
from typing import Concatenate, ParamSpec

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from wxdesk.plumbing.clock import Clock, utc_now
from wxdesk.plumbing.db import open_engine, reading_sessions, writing_sessions
from wxdesk.plumbing.live import Live
from wxdesk.plumbing.queues import Job, Queues
from wxdesk.plumbing.spool import Spool
from wxdesk.plumbing.unit_of_work import UnitOfWork, unit_of_work
from wxdesk.plumbing.vault import Vault
from wxdesk.settings import Settings

P = ParamSpec("P")

REDIS_CONNECT_SECONDS = 0.5
REDIS_ANSWER_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Runtime:
    """The one composition root: a door takes its parts from here, operations get a `uow`."""

    settings: Settings
    engine: Engine
    redis: Redis
    vault: Vault
    spool: Spool
    sessions: sessionmaker[Session]
    readers: sessionmaker[Session]
    clock: Clock = utc_now
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def queues(self) -> Queues:
        return Queues(self.redis)

    @property
    def live(self) -> Live:
        return Live(self.redis)

    def unit_of_work(self) -> AbstractContextManager[UnitOfWork]:
        """One write transaction; commits at the end of the block."""
        return unit_of_work(self.sessions, self.redis, self.clock)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """One read-only transaction, which never waits for a writer."""
        with self.readers() as session, session.begin():
            yield session


def open_redis(url: str, answer_seconds: float | None = REDIS_ANSWER_SECONDS) -> Redis:
    """A client that gives up quickly: whoever calls has a spool or a sweeper behind it."""
    return Redis.from_url(
        url,
        socket_connect_timeout=REDIS_CONNECT_SECONDS,
        socket_timeout=answer_seconds,
        retry=Retry(NoBackoff(), 1),
        health_check_interval=0,
        max_connections=200,
    )


def build(settings: Settings, clock: Clock = utc_now) -> Runtime:
    """Connect lazily to everything that the settings name."""
    engine = open_engine(settings.database_url)
    return Runtime(
        settings=settings,
        engine=engine,
        redis=open_redis(settings.redis_url),
        vault=Vault(settings.secret_key),
        spool=Spool(settings.spool_dir),
        sessions=writing_sessions(engine),
        readers=reading_sessions(engine),
        clock=clock,
    )


_current: Runtime | None = None
COLLECT_AFTER = 20_000  # objects; at Python's 700 a drain spends an eighth of its time on garbage


def start(runtime: Runtime) -> None:
    """Make `runtime` the one used by jobs in this process (called by app, worker, tests)."""
    global _current  # the one deliberate global
    _current = runtime
    gc.set_threshold(COLLECT_AFTER, 20, 20)


def current() -> Runtime:
    if _current is None:
        raise RuntimeError("runtime.start() was not called in this process")
    return _current


def job(function: Callable[Concatenate[UnitOfWork, P], None]) -> Callable[P, None]:
    """Make an RQ entry point: open a unit of work and pass it as the first argument."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        with current().unit_of_work() as uow:
            function(uow, *args, **kwargs)

    return run


def in_batches(work: Callable[[UnitOfWork], bool]) -> None:
    """Call it in a transaction of its own again and again, until it says that nothing is left."""
    runtime = current()
    more = True
    while more and not runtime.stopping.is_set():
        with runtime.unit_of_work() as uow:
            more = work(uow)


def rung(this: Job) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Make an RQ entry point of a job without ids: the doorbell may ring again once it runs."""

    def decorate(function: Callable[[], None]) -> Callable[[], None]:
        @wraps(function)
        def run() -> None:
            current().queues.answered(this)
            function()

        return run

    return decorate
