"""RQ's own workers with our jobs: a message's whole way, and a job that fails."""

import logging

import pytest
from cast import Webhook as Pushes
from cast import agent_answers, conversation_of, customer_writes, hire, make_account, make_rule
from sqlalchemy import select

from wxdesk.accounts.models import Account
from wxdesk.app import create_app
from wxdesk.background_jobs import DELIVER_MESSAGE, PERIODIC, QUEUES
from wxdesk.conversations.models import Message
from wxdesk.plumbing.errors import ConfigurationError
from wxdesk.worker import work


def test_a_push_goes_all_the_way_to_the_phone(sending, wechat, caplog):
    """WeChat pushes over HTTP semantics, the workers record and send, Wang reads the answer."""
    with sending.reading() as session:
        account = session.scalars(select(Account)).one()
    wechat.add_customer()
    pushes = Pushes(create_app(sending).test_client(), sending)
    pushes.deliver(pushes.fields("我的订单在哪里?"))
    work(sending, "intake", burst=True)
    with sending.reading() as session:
        message = session.scalars(select(Message)).one()
    assert message.account_id == account.id
    agent_answers(sending, message, hire(sending).lin, "已经发货了。")
    work(sending, "outbound", burst=True)
    assert wechat.phone() == ["已经发货了。"]
    assert conversation_of(sending).first_response_met_at is not None


def test_every_periodic_job_runs_on_an_empty_desk(runtime):
    for job in PERIODIC:
        assert runtime.queues.ring(job)
    for name in QUEUES:
        work(runtime, name, burst=True)
        assert len(runtime.queues.named(name)) == 0
        assert runtime.queues.named(name).failed_job_registry.count == 0


def test_a_job_that_fails_is_kept_with_its_reason_and_stops_nothing(runtime, caplog):
    caplog.set_level(logging.CRITICAL)
    account = make_account(runtime)
    make_rule(runtime, account)
    customer_writes(runtime, account)
    queue = runtime.queues.named(DELIVER_MESSAGE.queue)
    queue.enqueue(DELIVER_MESSAGE.path, "not an id")
    runtime.queues.enqueue(DELIVER_MESSAGE, 999_999)
    work(runtime, DELIVER_MESSAGE.queue, burst=True)
    assert len(queue) == 0


def test_a_queue_that_does_not_exist_is_refused(runtime):
    with pytest.raises(ConfigurationError, match="lunch"):
        work(runtime, "lunch", burst=True)
