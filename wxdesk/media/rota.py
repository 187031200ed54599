"""Whose file is fetched next: accounts by turns, so that a slow one does not hold up the rest."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Iterable
from enum import Enum, auto

AT_ONCE = 2
MOST_FAILURES = 2


class Outcome(Enum):
    """`SETTLED`: it came, or never will; `NONE`: the account has nothing due any more."""

    SETTLED = auto()
    FAILED = auto()
    NONE = auto()


class Rota:
    """Shared by the threads of one run. An account that fails twice in a row is left for later."""

    def __init__(self, account_ids: Iterable[int]) -> None:
        self._waiting = deque(account_ids)
        self._busy: Counter[int] = Counter()
        self._failures: Counter[int] = Counter()
        self._ended: set[int] = set()
        self._lock = threading.Lock()

    def take(self) -> int | None:
        """The account whose turn it is; at most two threads serve one. None: nothing to do."""
        with self._lock:
            for _ in range(len(self._waiting)):
                account_id = self._waiting.popleft()
                if account_id in self._ended:
                    continue
                self._waiting.append(account_id)
                if self._busy[account_id] < AT_ONCE:
                    self._busy[account_id] += 1
                    return account_id
            return None

    def done(self, account_id: int, outcome: Outcome) -> None:
        """Say how it went, once for each `take`."""
        with self._lock:
            self._busy[account_id] -= 1
            if outcome is Outcome.SETTLED:
                self._failures[account_id] = 0
            elif outcome is Outcome.FAILED:
                self._failures[account_id] += 1
            if outcome is Outcome.NONE or self._failures[account_id] >= MOST_FAILURES:
                self._ended.add(account_id)
