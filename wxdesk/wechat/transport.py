"""One HTTP exchange with WeChat's API: time-outs, connections, and what an answer means.

Nothing is repeated here; wechat/calls.py decides that (docs/wechat.md#sending).
"""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ssl import SSLCertVerificationError
from typing import Any, BinaryIO

import requests
from urllib3.exceptions import HTTPError, NewConnectionError, SSLError

from wxdesk.plumbing.errors import DeliveryError
from wxdesk.wechat.error_codes import meaning_of
from wxdesk.wechat.library import ApiClient, HttpFailedError
from wxdesk.wechat.raw_json import raw_json
from wxdesk.words import say

CONNECT_SECONDS = 3.0
ANSWER_SECONDS = 8.0
FILE_SECONDS = 20.0
WHOLE_ANSWER_SECONDS = 5.0
WHOLE_FILE_SECONDS = 90.0
IDLE_SECONDS = 5.0
LARGEST_ANSWER = 4_000_000
CHUNK = 65_536
RID = re.compile("rid: ([0-9a-f-]+)")
JSON_HEADERS = {"Content-Type": "application/json; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class FilePart:
    """A file of a multipart form, in memory: it must be whole when a call is repeated."""

    name: str
    content_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Call:
    """`path` is below /cgi-bin/, or starts with a slash. A GET unless there is a body or a file.

    `may_repeat`: carrying it out twice does no more than once, so a lost answer is not ambiguous.
    """

    path: str
    body: Mapping[str, Any] | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    file: FilePart | None = None
    may_repeat: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """`server_time` is WeChat's own clock when it answered, None if it did not say."""

    fields: dict[str, Any]
    server_time: datetime | None


def whole_path(path: str) -> str:
    """`message/custom/send` as WeChat's console and quota calls name it."""
    return path if path.startswith("/") else f"/cgi-bin/{path}"


class Transport:
    """The connections of one account. Not shared between threads."""

    def __init__(self, app_id: str, base_url: str) -> None:
        self._api = ApiClient(app_id, base_url=base_url)
        self._used_at = time.monotonic()

    @property
    def base_url(self) -> str:
        return str(self._api.base_url)

    def exchange(self, call: Call, token: str | None) -> Answer:
        """WeChat's answer with errcode 0; DeliveryError for everything else.

        `token` None leaves the access token away. Ambiguous when the request may have been
        carried out and must not be twice.
        """
        with network_errors(is_ambiguous=not call.may_repeat), self.opened(call, token) as response:
            body = read_whole(response)
            sent_at = _server_time(response.headers.get("Date", ""))
        return Answer(answer_fields(body, is_ambiguous=not call.may_repeat), sent_at)

    @contextlib.contextmanager
    def opened(self, call: Call, token: str | None) -> Iterator[requests.Response]:
        """The response with its body unread. Raises requests' own errors and HttpFailedError."""
        self._drop_idle_connections()
        self._api.token = token or ""
        answer_seconds = ANSWER_SECONDS if call.file is None else FILE_SECONDS
        ask = self._api.get if call.body is None and call.file is None else self._api.post
        response = ask(
            self.base_url + whole_path(call.path),
            params=dict(call.query) if token else list(call.query.items()),  # no token in a list
            timeout=(CONNECT_SECONDS, answer_seconds),
            allow_redirects=False,
            stream=True,
            **_content(call),
        )
        with contextlib.closing(response):
            yield response

    @contextlib.contextmanager
    def opened_elsewhere(self, url: str) -> Iterator[requests.Response]:
        """Another host, without the token; the caller has checked that it may be asked."""
        timeout = (CONNECT_SECONDS, FILE_SECONDS)
        found = self._api.connections.get(url, timeout=timeout, allow_redirects=False, stream=True)
        with contextlib.closing(found) as response:
            yield response

    def _drop_idle_connections(self) -> None:
        now = time.monotonic()
        if now - self._used_at > IDLE_SECONDS:
            self._api.renew_connections()  # WeChat may have closed it: that would look ambiguous
        self._used_at = now


@contextlib.contextmanager
def network_errors(*, is_ambiguous: bool) -> Iterator[None]:
    """Turn what goes wrong on the way into DeliveryError."""
    try:
        yield
    except HttpFailedError as error:  # nobody knows how far it got
        error.response.close()
        raise DeliveryError(
            say("WeChat answered with an error"), code="http", is_ambiguous=is_ambiguous
        ) from error
    except (requests.RequestException, HTTPError) as error:
        if _was_not_sent(error):
            raise DeliveryError(say("WeChat can't be reached"), code="unreachable") from error
        raise DeliveryError(
            say("WeChat's answer did not come"), code="timeout", is_ambiguous=is_ambiguous
        ) from error


def chunks_of(response: requests.Response, most_seconds: float) -> Iterator[bytes]:
    """The body as it arrives; requests.ConnectionError if it takes longer than that.

    One read of the connection at a time: `iter_content` waits until a whole chunk is there, so a
    server that sends a byte now and then would never let us look at the clock.
    """
    deadline = time.monotonic() + most_seconds
    while chunk := response.raw.read1(CHUNK, decode_content=True):
        if time.monotonic() > deadline:
            raise requests.ConnectionError("it does not end in time")
        yield chunk


def read_whole(response: requests.Response) -> bytes:
    """The body of an answer; requests.ConnectionError if it is endless or comes too slowly."""
    body = bytearray()
    for chunk in chunks_of(response, WHOLE_ANSWER_SECONDS):
        body += chunk
        if len(body) > LARGEST_ANSWER:
            raise requests.ConnectionError("the answer does not end")
    return bytes(body)


def keep_file(response: requests.Response, into: BinaryIO, most_bytes: int) -> int:
    """Write the body to `into`; its size in bytes. DeliveryError "too_large" when there is more.

    requests.ConnectionError when it has not come after a minute and a half.
    """
    size = 0
    for chunk in chunks_of(response, WHOLE_FILE_SECONDS):
        size += len(chunk)
        if size > most_bytes:
            raise too_large()
        into.write(chunk)
    return size


def too_large() -> DeliveryError:
    return DeliveryError(
        say("the file is too large to be kept"), code="too_large", is_permanent=True
    )


def answer_fields(body: bytes, *, is_ambiguous: bool) -> dict[str, Any]:
    """The JSON object that WeChat answered; DeliveryError if it says no, or is none."""
    try:
        fields = json.loads(body.decode("utf-8", "replace"), strict=False)
        code = int(fields.get("errcode") or 0)
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise junk(is_ambiguous=is_ambiguous) from error
    if code:
        raise refused(code, str(fields.get("errmsg", "")), str(fields.get("msg_id") or ""))
    return dict(fields)


def junk(*, is_ambiguous: bool = False) -> DeliveryError:
    """WeChat's answer is not what its documentation says."""
    return DeliveryError(
        say("WeChat's answer can't be read"), code="junk", is_ambiguous=is_ambiguous
    )


def refused(code: int, message: str = "", known_id: str = "") -> DeliveryError:
    """What an errcode means, with the rid of its errmsg; `known_id` of a mass send taken before."""
    meaning = meaning_of(code)
    rid = RID.search(message)
    return DeliveryError(
        meaning.reason,
        code=str(code),
        is_permanent=meaning.is_permanent,
        rid=rid[1] if rid else "",
        known_id=known_id,
    )


def _content(call: Call) -> dict[str, Any]:
    if call.file is not None:
        part = (call.file.name, call.file.data, call.file.content_type)
        return {"files": {"media": part}}
    if call.body is not None:
        return {"data": raw_json(call.body).encode(), "headers": JSON_HEADERS}
    return {}


def _server_time(header: str) -> datetime | None:
    try:
        return parsedate_to_datetime(header).astimezone(UTC)
    except ValueError:
        return None


def _was_not_sent(error: Exception) -> bool:
    """No connection was made, or nobody at its other end was WeChat."""
    if isinstance(error, (requests.ConnectTimeout, requests.exceptions.ProxyError)):
        return True
    reason = error.args[0] if error.args else None
    cause = getattr(reason, "reason", reason)
    inner = cause.args[0] if isinstance(cause, SSLError) and cause.args else None
    return isinstance(cause, NewConnectionError) or isinstance(inner, SSLCertVerificationError)
