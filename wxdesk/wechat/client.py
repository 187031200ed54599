"""Calls to WeChat's API for one official account: one place for time-outs, tokens and errors."""

from __future__ import annotations

import time
from typing import Any

import requests
from redis import Redis
from urllib3.exceptions import NewConnectionError

from wxdesk.plumbing.errors import DeliveryError
from wxdesk.wechat.error_codes import Action, meaning_of
from wxdesk.wechat.library import ApiClient, CallFailedError
from wxdesk.wechat.tokens import Tokens
from wxdesk.words import say

CONNECT_SECONDS = 3.0
ANSWER_SECONDS = 8.0
IDLE_SECONDS = 5.0


class Client:
    """Not shared between threads. `credentials` are (app id, app secret)."""

    def __init__(self, redis: Redis, base_url: str, credentials: tuple[str, str]) -> None:
        self._tokens = Tokens(redis, base_url, credentials)
        self._api = ApiClient(
            credentials[0], base_url=base_url, timeout=(CONNECT_SECONDS, ANSWER_SECONDS)
        )
        self._used_at = time.monotonic()

    def send_text(self, openid: str, text: str) -> None:
        """Send a customer-service text; returns when WeChat has accepted it.

        Raises DeliveryError; `is_ambiguous` when WeChat may have accepted it all the same.
        WeChat gives neither a message id nor a receipt (docs/wechat.md#sending).
        """
        body = {"touser": openid, "msgtype": "text", "text": {"content": text}}
        self._post("message/custom/send", body)

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        token = self._tokens.get()
        try:
            return self._call(path, body, token)
        except CallFailedError as error:
            code = _code(error)
            if meaning_of(code).action is not Action.NEW_TOKEN:
                raise _delivery_error(error) from error
        try:
            return self._call(path, body, self._tokens.get(refused=token))
        except CallFailedError as error:
            raise _delivery_error(error) from error

    def _call(self, path: str, body: dict[str, Any], token: str) -> dict[str, Any]:
        now = time.monotonic()
        if now - self._used_at > IDLE_SECONDS:
            self._api.renew_connections()  # WeChat may have closed it: that would look ambiguous
        self._used_at = now
        self._api.token = token
        try:
            answer = self._api.post(path, data=body, allow_redirects=False)
        except requests.RequestException as error:
            raise _network_error(error) from error
        if not isinstance(answer, dict):
            raise DeliveryError(say("WeChat's answer is not JSON"), code="junk", is_ambiguous=True)
        return answer


def _code(error: CallFailedError) -> int:
    return int(error.errcode) if error.errcode is not None else 0


def _delivery_error(error: CallFailedError) -> DeliveryError:
    code = _code(error)
    if code == 0:  # an HTTP status other than 200: nobody knows how far it got
        return DeliveryError(say("WeChat answered with an error"), code="http", is_ambiguous=True)
    meaning = meaning_of(code)
    is_permanent = meaning.action is Action.GIVE_UP
    return DeliveryError(meaning.reason, code=str(code), is_permanent=is_permanent)


def _network_error(error: requests.RequestException) -> DeliveryError:
    reason = error.args[0] if error.args else None
    cause = getattr(reason, "reason", reason)
    was_not_sent = isinstance(error, requests.ConnectTimeout) or isinstance(
        cause, NewConnectionError
    )
    if was_not_sent:
        return DeliveryError(say("WeChat can't be reached"), code="unreachable")
    return DeliveryError(say("WeChat's answer did not come"), code="timeout", is_ambiguous=True)
