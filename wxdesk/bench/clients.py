"""Clients of a measured desk: JSON over one kept connection, and the stream of topics."""

from __future__ import annotations

import http.client
import json
import select
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

ANSWER_SECONDS = 30.0
GONE = (http.client.HTTPException, OSError)


@dataclass(frozen=True, slots=True)
class Answered:
    """`seconds` from the request to the last byte of the answer."""

    status: int
    body: Any
    seconds: float


class Client:
    """One person's requests, one after the other."""

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._connection: http.client.HTTPConnection | None = None

    def get(self, path: str, **query: object) -> Answered:
        return self._ask("GET", f"{path}?{urlencode(query)}" if query else path, None, {})

    def send(self, method: str, path: str, body: object, **headers: str) -> Answered:
        return self._ask(method, path, json.dumps(body), headers)

    def _ask(
        self, method: str, path: str, body: str | None, headers: Mapping[str, str]
    ) -> Answered:
        """The connection is made again once: servers close those that were idle."""
        began = time.perf_counter()
        try:
            answer = self._exchange(method, path, body, headers)
        except GONE:
            self._connection = None
            answer = self._exchange(method, path, body, headers)
        data = answer.read()
        seconds = time.perf_counter() - began
        return Answered(answer.status, json.loads(data) if data else None, seconds)

    def _exchange(
        self, method: str, path: str, body: str | None, headers: Mapping[str, str]
    ) -> http.client.HTTPResponse:
        if self._connection is None:
            self._connection = http.client.HTTPConnection(
                "127.0.0.1", self._port, timeout=ANSWER_SECONDS
            )
            self._connection.connect()
            self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        url = f"/api/v1{path}"
        self._connection.request(method, url, body, {**self._headers, **headers})
        return self._connection.getresponse()


class TopicStream:
    """A browser's /live; the socket is blocking, `topics` waits no longer than it is told."""

    def __init__(self, port: int, cookie: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), ANSWER_SECONDS)
        head = f"GET /live HTTP/1.1\r\nHost: bench\r\nCookie: {cookie}\r\n\r\n"
        self.socket.sendall(head.encode())
        self._waiting = b""

    def topics(self, seconds: float) -> set[str]:
        """What came within so many seconds, as soon as anything comes; "resync" among them."""
        ready, _, _ = select.select([self.socket], [], [], max(0.0, seconds))
        if not ready:
            return set()
        data = self.socket.recv(65_536)
        if not data:
            raise ConnectionResetError("the stream has ended")
        *events, self._waiting = (self._waiting + data).split(b"\n\n")
        return set().union(*(_topics(event) for event in events))

    def close(self) -> None:
        self.socket.close()


def _topics(event: bytes) -> set[str]:
    """Chunk sizes of the transfer encoding stand between the lines and are passed over."""
    lines = event.splitlines()
    if any(line.endswith(b"event: resync") for line in lines):
        return {"resync"}
    for line in lines:
        if line.startswith(b'data: {"topics"'):
            return set(json.loads(line.removeprefix(b"data: "))["topics"])
    return set()
