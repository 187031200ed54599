"""Whatever is killed while a correction is sent: nobody gets it twice, nobody is forgotten."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from cast import WeChat, hire, make_account
from corrections.helping import openid, wrong_answers
from faults.conftest import Installation, _command
from sqlalchemy import func, select, update

from wxdesk.bench.instance import postgres
from wxdesk.corrections.models import Correction, CorrectionRecipient
from wxdesk.corrections.operations import Wish, begin, create, write
from wxdesk.corrections.rules import Choice, CorrectionState, RecipientState, Wording
from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.rules import Delivery
from wxdesk.runtime import build
from wxdesk.settings import load
from wxdesk.simulator.platform import Platform
from wxdesk.simulator.server import serving
from wxdesk.supervisor import migrate

pytestmark = pytest.mark.faults

PEOPLE = 120
KILLS = 4
TEXT = "更正:满100减9。"


class Desk(Installation):
    """The same, with a WeChat that takes messages."""

    def __init__(self, folder: Path, database_url: str | None, api_url: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.environment = {
            "WXDESK_DATA_DIR": str(folder / "data"),
            "WXDESK_BIND": f"127.0.0.1:{self.port}",
            "WXDESK_WECHAT_API_URL": api_url,
        }
        if database_url:
            self.environment["WXDESK_DATABASE_URL"] = database_url
        self.runtime = build(load(self.environment))
        migrate(self.runtime.engine)
        self.log = folder / "up.log"
        self.start()

    @contextmanager
    def second_worker(self):
        """Two processes work on the same queue."""
        process = subprocess.Popen(
            [sys.executable, "-m", "wxdesk", "worker", "campaigns"],
            env={**os.environ, **self.environment},
            stderr=subprocess.DEVNULL,
        )
        try:
            yield
        finally:
            process.kill()
            process.wait(10)

    def has_workers(self) -> bool:
        return any("worker campaigns" in _command(pid) for pid in self.processes())

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
        url = stack.enter_context(postgres()) if request.param == "postgresql" else None
        made = Desk(tmp_path, url, api_url)
        made.wechat = WeChat(platform, api_url)
        stack.callback(made.runtime.engine.dispose)
        stack.callback(made.stop)
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
    with runtime.unit_of_work() as uow:
        write(uow, made, Wording("更正", TEXT, 600, skips_helped=True), chen, None)
        begin(uow, made, chen, None)
    with desk.second_worker():
        for _ in range(KILLS):
            time.sleep(1.2)
            desk.wait_until(desk.has_workers, 30, "the worker is there again")
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
