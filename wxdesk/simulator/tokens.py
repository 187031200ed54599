"""Access tokens as WeChat keeps them: /token and stable_token side by side."""

from __future__ import annotations

import secrets
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from wxdesk.simulator.clock import shanghai_day
from wxdesk.simulator.errors import ApiError

LIFETIME = timedelta(seconds=7200)
OVERLAP = timedelta(minutes=5)
FORCE_SPACING = timedelta(seconds=30)
FORCES_A_DAY = 20
REMEMBERED = timedelta(days=1)


class Ending(StrEnum):
    """How a token ends before its time: answered with 42001, or with 40001."""

    EXPIRED = "expired"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class Token:
    """`expires_at` is what was promised; `revoked_at` may come earlier."""

    value: str
    original_id: str
    kind: str
    issued_at: datetime
    expires_at: datetime
    revoked_at: datetime


class TokenBook:
    """Every token that may still be presented. Not thread-safe by itself."""

    def __init__(self) -> None:
        self._tokens: dict[str, Token] = {}
        self._latest: dict[tuple[str, str], str] = {}
        self._forced_at: dict[str, datetime] = {}
        self._forces: Counter[tuple[str, str]] = Counter()

    def fetch(self, original_id: str, now: datetime) -> Token:
        """A new token; the previous one of /token lives on for five minutes."""
        self._revoke(original_id, "token", now + OVERLAP)
        return self._issue(original_id, "token", now)

    def fetch_stable(self, original_id: str, now: datetime) -> Token:
        """The current token, or a new one in the last five minutes of its life."""
        token = self._current(original_id, "stable", now)
        if token is not None and token.expires_at - now > OVERLAP:
            return token
        return self._issue(original_id, "stable", now)

    def force_stable(self, original_id: str, now: datetime) -> Token:
        """A new token that ends the previous one at once; within 30 s nothing changes."""
        last = self._forced_at.get(original_id)
        if last is not None and now - last < FORCE_SPACING:
            return self.fetch_stable(original_id, now)
        day = (original_id, shanghai_day(now))
        if self._forces[day] >= FORCES_A_DAY:
            raise ApiError(45009, "reach max api daily quota limit")
        self._forces[day] += 1
        self._forced_at[original_id] = now
        self._revoke(original_id, "stable", now)
        return self._issue(original_id, "stable", now)

    def owner(self, value: str, now: datetime) -> str:
        """The original id of the account whose valid token this is."""
        if not value:
            raise ApiError(41001, "access_token missing")
        token = self._tokens.get(value)
        if token is not None and now >= token.expires_at:
            raise ApiError(42001, "access_token expired")
        if token is None or now >= token.revoked_at:
            raise ApiError(40001, "invalid credential, access_token is invalid or not latest")
        return token.original_id

    def end_all(self, original_id: str, now: datetime, ending: Ending) -> int:
        """End every valid token of the account; how many there were."""
        valid = [
            token
            for token in self._tokens.values()
            if token.original_id == original_id and now < min(token.expires_at, token.revoked_at)
        ]
        for token in valid:
            expires_at = now if ending == Ending.EXPIRED else token.expires_at
            ended = replace(token, expires_at=expires_at, revoked_at=now)
            self._tokens[token.value] = ended
        return len(valid)

    def dump(self) -> list[Token]:
        """Every token, oldest first; `load` takes them back."""
        return list(self._tokens.values())

    def load(self, tokens: list[Token]) -> None:
        """Take back what `dump` gave."""
        for token in tokens:
            self._tokens[token.value] = token
            self._latest[token.original_id, token.kind] = token.value

    def _current(self, original_id: str, kind: str, now: datetime) -> Token | None:
        token = self._tokens.get(self._latest.get((original_id, kind), ""))
        return token if token is not None and now < token.revoked_at else None

    def _revoke(self, original_id: str, kind: str, at: datetime) -> None:
        token = self._tokens.get(self._latest.get((original_id, kind), ""))
        if token is not None:
            self._tokens[token.value] = replace(token, revoked_at=min(token.revoked_at, at))

    def _issue(self, original_id: str, kind: str, now: datetime) -> Token:
        self._forget(now)
        value = f"92_{secrets.token_urlsafe(99)}"
        token = Token(value, original_id, kind, now, now + LIFETIME, now + LIFETIME)
        self._tokens[value] = token
        self._latest[original_id, kind] = value
        return token

    def _forget(self, now: datetime) -> None:
        old = [v for v, token in self._tokens.items() if now - token.expires_at > REMEMBERED]
        for value in old:
            del self._tokens[value]
