"""Every background job of the product, in one table.

Each queue has its own worker process. `every_seconds` jobs are rung by the scheduler; a call that
already waits is not doubled. Jobs carry ids only: the rows (or stream entries) are the work.
"""

from __future__ import annotations

from wxdesk.plumbing.queues import Job

DRAIN_INTAKE = Job("wxdesk.intake.jobs.drain", queue="intake", every_seconds=2)
DELIVER_MESSAGE = Job("wxdesk.outbound.jobs.deliver", queue="outbound", timeout_seconds=120)
SWEEP_DELIVERIES = Job("wxdesk.outbound.jobs.sweep", queue="outbound", every_seconds=5)
CHECK_DEADLINES = Job("wxdesk.sla.jobs.check_deadlines", queue="timers", every_seconds=2)
SWEEP_STANDINGS = Job("wxdesk.conversations.jobs.sweep_standings", queue="timers", every_seconds=15)

ALL = (DRAIN_INTAKE, DELIVER_MESSAGE, SWEEP_DELIVERIES, CHECK_DEADLINES, SWEEP_STANDINGS)
PERIODIC = tuple(job for job in ALL if job.every_seconds is not None)
QUEUES = tuple(dict.fromkeys(job.queue for job in ALL))
