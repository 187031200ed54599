"""RQ queues. A job is a doorbell: the row (or stream entry) it points to is the work."""

from __future__ import annotations

from dataclasses import dataclass

from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

HOUR_SECONDS = 3600
WEEK_SECONDS = 7 * 24 * HOUR_SECONDS
DOORBELL_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Job:
    """One kind of background work: the function the worker runs, on which queue, how often."""

    path: str
    queue: str
    every_seconds: float | None = None
    timeout_seconds: int = 60

    @property
    def doorbell_key(self) -> str:
        """Redis key that is set while a call of this job is already waiting."""
        return f"wxdesk:doorbell:{self.path}"


class Queues:
    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def named(self, name: str) -> Queue:
        return Queue(name, connection=self._redis, serializer=JSONSerializer)

    def enqueue(self, job: Job, *ids: int) -> None:
        """Call the job with these ids as soon as its worker is free."""
        self.named(job.queue).enqueue(
            job.path,
            *ids,
            job_timeout=job.timeout_seconds,
            result_ttl=0,
            failure_ttl=HOUR_SECONDS if job.every_seconds else WEEK_SECONDS,
        )

    def ring(self, job: Job) -> bool:
        """Enqueue a job without ids, unless such a call waits already; True if it was enqueued.

        The flag expires by itself, so that a doorbell lost with its worker is rung again.
        """
        if not self._redis.set(job.doorbell_key, 1, nx=True, ex=DOORBELL_SECONDS):
            return False
        self.enqueue(job)
        return True

    def answered(self, job: Job) -> None:
        """Note that the worker has started on the rung job: the next ring counts again."""
        self._redis.delete(job.doorbell_key)
