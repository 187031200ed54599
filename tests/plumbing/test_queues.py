"""Doorbells."""

from servers import wait_until

from wxdesk.background_jobs import DELIVER_MESSAGE, DRAIN_INTAKE


def test_a_ring_while_one_waits_is_not_doubled(runtime):
    assert runtime.queues.ring(DRAIN_INTAKE)
    assert not runtime.queues.ring(DRAIN_INTAKE)
    assert len(runtime.queues.named(DRAIN_INTAKE.queue)) == 1


def test_once_the_worker_has_started_the_next_ring_counts(runtime):
    runtime.queues.ring(DRAIN_INTAKE)
    runtime.queues.answered(DRAIN_INTAKE)
    assert runtime.queues.ring(DRAIN_INTAKE)


def test_a_lost_doorbell_is_forgotten_after_a_while(runtime):
    runtime.queues.ring(DRAIN_INTAKE)
    assert 0 < runtime.redis.ttl(DRAIN_INTAKE.doorbell_key) <= 60
    runtime.redis.pexpire(DRAIN_INTAKE.doorbell_key, 1)
    wait_until(lambda: runtime.queues.ring(DRAIN_INTAKE), what="a new ring")


def test_a_job_carries_ids_as_json_only(runtime):
    runtime.queues.enqueue(DELIVER_MESSAGE, 42)
    (job,) = runtime.queues.named(DELIVER_MESSAGE.queue).jobs
    assert (job.func_name, list(job.args), job.kwargs) == (DELIVER_MESSAGE.path, [42], {})
    assert b"42" in job.serializer.dumps([42])
