"""A whole wxdesk as `wxdesk up` runs it, a stream of pushes, and a hand that kills processes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import select

from wxdesk.accounts.rules import Mode
from wxdesk.bench.event import BenchPush, make_account, pushes
from wxdesk.bench.instance import postgres
from wxdesk.bench.load import _connect, _exchange
from wxdesk.conversations.models import Message
from wxdesk.conversations.rules import Direction
from wxdesk.intake.streams import intake_streams
from wxdesk.runtime import Runtime, build
from wxdesk.settings import load
from wxdesk.supervisor import migrate

PUSHES_A_SECOND = 100
REDELIVERIES = 25  # half a second apart: about as long as WeChat tries
LANES = 4


class Installation:
    """One data directory, and the `wxdesk up` that runs in it."""

    def __init__(self, folder: Path, database_url: str | None) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.environment = {
            "WXDESK_DATA_DIR": str(folder / "data"),
            "WXDESK_BIND": f"127.0.0.1:{self.port}",
            "WXDESK_WECHAT_API_URL": "http://127.0.0.1:9",
        }
        if database_url:
            self.environment["WXDESK_DATABASE_URL"] = database_url
        self.runtime: Runtime = build(load(self.environment))
        migrate(self.runtime.engine)
        self.account = make_account(self.runtime, Mode.SAFE)
        self.log = folder / "up.log"
        self._seed = int(time.monotonic()) % 100_000
        self.start()

    def start(self) -> None:
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "wxdesk", "up"],
                env={**os.environ, **self.environment},
                stdout=log,
                stderr=log,
            )
        self.wait_until(self._is_up, 30, "the web process listens")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(60)

    def kill(self, words: str) -> None:
        """SIGKILL every process of this installation whose command line holds these words."""
        found = [pid for pid in self.processes() if words in _command(pid)]
        assert found, f"no process {words!r}"
        for pid in found:
            os.kill(pid, signal.SIGKILL)

    def kill_rest(self) -> None:
        """SIGKILL whatever is left, Redis too."""
        for pid in self.processes():
            os.kill(pid, signal.SIGKILL)
        self.wait_until(lambda: not self.processes(), 10, "nothing runs")

    def processes(self) -> list[int]:
        socket_path = self.runtime.settings.redis_url.removeprefix("unix://")
        return _processes(self.environment["WXDESK_DATA_DIR"], socket_path)

    def stream(self, seconds: float) -> Stream:
        self._seed += 1
        made = pushes(
            self.account, int(seconds * PUSHES_A_SECOND), self.runtime.clock(), self._seed
        )
        return Stream(self.port, made)

    def wait_until(self, is_so, seconds: float, what: str) -> None:
        deadline = time.monotonic() + seconds
        while not is_so():
            tail = self.log.read_text()[-3000:]
            assert time.monotonic() < deadline, f"not so after {seconds} s: {what}\n{tail}"
            time.sleep(0.1)

    def assert_each_answered_push_is_stored_once(self, stream: Stream) -> None:
        self.wait_until(self._is_drained, 60, "the streams and the spool are empty")
        with self.runtime.reading() as session:
            stored = Counter(
                session.scalars(
                    select(Message.wechat_msg_id).where(Message.direction == Direction.INCOMING)
                )
            )
        assert stream.answered
        assert {key: stored[key] for key in stream.answered if stored[key] != 1} == {}

    def _is_up(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True

    def _is_drained(self) -> bool:
        try:
            waiting = sum(intake_streams(self.runtime.redis).waiting())
        except Exception:  # noqa: BLE001 -- Redis is just starting again
            return False
        return waiting == 0 and self.runtime.spool.is_empty()


class Stream:
    """Pushes at a steady pace; what was not answered is delivered again, as WeChat does."""

    def __init__(self, port: int, made: list[BenchPush]) -> None:
        self._port = port
        self.answered: set[str] = set()
        self.given_up: set[str] = set()
        self._threads = [
            threading.Thread(target=self._lane, args=(made[number::LANES],))
            for number in range(LANES)
        ]

    def __enter__(self) -> Stream:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for thread in self._threads:
            thread.join()

    def _lane(self, made: list[BenchPush]) -> None:
        for push in made:
            began = time.monotonic()
            if any(self._is_answered(push) for _ in range(REDELIVERIES)):
                self.answered.add(push.msg_id)
            else:
                self.given_up.add(push.msg_id)
            time.sleep(max(0.0, LANES / PUSHES_A_SECOND - (time.monotonic() - began)))

    def _is_answered(self, push: BenchPush) -> bool:
        try:
            with _connect(self._port) as connection:
                connection.settimeout(5)
                if _exchange(connection, push) == 200:
                    return True
        except OSError:
            pass
        time.sleep(0.5)
        return False


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def installation(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    with ExitStack() as stack:
        url = stack.enter_context(postgres()) if request.param == "postgresql" else None
        made = Installation(tmp_path_factory.mktemp("up"), url)
        stack.callback(made.runtime.engine.dispose)
        stack.callback(made.stop)
        yield made


def _processes(data_dir: str, socket_path: str) -> list[int]:
    """By their environment; Redis overwrites that with its title, which names its socket."""
    mark = f"WXDESK_DATA_DIR={data_dir}".encode()
    found = []
    for path in Path("/proc").iterdir():
        if path.name.isdecimal() and int(path.name) != os.getpid():
            try:
                is_ours = mark in (path / "environ").read_bytes().split(b"\0") or (
                    socket_path in _command(int(path.name))
                )
            except OSError:
                continue
            if is_ours:
                found.append(int(path.name))
    return found


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""
