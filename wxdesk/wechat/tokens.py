"""The access token of an official account: one writer among all processes (docs/wechat.md#tokens).

The token is kept in Redis until shortly before it ends. Whoever finds none takes a lock, asks
WeChat's stable_token and stores it; the others wait for that.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from redis import Redis

from wxdesk.plumbing.clock import pause
from wxdesk.plumbing.errors import DeliveryError
from wxdesk.wechat.actions import Action
from wxdesk.wechat.error_codes import meaning_of, meaning_of_text
from wxdesk.wechat.transport import Answer, Call
from wxdesk.words import say

PATH = "stable_token"
LOCK_SECONDS = 40  # longer than two calls may take
POLLS = 60
POLL_SECONDS = 0.25
RENEW_EARLY_SECONDS = 300
SHORTEST_LIFE_SECONDS = 30
FORCED_APART_SECONDS = 60
MOST_FORCED = 10
DAY_SECONDS = 24 * 3600
WRONG_SECRET = 40125
NO_ANSWER = frozenset({"timeout", "junk", "http"})
STORE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[2], ARGV[2], 'EX', ARGV[3])
return 1
"""
RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end"


@dataclass(frozen=True, slots=True)
class TokenCheck:
    """`server_time` is WeChat's clock when it answered; a wrong one of ours shows here."""

    expires_seconds: int
    server_time: datetime | None


class Tokens:
    """Tokens of one account; `credentials` are (app id, app secret)."""

    def __init__(
        self, redis: Redis, exchange: Callable[[Call], Answer], credentials: tuple[str, str]
    ) -> None:
        """`exchange` carries out one call without an access token."""
        self._redis: Any = redis
        self._exchange = exchange
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
                    return self._fetch(mine, refused)
                finally:
                    self._redis.eval(RELEASE, 1, self._lock, mine)
            pause(POLL_SECONDS)
        raise DeliveryError(say("another process is still fetching the token"), code="token")

    def check(self) -> TokenCheck:
        """Ask WeChat, whatever Redis holds; DeliveryError says what is wrong with the keys."""
        _, seconds, server_time = self._ask(force=False)
        return TokenCheck(seconds, server_time)

    def _kept(self) -> str | None:
        value = self._redis.get(self._key)
        return value.decode() if value else None

    def _fetch(self, mine: str, refused: str | None) -> str:
        """Stored only while the lock is `mine`: whoever has it now may know a newer token."""
        if (kept := self._kept()) is not None and kept != refused:
            return kept  # stored between our look and our lock
        token, seconds, _ = self._ask(force=False)
        if token == refused:  # stable_token repeats a token that is still valid in its own books
            self._refuse_too_many()
            token, seconds, _ = self._ask(force=True)
        kept_for = max(SHORTEST_LIFE_SECONDS, seconds - RENEW_EARLY_SECONDS)
        self._redis.eval(STORE, 2, self._lock, self._key, mine, token, kept_for)
        return token

    def _refuse_too_many(self) -> None:
        """Forced tokens are few (20 a day, 30 s apart) and kill the one that others use."""
        is_first = self._redis.set(f"{self._key}:forced", 1, nx=True, ex=FORCED_APART_SECONDS)
        counter = f"{self._key}:forced-today"
        if is_first and self._redis.incr(counter) <= MOST_FORCED:
            self._redis.expire(counter, DAY_SECONDS)
            return
        raise DeliveryError(say("WeChat does not accept the access token"), code="token")

    def _ask(self, *, force: bool) -> tuple[str, int, datetime | None]:
        """Token, seconds until it ends, and WeChat's clock."""
        body = {
            "grant_type": "client_credential",
            "appid": self._app_id,
            "secret": self._secret,
            "force_refresh": force,
        }
        try:
            answer = self._exchange(Call(PATH, body, may_repeat=True))
            token, seconds = answer.fields["access_token"], int(answer.fields["expires_in"])
        except (KeyError, ValueError, TypeError) as error:
            raise _no_token() from error
        except DeliveryError as error:
            raise _token_error(error) from error
        if not isinstance(token, str) or not token:
            raise _no_token()
        return token, seconds, answer.server_time


def _no_token() -> DeliveryError:
    return DeliveryError(say("WeChat gave no access token"), code="token")


def _token_error(error: DeliveryError) -> DeliveryError:
    """No token is refused where none is sent: 40001 here means the secret."""
    if error.code in NO_ANSWER:
        return _no_token()
    meaning = meaning_of_text(error.code)
    if meaning is not None and meaning.action is Action.NEW_TOKEN:
        wrong = meaning_of(WRONG_SECRET)
        return DeliveryError(wrong.reason, code=error.code, is_permanent=True, rid=error.rid)
    return error
