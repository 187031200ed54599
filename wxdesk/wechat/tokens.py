"""The access token of an official account: one writer among all processes (docs/wechat.md#tokens).

The token is kept in Redis until shortly before it ends. Whoever finds none takes a lock, asks
WeChat's stable_token and stores it; the others wait for that.
"""

from __future__ import annotations

import secrets
from typing import Any

import requests
from redis import Redis

from wxdesk.plumbing.clock import pause
from wxdesk.plumbing.errors import DeliveryError
from wxdesk.wechat.error_codes import Action, meaning_of
from wxdesk.words import say

LOCK_SECONDS = 15
POLLS = 60
POLL_SECONDS = 0.25
RENEW_EARLY_SECONDS = 300
SHORTEST_LIFE_SECONDS = 30
TIMEOUT = (3.0, 5.0)
FORCED_APART_SECONDS = 60
MOST_FORCED = 10
DAY_SECONDS = 24 * 3600
RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end"


class Tokens:
    """Tokens of one account; `credentials` are (app id, app secret)."""

    def __init__(self, redis: Redis, base_url: str, credentials: tuple[str, str]) -> None:
        self._redis: Any = redis
        self._url = f"{base_url.rstrip('/')}/cgi-bin/stable_token"
        self._app_id, self._secret = credentials
        self._key = f"wxdesk:token:{self._app_id}"
        self._lock = f"{self._key}:lock"

    def get(self, refused: str | None = None) -> str:
        """A token other than `refused` (the one that WeChat just did not accept).

        Raises DeliveryError when WeChat gives none, or another process takes too long.
        """
        for _ in range(POLLS):
            kept = self._kept()
            if kept is not None and kept != refused:
                return kept
            mine = secrets.token_hex(8)
            if self._redis.set(self._lock, mine, nx=True, ex=LOCK_SECONDS):
                try:
                    return self._fetch(refused)
                finally:
                    self._redis.eval(RELEASE, 1, self._lock, mine)
            pause(POLL_SECONDS)
        raise DeliveryError(say("another process is still fetching the token"), code="token")

    def _kept(self) -> str | None:
        value = self._redis.get(self._key)
        return value.decode() if value else None

    def _fetch(self, refused: str | None) -> str:
        token, seconds = self._ask(force=False)
        if token == refused:  # stable_token repeats a token that is still valid in its own books
            self._refuse_too_many()
            token, seconds = self._ask(force=True)
        self._redis.set(
            self._key, token, ex=max(SHORTEST_LIFE_SECONDS, seconds - RENEW_EARLY_SECONDS)
        )
        return token

    def _refuse_too_many(self) -> None:
        """Forced tokens are few (20 a day, 30 s apart) and kill the one that others use."""
        is_first = self._redis.set(f"{self._key}:forced", 1, nx=True, ex=FORCED_APART_SECONDS)
        counter = f"{self._key}:forced-today"
        if is_first and self._redis.incr(counter) <= MOST_FORCED:
            self._redis.expire(counter, DAY_SECONDS)
            return
        raise DeliveryError(say("WeChat does not accept the access token"), code="token")

    def _ask(self, *, force: bool) -> tuple[str, int]:
        body: dict[str, str | bool] = {
            "grant_type": "client_credential",
            "appid": self._app_id,
            "secret": self._secret,
            "force_refresh": force,
        }
        try:
            answer = requests.post(self._url, json=body, timeout=TIMEOUT, allow_redirects=False)
            fields = answer.json()
            if "access_token" in fields:
                return str(fields["access_token"]), int(fields["expires_in"])
            code = int(fields["errcode"])
        except (requests.RequestException, ValueError, KeyError, TypeError) as error:
            raise DeliveryError(
                say("WeChat gave no access token"), code=type(error).__name__
            ) from error
        meaning = meaning_of(code)
        is_permanent = meaning.action is Action.GIVE_UP
        raise DeliveryError(meaning.reason, code=str(code), is_permanent=is_permanent)
