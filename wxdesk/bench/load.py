"""A load generator on plain sockets: cheap enough to run beside what it measures."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from wxdesk.bench.event import BenchPush
from wxdesk.plumbing.clock import pause

ANSWER_SECONDS = 10.0
CONNECTIONS = 16


@dataclass(slots=True)
class Outcome:
    """Seconds from sending to the whole answer, by message id, for each answer with status 200."""

    answered: dict[str, float] = field(default_factory=dict)
    sent_at: dict[str, float] = field(default_factory=dict)
    failed: int = 0
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        return len(self.answered) / self.seconds if self.seconds else 0.0


def as_fast_as_possible(port: int, pushes: Sequence[BenchPush]) -> Outcome:
    """Sixteen connections, each sending its next push when the last one is answered."""
    return _run(port, [pushes[number::CONNECTIONS] for number in range(CONNECTIONS)], 0.0)


def evenly(port: int, pushes: Sequence[BenchPush], seconds: float) -> Outcome:
    """All pushes spread over `seconds`, sent on time whatever the answers take."""
    return _run(port, [pushes[number::CONNECTIONS] for number in range(CONNECTIONS)], seconds)


def _run(port: int, lanes: Sequence[Sequence[BenchPush]], seconds: float) -> Outcome:
    outcome = Outcome()
    began = time.perf_counter()
    total = sum(len(lane) for lane in lanes)
    threads = [
        threading.Thread(target=_lane, args=(port, lane, outcome, began, (number, seconds / total)))
        for number, lane in enumerate(lanes)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    outcome.seconds = time.perf_counter() - began
    return outcome


def _lane(
    port: int,
    pushes: Sequence[BenchPush],
    outcome: Outcome,
    began: float,
    pace: tuple[int, float],
) -> None:
    """`pace` is (number of the lane, seconds between two pushes over all lanes)."""
    first, step = pace
    connection: socket.socket | None = None
    for number, push in enumerate(pushes):
        due = began + (number * CONNECTIONS + first) * step
        if step and (wait := due - time.perf_counter()) > 0:
            pause(wait)
        sent_at = due if step else time.perf_counter()
        outcome.sent_at[push.msg_id] = time.time()  # noqa: TID251 -- compared with other threads
        try:
            connection = connection or _connect(port)
            status = _exchange(connection, push)
        except OSError:
            connection, status = None, 0
        if status == 200:
            outcome.answered[push.msg_id] = time.perf_counter() - sent_at
        else:
            outcome.failed += 1


def _connect(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), ANSWER_SECONDS)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _exchange(connection: socket.socket, push: BenchPush) -> int:
    head = (
        f"POST {push.path} HTTP/1.1\r\nHost: bench\r\nContent-Type: text/xml\r\n"
        f"Content-Length: {len(push.body)}\r\n\r\n"
    )
    connection.sendall(head.encode() + push.body)
    received = b""
    while b"\r\n\r\n" not in received:
        received += _receive(connection)
    headers, _, body = received.partition(b"\r\n\r\n")
    length = _length(headers)
    while len(body) < length:
        body += _receive(connection)
    return int(headers[9:12])


def _receive(connection: socket.socket) -> bytes:
    data = connection.recv(65_536)
    if not data:
        raise ConnectionResetError("closed before the whole answer")
    return data


def _length(headers: bytes) -> int:
    for line in headers.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line[15:])
    raise ConnectionResetError("an answer without Content-Length")
