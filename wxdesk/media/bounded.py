"""One program in a process of its own, with bounded time, memory and output.

What it reads comes from customers, and is hostile until shown otherwise: a decoder may crash, run
for minutes or fill the memory there, and nobody else notices.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

KEPT_VARIABLES = ("PATH", "PYTHONPATH")


@dataclass(frozen=True, slots=True)
class Bounds:
    """Seconds by the clock and of computing; bytes of memory and of each file that it writes."""

    run_seconds: float
    cpu_seconds: int
    memory_bytes: int
    output_bytes: int


def run_bounded(command: Sequence[str], place: Path, bounds: Bounds) -> int:
    """Run it in the folder `place`; its exit code, or less than 0 when it had to be stopped."""
    environment = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    with subprocess.Popen(  # noqa: S603 -- no shell, and nothing of the customer's but a path of ours
        command,
        cwd=place,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        _bound(process.pid, bounds)
        try:
            return process.wait(bounds.run_seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            return -signal.SIGKILL
        except BaseException:
            process.kill()
            raise


def _bound(pid: int, bounds: Bounds) -> None:
    """Set from outside: code between fork and exec is not safe beside threads."""
    limits = {
        resource.RLIMIT_CPU: bounds.cpu_seconds,
        resource.RLIMIT_AS: bounds.memory_bytes,
        resource.RLIMIT_FSIZE: bounds.output_bytes,
    }
    with contextlib.suppress(ProcessLookupError):  # it has ended already
        for name, most in limits.items():
            resource.prlimit(pid, name, (most, most))
