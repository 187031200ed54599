"""Real servers of a test run: Redis on a Unix socket, PostgreSQL in a throw-away cluster."""

import contextlib
import ctypes
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

SECRET_KEY = "a secret key for tests only"  # noqa: S105
NOBODY_LISTENS = "http://127.0.0.1:9"
START_SECONDS = 60.0
PR_SET_PDEATHSIG = 1


def wait_until(
    is_so: Callable[[], object], *, seconds: float = 20.0, what: str = "the condition"
) -> None:
    """Poll until `is_so` answers something true; fail the test after `seconds`."""
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            pytest.fail(f"{what} did not come true within {seconds:g} seconds")
        time.sleep(0.02)


def free_port() -> int:
    """Nobody gets it while its process is dead: no connection leaves from one of these."""
    while not _is_free(port := 20_000 + secrets.randbelow(12_000)):
        pass
    return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)


@dataclass
class RedisServer:
    """A redis-server that a test may stop and start again; with `is_durable` it keeps its data."""

    directory: Path
    is_durable: bool = False
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def socket(self) -> Path:
        return self.directory / "r.sock"

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    def start(self) -> None:
        binary = shutil.which("redis-server")
        if binary is None:
            pytest.fail("redis-server is not in PATH: these tests use a real Redis")
        options = ["--port", "0", "--unixsocket", str(self.socket), "--save", ""]
        options += ["--dir", str(self.directory), "--appendonly", "no"]
        if self.is_durable:
            options += ["--appendonly", "yes", "--appendfsync", "always"]
        self.process = subprocess.Popen(
            [binary, *options], stdout=subprocess.DEVNULL, preexec_fn=_end_with_parent
        )
        wait_until(self._answers, seconds=START_SECONDS, what="an answer from redis-server")

    def stop(self) -> None:
        """End it at once, as a crash would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def _answers(self) -> bool:
        try:
            with Redis(unix_socket_path=str(self.socket), retry=Retry(NoBackoff(), 0)) as redis:
                return bool(redis.ping())
        except RedisError:
            return False


@contextlib.contextmanager
def postgres_database(name: str) -> Iterator[str]:
    """The URL of an empty database; from WXDESK_TEST_POSTGRES_URL, else in a private cluster."""
    given = os.environ.get("WXDESK_TEST_POSTGRES_URL")
    if given:
        yield _make_database(given.replace("+psycopg", ""), name)
        return
    with _postgres_cluster() as url:
        yield _make_database(url, name)


def _make_database(url: str, name: str) -> str:
    base, _, query = url.partition("?")
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            connection.execute(f'CREATE DATABASE "{name}" ENCODING UTF8 TEMPLATE template0')
    except psycopg.Error as error:
        pytest.fail(f"WXDESK_TEST_POSTGRES_URL can't be used: {error}")
    return f"{base.rpartition('/')[0]}/{name}" + (f"?{query}" if query else "")


@contextlib.contextmanager
def _postgres_cluster() -> Iterator[str]:
    """PostgreSQL as an ordinary user, on a Unix socket only, without waiting for the disk."""
    bin_dir = _postgres_programs()
    person = _postgres_person()
    directory = Path(tempfile.mkdtemp(prefix="wxdesk-pg-"))
    if person is not None:
        os.chown(directory, person.pw_uid, person.pw_gid)
    as_person = {"user": person.pw_uid, "group": person.pw_gid} if person else {}
    initdb = [bin_dir / "initdb", "-D", directory / "data", "-A", "trust", "-E", "UTF8"]
    made = subprocess.run(
        [*initdb, "--locale=C", "-U", "postgres", "--no-sync"],
        capture_output=True,
        text=True,
        cwd=directory,
        **as_person,
    )
    if made.returncode:
        pytest.fail(f"initdb failed, so PostgreSQL can't be tested: {made.stderr}")
    options = ["listen_addresses=", f"unix_socket_directories={directory}", "fsync=off"]
    options += ["full_page_writes=off", "synchronous_commit=off", "shared_buffers=32MB"]
    server = subprocess.Popen(
        [bin_dir / "postgres", "-D", directory / "data", *(f"--{each}" for each in options)],
        cwd=directory,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=_end_with_parent,
        **as_person,
    )
    url = f"postgresql://postgres@/postgres?host={directory}"
    try:
        wait_until(lambda: _accepts(url), seconds=START_SECONDS, what="a connection to PostgreSQL")
        yield url
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(20)
        shutil.rmtree(directory, ignore_errors=True)


def _postgres_programs() -> Path:
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    found = shutil.which("initdb") or (str(versions[-1]) if versions else None)
    if found is None:
        pytest.fail(
            "PostgreSQL is not installed: install it (apt-get install postgresql), "
            "or set WXDESK_TEST_POSTGRES_URL"
        )
    return Path(found).resolve().parent


def _postgres_person() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root; None when we are somebody else already."""
    if os.getuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def _accepts(url: str) -> bool:
    try:
        with psycopg.connect(url):
            return True
    except psycopg.OperationalError:
        return False
