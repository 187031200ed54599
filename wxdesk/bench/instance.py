"""A throw-away installation to measure: its own data directory, Redis and database."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg

from wxdesk.plumbing.clock import pause
from wxdesk.plumbing.errors import ConfigurationError
from wxdesk.runtime import Runtime, build, start
from wxdesk.settings import Settings, load
from wxdesk.supervisor import migrate, redis_child, wait_for_redis

POSTGRES_PATHS = "/usr/lib/postgresql/*/bin"
START_TRIES = 200


@contextlib.contextmanager
def installation(database: str, port: int = 1) -> Iterator[Settings]:
    """Settings of a new installation on `sqlite` or `postgresql`, with a running Redis."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wxdesk-bench-")))
        environment = {
            "WXDESK_DATA_DIR": str(folder / "data"),
            "WXDESK_BIND": f"127.0.0.1:{port}",
        }
        if database == "postgresql":
            environment["WXDESK_DATABASE_URL"] = stack.enter_context(postgres())
        settings = load(environment)
        stack.enter_context(_redis(settings))
        migrate(build(settings).engine)
        yield settings


@contextlib.contextmanager
def running(database: str) -> Iterator[Runtime]:
    """An installation with this process as its only part."""
    with installation(database) as settings:
        runtime = build(settings)
        start(runtime)
        try:
            yield runtime
        finally:
            runtime.stopping.set()
            runtime.engine.dispose()


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """The URL of a private PostgreSQL with its factory settings (fsync on)."""
    folder = Path(tempfile.mkdtemp(prefix="wxdesk-pg-", dir="/tmp"))
    user = _hand_over(folder)
    binaries = _postgres_binaries()
    cluster = folder / "cluster"
    _run_as(user, [str(binaries / "initdb"), "-D", str(cluster), "-U", "wxdesk", "-A", "trust"])
    server = subprocess.Popen(
        [
            *_as(user),
            str(binaries / "postgres"),
            *("-D", str(cluster), "-k", str(folder), "-c", "listen_addresses="),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        url = f"postgresql://wxdesk@/postgres?host={folder}"
        _wait_for(url)
        yield url
    finally:
        _run_as(user, [str(binaries / "pg_ctl"), "-D", str(cluster), "-m", "immediate", "stop"])
        server.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _redis(settings: Settings) -> Iterator[None]:
    process = subprocess.Popen(redis_child(settings).command)
    try:
        wait_for_redis(settings, process)
        yield
    finally:
        process.terminate()
        process.wait(20)


def _postgres_binaries() -> Path:
    if found := shutil.which("postgres"):
        return Path(found).parent
    for path in sorted(Path("/").glob(POSTGRES_PATHS.lstrip("/")), reverse=True):
        if (path / "postgres").exists():
            return path
    raise ConfigurationError("there is no PostgreSQL server on this machine: leave it out")


def _hand_over(folder: Path) -> str | None:
    """PostgreSQL refuses to run as root: give the folder to another user."""
    if os.getuid() != 0:
        return None
    user = "postgres" if _exists("postgres") else "nobody"
    shutil.chown(folder, user)
    return user


def _exists(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True


def _as(user: str | None) -> list[str]:
    return ["setpriv", f"--reuid={user}", "--clear-groups"] if user else []


def _run_as(user: str | None, command: list[str]) -> None:
    subprocess.run([*_as(user), *command], check=True, stdout=subprocess.DEVNULL, timeout=120)


def _wait_for(url: str) -> None:
    """Its socket is there before it takes connections."""
    for _ in range(START_TRIES):
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(url, connect_timeout=1).close()
            return
        pause(0.05)
    raise ConfigurationError("PostgreSQL did not start in 10 seconds")
