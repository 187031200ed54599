"""One HTTP exchange with a deadline for the whole of it; redirects are not followed."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

MOST_BYTES = 64 * 1024
HEADERS = {"Accept": "*/*", "User-Agent": "Mozilla/4.0"}


@dataclass(frozen=True, slots=True)
class Response:
    """What came back in time."""

    status: int
    body: bytes


class NoAnswerError(Exception):
    """Nothing usable came back; `is_timeout` tells lateness from a broken connection."""

    def __init__(self, *, is_timeout: bool) -> None:
        super().__init__("timeout" if is_timeout else "connection error")
        self.is_timeout = is_timeout


class _Deadline:
    """Cuts the connection when the time is up, however slowly the bytes drip."""

    def __init__(self, connection: http.client.HTTPConnection, seconds: float) -> None:
        self._connection = connection
        self._ends_at = time.monotonic() + seconds
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True
        self._timer.start()

    def has_passed(self) -> bool:
        return time.monotonic() >= self._ends_at

    def cancel(self) -> None:
        self._timer.cancel()

    def _cut(self) -> None:
        line = self._connection.sock
        if line is not None:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)


def exchange(
    url: str, body: bytes | None, seconds: float, content_type: str = "text/xml"
) -> Response:
    """POST `body` (GET without one) and read the whole answer within `seconds`."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=seconds)
    deadline = _Deadline(connection, seconds)
    target = f"{parts.path or '/'}?{parts.query}"
    try:
        headers = {**HEADERS, "Content-Type": content_type}
        connection.request("GET" if body is None else "POST", target, body, headers)
        answer = connection.getresponse()
        response = Response(answer.status, answer.read(MOST_BYTES))
    except TimeoutError as error:
        raise NoAnswerError(is_timeout=True) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NoAnswerError(is_timeout=deadline.has_passed()) from error
    finally:
        deadline.cancel()
        connection.close()
    if deadline.has_passed():
        raise NoAnswerError(is_timeout=True)
    return response
