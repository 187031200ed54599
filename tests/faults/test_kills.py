"""Whatever is killed during a stream of pushes: what was answered 200 is stored, once."""

from __future__ import annotations

import signal
import time

import pytest
from sqlalchemy import text

pytestmark = pytest.mark.faults


def test_intake_worker_killed_in_the_middle_of_batches(installation):
    with installation.stream(6) as stream:
        for count in (150, 300, 450):
            installation.wait_for_answers(stream, count)
            installation.kill("worker intake")
    installation.assert_each_answered_push_is_stored_once(stream)


def test_web_process_killed(installation):
    with installation.stream(5) as stream:
        installation.wait_for_answers(stream, 150)
        installation.kill("wxdesk web")
    installation.assert_each_answered_push_is_stored_once(stream)
    assert not stream.given_up


def test_redis_killed_and_started_again_on_its_append_only_file(installation):
    with installation.stream(6) as stream:
        installation.wait_for_answers(stream, 150)
        installation.kill("redis-server")
    installation.assert_each_answered_push_is_stored_once(stream)
    assert not stream.given_up


def test_database_locked_for_longer_than_a_batch_waits(installation):
    engine = installation.runtime.engine
    with installation.stream(8) as stream, engine.connect() as connection:
        installation.wait_for_answers(stream, 50)
        if engine.dialect.name == "sqlite":
            connection.execute(text("SELECT 1"))  # its transaction begins with the write lock
        else:
            connection.execute(text("LOCK TABLE messages IN ACCESS EXCLUSIVE MODE"))
        installation.kill("worker timers")  # a process that starts meanwhile stops nobody else
        time.sleep(13)
        connection.rollback()
    assert installation.process.poll() is None
    installation.assert_each_answered_push_is_stored_once(stream)
    assert not stream.given_up


def test_everything_killed_at_once_and_started_again(installation):
    installation.make_whole()
    with installation.stream(8) as stream:
        installation.wait_for_answers(stream, 150)
        installation.kill("wxdesk")
        installation.process.wait(10)
        installation.kill_rest()
        installation.start(is_whole=True)
    installation.assert_each_answered_push_is_stored_once(stream)
    assert not stream.given_up


def test_supervisor_alone_killed_takes_its_children_with_it(installation):
    installation.make_whole()
    with installation.stream(8) as stream:
        installation.wait_for_answers(stream, 150)
        installation.process.send_signal(signal.SIGKILL)
        installation.process.wait(10)
        installation.wait_until(lambda: not installation.processes(), 15, "all children ended")
        installation.start()
    installation.assert_each_answered_push_is_stored_once(stream)
