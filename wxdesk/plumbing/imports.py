"""A file that would change a list: what would become of each row, until somebody confirms it.

The file is kept in Redis for half an hour between the look at it and the confirmation: one for
each person, the last.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from redis import Redis

KEPT_SECONDS = 1800
TOKEN_LENGTH = 32


class Change(StrEnum):
    """What a row would do."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """One row of the file; `problem` is a sentence for a wrong one.

    `before` is what the row would replace: somebody may have changed that since the look at it.
    """

    number: int
    change: Change
    name: str
    detail: str = ""
    problem: str | None = None
    before: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What an import would do: all of it, or nothing when a row is wrong."""

    rows: tuple[PlannedRow, ...]

    def count(self, change: str) -> int:
        return sum(row.change == change for row in self.rows)

    @property
    def is_possible(self) -> bool:
        return not self.count(Change.WRONG)

    @property
    def is_needed(self) -> bool:
        return self.count(Change.NEW) + self.count(Change.CHANGED) > 0

    @property
    def digest(self) -> str:
        """The same for the same plan: what is confirmed is what was shown."""
        lines = [
            f"{row.number} {row.change} {row.name} {row.detail} {row.before}" for row in self.rows
        ]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:32]


def keep(redis: Redis, owner_id: int, data: bytes) -> str:
    """Remember an uploaded file instead of an earlier one; gives the token that finds it again."""
    token = secrets.token_hex(TOKEN_LENGTH // 2)
    redis.set(_key(owner_id), token.encode() + data, ex=KEPT_SECONDS)
    return token


def kept(redis: Redis, owner_id: int, token: str) -> bytes | None:
    """The file of this owner; None when the half hour is over, or another one was uploaded."""
    found: Any = redis.get(_key(owner_id))
    if not isinstance(found, bytes) or found[:TOKEN_LENGTH] != token.encode():
        return None
    return found[TOKEN_LENGTH:]


def forget(redis: Redis, owner_id: int, token: str) -> None:
    """Unless it has been replaced by another file."""
    if kept(redis, owner_id, token) is not None:
        redis.delete(_key(owner_id))


def _key(owner_id: int) -> str:
    return f"wxdesk:import:{owner_id}"
