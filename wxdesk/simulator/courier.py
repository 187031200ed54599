"""Carry pushes in the background: in order for each customer, many customers at once."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable

from wxdesk.simulator.errors import BadInputError
from wxdesk.simulator.pushes import Push

MOST_WAITING = 50_000

logger = logging.getLogger(__name__)


class Parcel:
    """A push under way."""

    def __init__(self, push: Push, line_name: str = "") -> None:
        self.push = push
        self.line_name = line_name
        self._done = threading.Event()

    def finish(self) -> None:
        """Wake whoever waits for the end."""
        self._done.set()

    def wait(self, seconds: float) -> bool:
        """Whether the push ended (answered, or given up) within `seconds`."""
        return self._done.wait(seconds)


class Courier:
    """Daemon threads, started when there is work; `deliver` may block and must not raise."""

    def __init__(self, deliver: Callable[[Push], None], threads: int) -> None:
        self._deliver = deliver
        self._most_threads = threads
        self._changed = threading.Condition()
        self._waiting: dict[str, deque[Parcel]] = {}
        self._ready: deque[str] = deque()
        self._count = 0
        self._idle = 0
        self._threads = 0
        self._is_stopped = False

    def send(self, push: Push, line_name: str = "") -> Parcel:
        """Queue a push behind the others of its customer, or in a line of its own."""
        parcel = Parcel(push, line_name or push.openid)
        with self._changed:
            if self._count >= MOST_WAITING:
                raise BadInputError("text", f"{MOST_WAITING} pushes are waiting already")
            self._count += 1
            line = self._waiting.setdefault(parcel.line_name, deque())
            line.append(parcel)
            if len(line) == 1:
                self._make_ready(parcel.line_name)
        return parcel

    def stop(self) -> None:
        """Start nothing more; the threads end after what they carry now."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()

    def _make_ready(self, line_name: str) -> None:
        self._ready.append(line_name)
        if self._idle < len(self._ready) and self._threads < self._most_threads:
            self._threads += 1
            threading.Thread(target=self._work, name="simulator-push", daemon=True).start()
        self._changed.notify()

    def _work(self) -> None:
        while (parcel := self._next()) is not None:
            try:
                self._deliver(parcel.push)
            except Exception:
                logger.exception("push failed inside the simulator")
            finally:
                self._put_down(parcel)

    def _next(self) -> Parcel | None:
        with self._changed:
            self._idle += 1
            self._changed.wait_for(lambda: self._ready or self._is_stopped)
            self._idle -= 1
            if self._is_stopped:
                return None
            return self._waiting[self._ready.popleft()][0]

    def _put_down(self, parcel: Parcel) -> None:
        with self._changed:
            self._count -= 1
            line = self._waiting[parcel.line_name]
            line.popleft()
            if line:
                self._make_ready(parcel.line_name)
            else:
                del self._waiting[parcel.line_name]
        parcel.finish()
