"""Processes of wxdesk around a throw-away installation, and waiting for them."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

from sqlalchemy import select

from wxdesk.intake.streams import intake_streams
from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.turns import ON_THEIR_WAY
from wxdesk.plumbing.clock import pause
from wxdesk.runtime import Runtime
from wxdesk.settings import Settings

READY_SECONDS = 30
DRAIN_SECONDS = 120
SENT_SECONDS = 60
NOBODY = "http://127.0.0.1:9"


@contextlib.contextmanager
def serving(
    settings: Settings, *arguments: str, wechat: str = NOBODY, address: str = ""
) -> Iterator[int]:
    """`python ARGUMENTS` with these settings; gives its process id. `address` replaces theirs."""
    environment = {
        **os.environ,
        "WXDESK_DATA_DIR": str(settings.data_dir),
        "WXDESK_DATABASE_URL": settings.database_url,
        "WXDESK_REDIS_URL": settings.redis_url,
        "WXDESK_BIND": address or settings.address,
        "WXDESK_PUBLIC_URL": settings.public_url,
        "WXDESK_WECHAT_API_URL": wechat,
    }
    process = subprocess.Popen(
        [sys.executable, *arguments], env=environment, stderr=subprocess.DEVNULL
    )
    try:
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_port(port: int) -> None:
    """Return when something listens there; TimeoutError after 30 seconds."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            pause(0.05)
        else:
            return
    raise TimeoutError(f"nothing listens on port {port}")


def wait_until_drained(runtime: Runtime) -> None:
    deadline = time.monotonic() + DRAIN_SECONDS
    while any(intake_streams(runtime.redis).waiting()) and time.monotonic() < deadline:
        pause(0.05)
    pause(0.3)  # the last batch's commit has happened; let the machine come to rest


def wait_until_sent(runtime: Runtime) -> None:
    """Return when no answer is on its way any more; after a minute at the latest."""
    deadline = time.monotonic() + SENT_SECONDS
    on_the_way = select(DeliveryRow.id).where(DeliveryRow.state.in_(ON_THEIR_WAY)).limit(1)
    while time.monotonic() < deadline:
        with runtime.reading() as session:
            if session.scalar(on_the_way) is None:
                return
        pause(0.1)
