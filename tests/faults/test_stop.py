"""The stop button reaches every process within a second: two real web servers, four workers."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
import requests
from campaigns.events import make_live
from campaigns.scene import said_in
from cast import Api, FakeClock, Team, Webhook, hire, make_account
from servers import free_port, wait_until

from wxdesk.campaigns.jobs import offer_codes
from wxdesk.plumbing.clock import utc_now
from wxdesk.runtime import Runtime

pytestmark = pytest.mark.faults

SERVERS = 2
A_SECOND = 1.0


@dataclass
class Server:
    """One `wxdesk web`, as WeChat and a browser reach it; takes the place of a test client."""

    port: int
    process: subprocess.Popen[bytes]

    def post(self, path: str, **values) -> requests.Response:
        query = values.pop("query_string", None)
        values["headers"] = {
            "Content-Type": values.pop("content_type", "application/json"),
            **values.pop("headers", {}),
        }
        values.pop("json", None)
        return requests.post(self.url(path), params=query, timeout=10, **values)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def is_up(self) -> bool:
        try:
            return requests.get(self.url("/healthz"), timeout=2).ok
        except requests.RequestException:
            return False


@pytest.fixture
def running(build_runtime: Callable[..., Runtime], redis_server, clock: FakeClock) -> Runtime:
    """On the real time, which the servers have too."""
    clock.now = utc_now()
    return build_runtime(WXDESK_REDIS_URL=redis_server.url)


@pytest.fixture
def servers(running: Runtime) -> Iterator[list[Server]]:
    environment = {
        **os.environ,
        "WXDESK_DATA_DIR": str(running.settings.data_dir),
        "WXDESK_DATABASE_URL": running.settings.database_url,
        "WXDESK_REDIS_URL": running.settings.redis_url,
        "WXDESK_SECRET_KEY": running.settings.secret_key,
        "WXDESK_WECHAT_API_URL": running.settings.wechat_api_url,
    }
    made = []
    for _ in range(SERVERS):
        port = free_port()
        command = [sys.executable, "-m", "wxdesk", "web", "--bind", f"127.0.0.1:{port}"]
        process = subprocess.Popen(
            command, env=environment, stderr=subprocess.DEVNULL, start_new_session=True
        )
        made.append(Server(port, process))
    try:
        for server in made:
            wait_until(server.is_up, seconds=90, what="an answer of the web process")
        yield made
    finally:
        for server in made:
            os.killpg(server.process.pid, signal.SIGKILL)
            server.process.wait(20)


def test_within_a_second_after_the_stop_no_process_answers(running, servers):
    account, team = make_account(running), hire(running)
    campaign_id = make_live(running, account, entries_per_person=0)
    offer_codes()
    doors = [Webhook(server, running) for server in servers]

    def answers(door: Webhook) -> bool:
        return said_in(door.deliver(door.fields("抽奖")).text) != ""

    for door in doors:
        wait_until(lambda door=door: answers(door), seconds=10, what="an answer of the rule")
    stopped_at = stop(servers[0], running, team, campaign_id)
    last_answer = stopped_at
    while time.monotonic() - stopped_at < 3 * A_SECOND:
        for door in doors:
            began = time.monotonic()
            if answers(door):
                last_answer = max(last_answer, began)
    assert last_answer - stopped_at < A_SECOND


def stop(server: Server, running: Runtime, team: Team, campaign_id: int) -> float:
    """Press the button at one of the servers; gives when it was pressed."""
    pressed_at = time.monotonic()
    answer = Api(server, running, team.chen).post(f"/campaigns/{campaign_id}/stop")
    assert answer.json()["state"] == "paused"
    return pressed_at
