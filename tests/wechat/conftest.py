"""A WeChat whose console knows our account, and Wang, who has just written; and one by script."""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from cast import APP_ID, APP_SECRET, ORIGINAL_ID, TOKEN, FakeClock, WeChat
from redis import Redis
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request, Response

from wxdesk.wechat.client import Client

Answer = dict[str, Any] | Response | Callable[[Request], Response]


@pytest.fixture
def console(wechat: WeChat) -> WeChat:
    wechat.control(
        "accounts",
        original_id=ORIGINAL_ID,
        app_id=APP_ID,
        app_secret=APP_SECRET,
        token=TOKEN,
        webhook_url="http://127.0.0.1:9/",
    )
    wechat.add_customer()
    return wechat


@dataclass
class Seen:
    """One request as it came over the wire."""

    method: str
    path: str
    query: dict[str, str]
    body: bytes
    port: int
    form: dict[str, tuple[str, str, bytes]]

    @property
    def fields(self) -> dict[str, Any]:
        return json.loads(self.body)


@dataclass
class Script:
    """A server that answers what the test says: what no simulator of WeChat would do."""

    url: str = ""
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    tokens: int = 0

    def answer(self, path: str, *answers: Answer) -> None:
        """One after the other; the last one for ever."""
        self.answers[f"/cgi-bin/{path}" if not path.startswith("/") else path] = list(answers)

    def asked(self, path: str) -> list[Seen]:
        return [each for each in self.seen if each.path.endswith(path)]

    def respond(self, request: Request, port: int) -> Response:
        form = {
            name: (file.filename or "", file.content_type, file.read())
            for name, file in request.files.items()
        }
        body = b"" if form else request.get_data()
        self.seen.append(
            Seen(request.method, request.path, request.args.to_dict(), body, port, form)
        )
        answer = self._next(request.path)
        if not isinstance(answer, (dict, Response)):
            answer = answer(request)
        return as_response(answer) if isinstance(answer, dict) else answer

    def _next(self, path: str) -> Answer:
        waiting = self.answers.get(path)
        if waiting:
            return waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if path == "/cgi-bin/stable_token":
            self.tokens += 1
            return {"access_token": f"token-{self.tokens}", "expires_in": 7200}
        return {"errcode": 0, "errmsg": "ok"}


def as_response(fields: dict[str, Any], content_type: str = "application/json") -> Response:
    return Response(json.dumps(fields, ensure_ascii=False), content_type=content_type)


class Trickle:
    """A body of which one byte comes every 20 ms; `sent` counts them."""

    def __init__(self, content: bytes) -> None:
        self.sent = 0
        self._content = content
        self._tick = threading.Event()

    def __call__(self, _request: Request) -> Response:
        return Response(self._bytes(), content_type="application/octet-stream")

    def _bytes(self) -> Iterator[bytes]:
        for at in range(len(self._content)):
            self._tick.wait(0.02)
            self.sent += 1
            yield self._content[at : at + 1]


class Handler(BaseHTTPRequestHandler):
    """Keeps connections open, as WeChat does, and adds nothing to what the test says."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    script: Script

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        builder = EnvironBuilder(
            path=self.path, method=self.command, headers=self.headers.items(), data=body
        )
        with Request(builder.get_environ()) as request:
            response = self.script.respond(request, self.client_address[1])
        builder.close()
        self.send_response_only(response.status_code)
        headers, is_ended = response.headers.to_wsgi_list(), "Content-Length" in response.headers
        for name, value in headers if is_ended else [*headers, ("Connection", "close")]:
            self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(ConnectionError):  # the client may have heard enough
            for chunk in response.iter_encoded():
                self.wfile.write(chunk)
        self.close_connection = not is_ended or "Connection" in response.headers

    do_GET = do_POST = answer  # noqa: N815 -- names of the standard library

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def script() -> Iterator[Script]:
    script = Script()
    handler = type("OfThisTest", (Handler,), {"script": script})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    script.url = f"http://127.0.0.1:{server.server_port}"
    yield script
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def pauses() -> list[float]:
    """How long the client has waited, in seconds; nobody really waits."""
    return []


@pytest.fixture
def connect(redis: Redis, clock: FakeClock, pauses: list[float]) -> Callable[..., Client]:
    """A client as a process makes one; several make several processes."""

    def make(url: str, **settings: Any) -> Client:
        given = {"clock": clock, "pause": pauses.append, **settings}
        return Client(redis, url, (APP_ID, APP_SECRET), **given)

    return make


@pytest.fixture
def scripted(connect: Callable[..., Client], script: Script) -> Client:
    """A client of the scripted server."""
    return connect(script.url)
