"""Whatever is killed while a correction is sent: nobody gets it twice, nobody is forgotten."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack, contextmanager
from datetime import timedelta

import pytest
from cast import WeChat, hire, make_account
from corrections.helping import openid, wrong_answers
from faults.conftest import Installation, database_of
from redis import RedisError
from rq import Worker
from sqlalchemy import func, select, update

from wxdesk.corrections.models import Correction, CorrectionRecipient
from wxdesk.corrections.operations import Wish, begin, create, write
from wxdesk.corrections.rules import Choice, CorrectionState, RecipientState, Wording
from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.rules import Delivery
from wxdesk.simulator.platform import Platform
from wxdesk.simulator.server import serving

pytestmark = pytest.mark.faults

CHILDREN = ("worker-campaigns", "worker-outbound", "scheduler")
PEOPLE = 120
KILLS = 4
MORE = 5
TEXT = "更正:满100减9。"


class Desk(Installation):
    """The same, with a WeChat that takes messages."""

    def _is_up(self) -> bool:
        """Its workers begin while the test makes its customers."""
        try:
            return bool(self.runtime.redis.ping())
        except RedisError:
            return False

    @contextmanager
    def second_worker(self):
        """Two processes work on the same queue."""
        process = subprocess.Popen(
            [sys.executable, "-m", "wxdesk", "worker", "campaigns"],
            env={**os.environ, **self.environment},
            stderr=subprocess.DEVNULL,
        )
        try:
            self.wait_until(lambda: self.count_workers() == 2, 60, "both workers look for work")
            yield
        finally:
            process.kill()
            process.wait(10)

    def count_workers(self) -> int:
        return Worker.count(queue=self.runtime.queues.named("campaigns"))

    def wait_until_more_left(self, made: int) -> None:
        """A worker is sending at this moment, unless all is sent already."""
        wanted = self.count_left() + MORE
        self.wait_until(
            lambda: self.count_left() >= wanted or self.are_only_dead_sends_left(made),
            90,
            "more are sent",
        )

    def count_left(self) -> int:
        with self.runtime.reading() as session:
            query = select(func.count()).where(DeliveryRow.state == Delivery.SENT)
            return session.scalar(query)

    def states(self, made: int) -> Counter[RecipientState]:
        with self.runtime.reading() as session:
            return Counter(
                session.scalars(
                    select(CorrectionRecipient.state).where(
                        CorrectionRecipient.correction_id == made
                    )
                )
            )

    def are_only_dead_sends_left(self, made: int) -> bool:
        """Nothing waits but what a killed worker had in its hands."""
        states = self.states(made)
        if states[RecipientState.LISTED]:
            return False
        with self.runtime.reading() as session:
            queued = session.scalar(
                select(func.count()).where(DeliveryRow.state == Delivery.QUEUED)
            )
            sending = session.scalar(
                select(func.count()).where(DeliveryRow.state == Delivery.SENDING)
            )
        return not queued and states[RecipientState.QUEUED] == sending


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request, tmp_path):
    with ExitStack() as stack:
        platform = Platform()
        api_url = stack.enter_context(serving(platform))
        url = database_of(request, stack)
        made = Desk(tmp_path, url, children=CHILDREN, api_url=api_url)
        made.wechat = WeChat(platform, api_url)
        stack.callback(made.runtime.engine.dispose)
        stack.callback(made.kill_rest)  # its orderly end is of no interest here
        yield made


def test_workers_killed_while_a_correction_is_sent_reach_everybody_at_most_once(desk):
    runtime = desk.runtime
    account = make_account(runtime)
    desk.wechat.register(account)
    chen = hire(runtime).chen
    rule = wrong_answers(runtime, account, PEOPLE, desk.wechat)
    with runtime.unit_of_work() as uow:
        day = timedelta(days=1)
        choice = Choice(account.id, (rule.id,), uow.now - day, uow.now)
        made = create(uow, Wish(choice, "更正", rule_id=rule.id), chen).id
    desk.wait_until(
        lambda: desk.states(made)[RecipientState.LISTED] == PEOPLE, 30, "everybody is listed"
    )
    with desk.second_worker():
        with runtime.unit_of_work() as uow:
            write(uow, made, Wording("更正", TEXT, 600, skips_helped=True), chen, None)
            begin(uow, made, chen, None)
        for _ in range(KILLS):
            desk.wait_until_more_left(made)
            desk.kill("worker campaigns")
    desk.wait_until(lambda: desk.are_only_dead_sends_left(made), 150, "everybody was told")
    with runtime.unit_of_work() as uow:  # as if two and a half minutes had passed
        uow.session.execute(
            update(DeliveryRow)
            .where(DeliveryRow.state == Delivery.SENDING)
            .values(claimed_at=uow.now - timedelta(minutes=5))
        )
    desk.wait_until(lambda: _is_done(runtime, made), 60, "the correction has ended")
    states = desk.states(made)
    assert sum(states.values()) == PEOPLE
    assert set(states) <= {RecipientState.SENT, RecipientState.UNCONFIRMED}
    assert states[RecipientState.UNCONFIRMED] <= 2 * KILLS
    got = [desk.wechat.phone(openid(number)).count(TEXT) for number in range(PEOPLE)]
    assert max(got) == 1
    assert sum(got) >= states[RecipientState.SENT]


def _is_done(runtime, made: int) -> bool:
    with runtime.reading() as session:
        return session.get_one(Correction, made).state is CorrectionState.DONE
