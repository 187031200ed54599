"""The frame of every API call: token, rights, quotas, ordered faults, the log; HTTP 200 always."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from flask import Response, request

from wxdesk.simulator.books import AccountBook
from wxdesk.simulator.errors import ApiError
from wxdesk.simulator.faults import Fault, FaultKind
from wxdesk.simulator.platform import Platform
from wxdesk.simulator.quotas import limit_of
from wxdesk.simulator.records import Account, Call, Customer

MOST_LOGGED_CHARACTERS = 4096
MOST_JSON_BYTES = 1024 * 1024
ESCAPE = re.compile(r"(?<!\\)((?:\\\\)*)\\u(?=[0-9a-fA-F]{4})")
OK: dict[str, object] = {"errcode": 0, "errmsg": "ok"}


class Access(StrEnum):
    """Who may call: nobody is asked, a token, a verified account, a verified service account."""

    OPEN = "open"
    TOKEN = "token"  # noqa: S105 (a kind of access)
    VERIFIED = "verified"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Upload:
    """One file of a multipart request."""

    file_name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Blob:
    """An answer that is a file; `is_found` false for a page that says it is not there."""

    content: bytes
    content_type: str
    file_name: str = ""
    is_found: bool = True


Answer = dict[str, object] | Blob


@dataclass(slots=True)
class Asked:
    """One call: by whom and with what. The lock of the state is held while it is handled."""

    platform: Platform
    query: Mapping[str, str]
    body: bytes
    caller: str
    upload: Upload | None = None
    account: Account | None = None
    openid: str = ""
    fault: FaultKind | None = None
    afterwards: list[Callable[[], object]] = field(default_factory=list)

    @property
    def now(self) -> datetime:
        return self.platform.state.clock()

    @property
    def owner(self) -> Account:
        """The account that calls; set before any handler that needs a token."""
        if self.account is None:
            raise ApiError(41001, "access_token missing")
        return self.account

    @property
    def book(self) -> AccountBook:
        return self.platform.state.book(self.owner.original_id)

    def order(self) -> dict[str, Any]:
        """The JSON object in the body."""
        return parse(self.body)

    def customer(self, openid: object) -> Customer:
        """The account's customer, following or not; ApiError 40003."""
        found = self.platform.state.customers.get(openid) if isinstance(openid, str) else None
        if found is None or found.original_id != self.owner.original_id:
            raise ApiError(40003, "invalid openid")
        self.openid = found.openid
        return found

    def followers(self) -> list[Customer]:
        """All who follow the account, by openid."""
        everybody = self.platform.state.customers.values()
        mine = [c for c in everybody if c.original_id == self.owner.original_id and c.is_following]
        return sorted(mine, key=lambda customer: customer.openid)


Handler = Callable[[Asked], Answer]


@dataclass(frozen=True, slots=True)
class Api:
    """One call; `daily` is WeChat's quota for a new account, None for none."""

    path: str
    handle: Handler
    access: Access = Access.VERIFIED
    daily: int | None = None
    is_post: bool = True

    @property
    def name(self) -> str:
        """As faults and logs name it: `custom/send`, `media/upload`."""
        return short_name(self.path)


def short_name(path: str) -> str:
    """`/cgi-bin/message/custom/send` becomes `custom/send`."""
    return path.lstrip("/").removeprefix("cgi-bin/").removeprefix("message/")


def parse(body: bytes) -> dict[str, Any]:
    r"""The JSON object in the body; \uXXXX escapes stay as written, as WeChat shows them."""
    if not body:
        raise ApiError(44002, "empty post data")
    if len(body) > MOST_JSON_BYTES:
        raise ApiError(45002, "content size out of limit")
    try:
        order = json.loads(ESCAPE.sub(r"\1\\\\u", body.decode()))
    except (ValueError, RecursionError) as error:
        raise ApiError(47001, "data format error") from error
    if not isinstance(order, dict):
        raise ApiError(47001, "data format error")
    return order


def answered(platform: Platform, api: Api) -> Response:
    """Carry out the call with the fault that was ordered for it, and log it."""
    started = time.perf_counter()
    asked = _asked(platform)
    with platform.state.changed:
        fault = platform.state.faults.take(api.name)
    asked.fault = fault.kind if fault else None
    if fault is not None and fault.kind == FaultKind.SLOW:
        platform.state.stopping.wait(fault.seconds)
    answer, response = _with_fault(fault, api, asked)
    _log(api, asked, answer, fault, started)
    if fault is not None and fault.kind == FaultKind.TIMEOUT_AFTER_ACCEPTING:
        _follow_up(asked)
        platform.state.stopping.wait(fault.seconds)
    elif asked.afterwards:
        response.call_on_close(lambda: _follow_up(asked))
    return response


def _asked(platform: Platform) -> Asked:
    upload = None
    is_form = request.mimetype == "multipart/form-data"
    if is_form and (file := request.files.get("media")) is not None:
        upload = Upload(file.filename or "", file.stream.read())
    body = b"" if is_form else request.get_data()
    return Asked(platform, dict(request.args), body, request.remote_addr or "", upload)


def _with_fault(fault: Fault | None, api: Api, asked: Asked) -> tuple[Answer, Response]:
    """The answer; a fault that refuses leaves the call undone."""
    kind = fault.kind if fault else None
    if fault is not None and kind == FaultKind.ERRCODE:
        error = ApiError(fault.errcode, "ordered by the simulator")
        return _response(error.as_json())
    if kind == FaultKind.HTTP_500:
        return {}, Response("<html>500 Internal Server Error</html>", 500)
    if kind == FaultKind.JUNK:
        return {}, Response("<html><body>502 Bad Gateway", 200)
    if kind == FaultKind.DROP_CONNECTION:
        _drop_connection()
        return {}, Response(status=500)
    try:
        with asked.platform.state.changed:
            return _response(_handled(api, asked))
    except ApiError as error:
        return _response(error.as_json())


def _handled(api: Api, asked: Asked) -> Answer:
    if api.is_post and request.method != "POST":
        raise ApiError(43002, "require POST method")
    if api.access != Access.OPEN:
        state = asked.platform.state
        original_id = state.tokens.owner(asked.query.get("access_token", ""), asked.now)
        asked.account = state.accounts[original_id]
        check_access(asked.account, api.access)
        count(api, asked, asked.account)
    return api.handle(asked)


def check_access(account: Account, access: Access) -> None:
    """ApiError 48001 when the account has not the right."""
    needs_verified = access in (Access.VERIFIED, Access.SERVICE)
    if needs_verified and not account.is_verified:
        raise ApiError(48001, "api unauthorized")
    if access == Access.SERVICE and not account.is_service:
        raise ApiError(48001, "api unauthorized")


def count(api: Api, asked: Asked, account: Account) -> None:
    """Count the call; ApiError 45009 or 45011 when a limit is reached."""
    daily = limit_of(account.daily_limits, api.name, api.daily)
    minutely = limit_of(account.minute_limits, api.name, None)
    usage = asked.platform.state.book(account.original_id).usage
    usage.count(api.name, daily, minutely, asked.now)
    asked.platform.state.touch()


def _response(answer: Answer) -> tuple[Answer, Response]:
    if isinstance(answer, Blob):
        response = Response(answer.content, 200 if answer.is_found else 404)
        response.headers["Content-Type"] = answer.content_type
        if answer.file_name:
            response.headers["Content-disposition"] = f'attachment; filename="{answer.file_name}"'
        return answer, response
    return answer, Response(json.dumps(answer, ensure_ascii=False), mimetype="application/json")


def _follow_up(asked: Asked) -> None:
    for act in asked.afterwards:
        act()


def _drop_connection() -> None:
    line = request.environ.get("werkzeug.socket")
    if isinstance(line, socket.socket):
        with contextlib.suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)


def _log(api: Api, asked: Asked, answer: Answer, fault: Fault | None, started: float) -> None:
    given = answer if isinstance(answer, dict) else OK
    errcode = given.get("errcode", 0 if given else None)
    is_secret = api.access == Access.OPEN
    shown = "" if is_secret else asked.body.decode(errors="replace")[:MOST_LOGGED_CHARACTERS]
    call = Call(
        api=api.name,
        original_id=asked.account.original_id if asked.account else "",
        openid=asked.openid,
        errcode=errcode if isinstance(errcode, int) else None,
        fault=str(fault.kind) if fault else "",
        milliseconds=round((time.perf_counter() - started) * 1000),
        body=shown,
        at=asked.now,
    )
    with asked.platform.state.changed:
        asked.platform.state.calls.append(call)
