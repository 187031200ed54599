"""A tiny desk over real HTTP, a client of the simulator, and a clock that the test moves."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from wxdesk.simulator.delivery import Pace

AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
GH = "gh_wang"
TOKEN = "pushtoken"  # noqa: S105 (of no account)
APP_ID = "wx0123456789abcdef"
SECRET = "app-secret"  # noqa: S105
QUICK = Pace(answer_seconds=10.0, redelivery_seconds=0.3)
IMPATIENT = Pace(answer_seconds=0.3, redelivery_seconds=0.3)


class FakeClock:
    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, **units: float) -> None:
        self.now += timedelta(**units)


@dataclass
class Received:
    method: str
    path: str
    query: dict[str, str]
    body: bytes
    at: float


Answer = tuple[int, bytes] | None


@dataclass
class Desk:
    """A webhook; `answer` decides what it says, None closes the connection without a word."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    answer: Callable[[Received], Answer] = lambda _received: (200, b"success")
    headers: dict[str, str] = field(default_factory=dict)


def _handler(desk: Desk) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._serve()

        def do_POST(self) -> None:
            self._serve()

        def _serve(self) -> None:
            at = time.monotonic()
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = urlsplit(self.path)
            query = {k: v[0] for k, v in parse_qs(parts.query, keep_blank_values=True).items()}
            received = Received(self.command, parts.path, query, body, at)
            desk.received.append(received)
            answer = desk.answer(received)
            if answer is None:
                self.close_connection = True
                return
            self.send_response(answer[0])
            for name, value in desk.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer[1])))
            self.end_headers()
            self.wfile.write(answer[1])

        def log_message(self, *_args: object) -> None:
            pass

    return Handler


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """The simulator hangs up on slow answers; that is the point of some tests."""


@contextmanager
def desk_running() -> Iterator[Desk]:
    desk = Desk()
    server = _Server(("127.0.0.1", 0), _handler(desk))
    desk.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield desk
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class WeChat:
    """Short calls to the simulator at `base`."""

    base: str
    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.session.trust_env = False

    def get(self, path: str, **params: Any) -> Any:
        return self.session.get(self.base + path, params=params, timeout=30).json()

    def post(self, path: str, **body: Any) -> Any:
        return self.session.post(self.base + path, json=body, timeout=30).json()

    def register(self, webhook_url: str, **changes: Any) -> Any:
        account = {
            "original_id": GH,
            "app_id": APP_ID,
            "app_secret": SECRET,
            "token": TOKEN,
            "aes_key": AES_KEY,
            "mode": "plain",
            "webhook_url": webhook_url,
            "name": "王记小店",
        }
        return self.post("/sim/accounts", **{**account, **changes})

    def customer(self, name: str = "王小明", original_id: str = GH) -> str:
        return str(self.post(f"/sim/accounts/{original_id}/customers", name=name)["openid"])

    def write(self, openid: str, text: str) -> Any:
        path = f"/sim/customers/{openid}/messages?wait=1"
        return self.post(path, text=text)["message"]

    def event(self, openid: str, event: str, **more: Any) -> Any:
        path = f"/sim/customers/{openid}/events?wait=1"
        return self.post(path, event=event, **more)["message"]

    def bubbles(self, openid: str) -> list[dict[str, Any]]:
        return list(self.get(f"/sim/customers/{openid}/messages")["messages"])

    def notices(self, openid: str) -> list[str]:
        return [b["text"] for b in self.bubbles(openid) if b["direction"] == "notice"]

    def token(self) -> str:
        given = {"grant_type": "client_credential", "appid": APP_ID, "secret": SECRET}
        return str(self.post("/cgi-bin/stable_token", **given)["access_token"])

    def call(self, api: str, token: str, body: bytes | dict[str, Any]) -> Any:
        data = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        url = f"{self.base}/cgi-bin/message/{api}"
        return self.session.post(url, params={"access_token": token}, data=data, timeout=30).json()

    def api(self, path: str, body: Any = None, token: str | None = None, **query: Any) -> Any:
        """One call with a token: GET without a body, else a POST of JSON."""
        query["access_token"] = token or self.token()
        url = f"{self.base}/{path if path.startswith('wxaapi') else f'cgi-bin/{path}'}"
        if body is None:
            answer = self.session.get(url, params=query, timeout=30)
        else:
            data = json.dumps(body, ensure_ascii=False).encode()
            answer = self.session.post(url, params=query, data=data, timeout=30)
        assert answer.status_code == 200
        return answer.json()

    def upload(self, kind: str, content: bytes, name: str = "file") -> Any:
        url = f"{self.base}/cgi-bin/media/upload"
        query = {"access_token": self.token(), "type": kind}
        files = {"media": (name, content)}
        answer = self.session.post(url, params=query, files=files, timeout=30)
        assert answer.status_code == 200
        return answer.json()

    def media(self, kind: str, content: bytes) -> str:
        answer = self.upload(kind, content)
        return str(answer.get("media_id") or answer["thumb_media_id"])

    def send_kind(self, openid: str, kind: str, part: Any, **more: Any) -> int:
        body = {"touser": openid, "msgtype": kind, kind: part, **more}
        return int(self.api("message/custom/send", body)["errcode"])

    def say(self, openid: str, kind: str, **more: Any) -> Any:
        """The customer sends something of this kind."""
        path = f"/sim/customers/{openid}/messages?wait=1"
        return self.post(path, kind=kind, **more)["message"]

    def settings(self, original_id: str = GH, **changes: Any) -> Any:
        return self.post(f"/sim/accounts/{original_id}/settings", **changes)

    def advance(self, **units: float) -> None:
        self.post("/sim/clock", advance_seconds=timedelta(**units).total_seconds())

    def send(self, openid: str, text: str, token: str | None = None) -> Any:
        body = {"touser": openid, "msgtype": "text", "text": {"content": text}}
        return self.call("custom/send", token or self.token(), body)


def eventually(condition: Callable[[], Any], seconds: float = 20.0) -> Any:
    """The first true value of `condition`; fails after the deadline."""
    ends_at = time.monotonic() + seconds
    while time.monotonic() < ends_at:
        if value := condition():
            return value
        time.sleep(0.01)
    raise AssertionError("it did not happen in time")
