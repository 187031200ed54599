"""WeChat's API as a desk calls it: /cgi-bin, always HTTP 200 unless a fault was ordered."""

from __future__ import annotations

import contextlib
import json
import secrets
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, Response, request

from wxdesk.simulator.errors import ApiError
from wxdesk.simulator.faults import Fault, FaultKind
from wxdesk.simulator.platform import Platform
from wxdesk.simulator.records import Account, Call
from wxdesk.simulator.sending import parse, send, type_to
from wxdesk.simulator.state import State
from wxdesk.simulator.tokens import Token

MOST_LOGGED_CHARACTERS = 4096
SECRET_APIS = frozenset({"token", "stable_token"})


@dataclass(slots=True)
class Outcome:
    """What a call did, for its answer and for the log."""

    answer: dict[str, object]
    original_id: str = ""
    openid: str = ""


Handler = Callable[[], Outcome]


def create_blueprint(platform: Platform) -> Blueprint:
    """The routes of /cgi-bin."""
    api = Blueprint("api", __name__, url_prefix="/cgi-bin")
    state = platform.state

    @api.get("/token")
    def token() -> Response:
        return _answered(platform, "token", lambda: _token(state, dict(request.args)))

    @api.post("/stable_token")
    def stable_token() -> Response:
        return _answered(platform, "stable_token", lambda: _stable(state))

    @api.post("/message/custom/send")
    def custom_send() -> Response:
        return _answered(platform, "custom/send", lambda: _for_customer(state, send))

    @api.post("/message/custom/typing")
    def custom_typing() -> Response:
        return _answered(platform, "custom/typing", lambda: _for_customer(state, type_to))

    @api.route("/<path:name>", methods=["GET", "POST"])
    def unknown(name: str) -> Response:
        return _answered(platform, name[:100], _refuse_unknown)

    return api


def _answered(platform: Platform, api: str, handle: Handler) -> Response:
    """Carry out the call with the fault that was ordered for it, and log it."""
    started = time.perf_counter()
    body = request.get_data()
    with platform.state.changed:
        fault = platform.state.faults.take(api)
    if fault is not None and fault.kind == FaultKind.SLOW:
        platform.state.stopping.wait(fault.seconds)
    outcome, response = _with_fault(fault, handle)
    milliseconds = round((time.perf_counter() - started) * 1000)
    _log(platform.state, api, outcome, fault, milliseconds, body)
    if fault is not None and fault.kind == FaultKind.TIMEOUT_AFTER_ACCEPTING:
        platform.state.stopping.wait(fault.seconds)
    return response


def _with_fault(fault: Fault | None, handle: Handler) -> tuple[Outcome, Response]:
    """The outcome and its answer; a fault that refuses leaves the call undone."""
    kind = fault.kind if fault else None
    if fault is not None and kind == FaultKind.ERRCODE:
        error = ApiError(fault.errcode, "ordered by the simulator")
        return _as_json(Outcome(error.as_json()))
    if kind == FaultKind.HTTP_500:
        return Outcome({}), Response("<html>500 Internal Server Error</html>", 500)
    if kind == FaultKind.JUNK:
        return Outcome({}), Response("<html><body>502 Bad Gateway", 200)
    if kind == FaultKind.DROP_CONNECTION:
        _drop_connection()
        return Outcome({}), Response(status=500)
    try:
        return _as_json(handle())
    except ApiError as error:
        return _as_json(Outcome(error.as_json()))


def _as_json(outcome: Outcome) -> tuple[Outcome, Response]:
    text = json.dumps(outcome.answer, ensure_ascii=False)
    return outcome, Response(text, mimetype="application/json")


def _drop_connection() -> None:
    line = request.environ.get("werkzeug.socket")
    if isinstance(line, socket.socket):
        with contextlib.suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)


def _log(
    state: State, api: str, outcome: Outcome, fault: Fault | None, milliseconds: int, body: bytes
) -> None:
    errcode = outcome.answer.get("errcode", 0 if outcome.answer else None)
    shown = "" if api in SECRET_APIS else body.decode(errors="replace")[:MOST_LOGGED_CHARACTERS]
    call = Call(
        api=api,
        original_id=outcome.original_id,
        openid=outcome.openid,
        errcode=errcode if isinstance(errcode, int) else None,
        fault=str(fault.kind) if fault else "",
        milliseconds=milliseconds,
        body=shown,
        at=state.clock(),
    )
    with state.changed:
        state.calls.append(call)


def _token(state: State, given: dict[str, str]) -> Outcome:
    account = _account_with_secret(state, dict(given))
    with state.changed:
        token = state.tokens.fetch(account.original_id, state.clock())
        state.touch()
    return _token_outcome(state, token)


def _stable(state: State) -> Outcome:
    given = parse(request.get_data())
    account = _account_with_secret(state, given)
    force = given.get("force_refresh", False)
    if not isinstance(force, bool):
        raise ApiError(47001, "data format error")
    with state.changed:
        fetch = state.tokens.force_stable if force else state.tokens.fetch_stable
        token = fetch(account.original_id, state.clock())
        state.touch()
    return _token_outcome(state, token)


def _token_outcome(state: State, token: Token) -> Outcome:
    seconds = int((token.expires_at - state.clock()).total_seconds())
    answer: dict[str, object] = {"access_token": token.value, "expires_in": seconds}
    return Outcome(answer, token.original_id)


def _account_with_secret(state: State, given: dict[str, object]) -> Account:
    if given.get("grant_type") != "client_credential":
        raise ApiError(40002, "invalid grant_type")
    app_id, secret = given.get("appid"), given.get("secret")
    if not app_id or not isinstance(app_id, str):
        raise ApiError(41002, "appid missing")
    if not secret or not isinstance(secret, str):
        raise ApiError(41004, "appsecret missing")
    with state.changed:
        found = [account for account in state.accounts.values() if account.app_id == app_id]
    if not found:
        raise ApiError(40013, "invalid appid")
    if not secrets.compare_digest(found[0].app_secret.encode(), secret.encode()):
        raise ApiError(40125, "invalid appsecret")
    return found[0]


def _for_customer(state: State, act: Callable[[State, Account, bytes], str]) -> Outcome:
    with state.changed:
        original_id = state.tokens.owner(request.args.get("access_token", ""), state.clock())
        account = state.accounts[original_id]
    openid = act(state, account, request.get_data())
    return Outcome({"errcode": 0, "errmsg": "ok"}, account.original_id, openid)


def _refuse_unknown() -> Outcome:
    raise ApiError(40066, "invalid url")
