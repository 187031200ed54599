"""One RQ worker for one queue, and the scheduler loop. Each is a process of its own.

RQ 3 loses jobs when a worker listens to several queues and is stopped, so each has exactly one;
the priorities between messages are in the intake streams.
"""

from __future__ import annotations

import logging
import signal
import time
from types import FrameType

from redis import RedisError
from redis.client import Pipeline
from rq import Queue, SimpleWorker
from rq.executions import Execution
from rq.job import Job as RqJob
from rq.serializers import JSONSerializer

from wxdesk.background_jobs import PERIODIC, QUEUES
from wxdesk.plumbing.errors import ConfigurationError
from wxdesk.plumbing.logs import current_id
from wxdesk.plumbing.queues import Job
from wxdesk.runtime import Runtime, current, open_redis, start

logger = logging.getLogger(__name__)

WORKER_TTL = 60
MAINTENANCE_SECONDS = 30
TICK_SECONDS = 0.25
ALIVE_SECONDS = 2 * WORKER_TTL


def alive_key(queue: str) -> str:
    """Redis key that lives while a worker of the queue does."""
    return f"wxdesk:alive:{queue}"


class Worker(SimpleWorker):
    """Runs jobs in this process; tells a running job that the process is asked to stop."""

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """The first signal lets the job end; jobs look at `runtime.stopping`."""
        current().stopping.set()
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """Also say that the queue has a worker, for `wxdesk doctor`."""
        super().heartbeat(timeout, pipeline)
        self.connection.set(alive_key(self.queues[0].name), 1, ex=ALIVE_SECONDS)

    def perform_job(self, job: RqJob, queue: Queue, execution: Execution) -> bool:
        """Log lines of the job carry its id."""
        current_id.set(job.id[:12])
        return bool(super().perform_job(job, queue, execution))


def work(runtime: Runtime, queue: str, *, burst: bool = False) -> None:
    """Run the jobs of one queue until asked to stop (with `burst`: until there are none)."""
    if queue not in QUEUES:
        raise ConfigurationError(f"there is no queue {queue!r}; there are {', '.join(QUEUES)}")
    start(runtime)
    connection = open_redis(runtime.settings.redis_url, answer_seconds=None)
    worker = Worker(
        [queue],
        connection=connection,
        serializer=JSONSerializer,
        worker_ttl=WORKER_TTL,
        maintenance_interval=MAINTENANCE_SECONDS,
    )
    worker.work(burst=burst, logging_level="WARNING", with_scheduler=False)


def schedule(runtime: Runtime) -> None:
    """Ring every periodic job at its period until asked to stop; survives Redis going away."""
    signal.signal(signal.SIGTERM, lambda *_: runtime.stopping.set())
    signal.signal(signal.SIGINT, lambda *_: runtime.stopping.set())
    due = dict.fromkeys(PERIODIC, 0.0)
    is_away = False
    while not runtime.stopping.wait(TICK_SECONDS):
        try:
            _ring_due(runtime, due)
            is_away = False
        except RedisError:
            if not is_away:
                logger.warning("redis unreachable; periodic jobs wait for it")
            is_away = True


def _ring_due(runtime: Runtime, due: dict[Job, float]) -> None:
    now = time.monotonic()
    for job, due_at in due.items():
        if now >= due_at:
            runtime.queues.ring(job)
            due[job] = now + (job.every_seconds or 0)
