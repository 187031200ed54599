"""A whole wxdesk as `wxdesk up` runs it, a stream of pushes, and a hand that kills processes."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
import requests
from servers import NOBODY_LISTENS, free_port, postgres_database
from sqlalchemy import select

from wxdesk.accounts.rules import Mode
from wxdesk.bench.event import BenchPush, make_account, pushes
from wxdesk.bench.load import _connect, _exchange
from wxdesk.conversations.models import Message
from wxdesk.conversations.rules import Direction
from wxdesk.intake.streams import intake_streams
from wxdesk.runtime import Runtime, build
from wxdesk.settings import load
from wxdesk.supervisor import migrate

PUSHES_A_SECOND = 100
TRIED_SECONDS = 15  # as long as WeChat tries
LANES = 4
CHILDREN = ("web", "worker-intake", "worker-timers", "worker-campaigns", "scheduler")
START_SECONDS = 60
UP = ("-m", "wxdesk", "up")
PART_OF_UP = str(Path(__file__).with_name("part_of_up.py"))


class Installation:
    """One data directory, and the `wxdesk up` that runs in it, or a part of that."""

    def __init__(
        self, folder: Path, database_url: str | None, *, children: tuple[str, ...], api_url: str
    ) -> None:
        self.port = free_port()
        self.environment = {
            "WXDESK_DATA_DIR": str(folder / "data"),
            "WXDESK_BIND": f"127.0.0.1:{self.port}",
            "WXDESK_WECHAT_API_URL": api_url,
        }
        if database_url:
            self.environment["WXDESK_DATABASE_URL"] = database_url
        self.runtime: Runtime = build(load(self.environment))
        migrate(self.runtime.engine)
        self.log = folder / "up.log"
        self._seed = int(time.monotonic()) % 100_000
        self._part = (PART_OF_UP, *children)
        self.start()

    def start(self, *, is_whole: bool = False) -> None:
        """Only what the tests look at, or all of `wxdesk up`."""
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, *(UP if is_whole else self._part)],
                env={**os.environ, **self.environment},
                stdout=log,
                stderr=log,
            )
        self._is_whole = is_whole
        self.wait_until(self._is_up, START_SECONDS, "it answers")

    def make_whole(self) -> None:
        """Run all of `wxdesk up` from now on."""
        if not self._is_whole:
            self.kill_rest()
            self.start(is_whole=True)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(60)

    def kill(self, words: str) -> None:
        """SIGKILL every process of this installation whose command line holds these words.

        Where one was killed before it may not be there again yet.
        """
        self.wait_until(lambda: self._find(words), 30, f"a process {words!r} runs")
        for pid in self._find(words):
            _kill(pid)

    def kill_rest(self) -> None:
        """SIGKILL whatever is left, Redis too."""
        for pid in self.processes():
            _kill(pid)
        self.process.wait(10)
        self.wait_until(lambda: not self.processes(), 10, "nothing runs")

    def processes(self) -> list[int]:
        socket_path = self.runtime.settings.redis_url.removeprefix("unix://")
        return _processes(self.environment["WXDESK_DATA_DIR"], socket_path)

    def _find(self, words: str) -> list[int]:
        return [pid for pid in self.processes() if words in _command(pid)]

    def stream(self, seconds: float) -> Stream:
        self._seed += 1
        made = pushes(
            self.account, int(seconds * PUSHES_A_SECOND), self.runtime.clock(), self._seed
        )
        return Stream(self.port, made)

    def wait_until(self, is_so, seconds: float, what: str) -> None:
        deadline = time.monotonic() + seconds
        while not is_so():
            if time.monotonic() > deadline:
                pytest.fail(f"not so after {seconds} s: {what}\n{self.log.read_text()[-3000:]}")
            time.sleep(0.05)

    def wait_for_answers(self, stream: Stream, count: int) -> None:
        """The stream is going on: so many of its pushes have been answered."""
        self.wait_until(lambda: len(stream.answered) >= count, 60, f"{count} pushes are answered")

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
        """It listens a while before it answers."""
        try:
            return requests.get(f"http://127.0.0.1:{self.port}/healthz", timeout=2).ok
        except requests.RequestException:
            return False

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
        self._is_failed = threading.Event()
        self._threads = [
            threading.Thread(target=self._lane, args=(made[number::LANES],))
            for number in range(LANES)
        ]

    def __enter__(self) -> Stream:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, failure: type[BaseException] | None, *_: object) -> None:
        if failure is not None:
            self._is_failed.set()
        for thread in self._threads:
            thread.join()

    def _lane(self, made: list[BenchPush]) -> None:
        for push in made:
            began = time.monotonic()
            while not (is_answered := self._is_answered(push)):
                if self._is_failed.is_set():
                    return
                if time.monotonic() - began > TRIED_SECONDS:
                    break
            (self.answered if is_answered else self.given_up).add(push.msg_id)
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


class PushedAt(Installation):
    """With an account in safe mode, to which a stream of pushes goes."""

    def __init__(self, folder: Path, database_url: str | None) -> None:
        super().__init__(folder, database_url, children=CHILDREN, api_url=NOBODY_LISTENS)
        self.account = make_account(self.runtime, Mode.SAFE)


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def installation(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PushedAt]:
    with ExitStack() as stack:
        url = database_of(request, stack)
        made = PushedAt(tmp_path_factory.mktemp("up"), url)
        stack.callback(made.runtime.engine.dispose)
        stack.callback(made.stop)
        yield made


def database_of(request: pytest.FixtureRequest, stack: ExitStack) -> str | None:
    """The URL of an empty PostgreSQL, or None for SQLite in the data directory."""
    if request.param == "sqlite":
        return None
    return stack.enter_context(postgres_database(f"wxdesk_faults_{secrets.token_hex(4)}"))


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


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):  # its supervisor has ended, and it with that
        os.kill(pid, signal.SIGKILL)


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""
