"""Erlang C: how long people wait when so many ask and so many answer. Pure.

A. K. Erlang, "Solution of some problems in the theory of probabilities of significance in automatic
telephone exchanges" (1917); the recursion for Erlang B is that of R. B. Cooper, "Introduction to
Queueing Theory" (2nd edition, 1981), chapter 3, and C follows from B as there. The model: people
come at random (Poisson), each takes an exponential time, nobody gives up, first come first served.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

MOST_AGENTS = 100_000


@dataclass(frozen=True, slots=True)
class Load:
    """Who comes: `per_hour` questions, of which each keeps somebody busy for `handling_seconds`."""

    per_hour: float
    handling_seconds: float

    @property
    def erlangs(self) -> float:
        """How many would be busy on average."""
        return self.per_hour * self.handling_seconds / 3600


@dataclass(frozen=True, slots=True)
class Target:
    """`share` (above 0, below 1) of the questions are begun within `seconds`."""

    share: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Service:
    """What so many give. `wait_seconds` is the mean over all questions.

    Too few for the load: the queue grows without end, `wait_seconds` is None and `within` 0.
    """

    answering: int
    within: float
    wait_seconds: float | None
    occupancy: float | None


def erlang_b(erlangs: float, servers: int) -> float:
    """The share of those who find all servers busy, if nobody may wait."""
    blocked = 1.0
    for number in range(1, servers + 1):
        blocked = erlangs * blocked / (number + erlangs * blocked)
    return blocked


def erlang_c(erlangs: float, servers: int) -> float:
    """The share of those who have to wait; 1 when there are too few servers."""
    return 1.0 if erlangs >= servers else _waits(erlang_b(erlangs, servers), erlangs, servers)


def service(load: Load, servers: int, within_seconds: float) -> Service:
    """What `servers` give: each has one question at a time."""
    if load.erlangs == 0:
        return Service(servers, 1.0, 0.0, 0.0 if servers else None)
    if load.erlangs >= servers:
        return Service(servers, 0.0, None, 1.0 if servers else None)
    return _service(load, servers, erlang_c(load.erlangs, servers), within_seconds)


@lru_cache(maxsize=4_096)
def needed(load: Load, target: Target) -> int | None:
    """The fewest servers that keep the target; None above 100,000."""
    if load.erlangs == 0:
        return 0
    blocked = 1.0
    for number in range(1, MOST_AGENTS + 1):
        blocked = load.erlangs * blocked / (number + load.erlangs * blocked)
        if number <= load.erlangs:
            continue
        waiting = _waits(blocked, load.erlangs, number)
        if _within(load, number, waiting, target.seconds) >= target.share:
            return number
    return None


def _waits(blocked: float, erlangs: float, servers: int) -> float:
    return blocked / (1 - erlangs / servers * (1 - blocked))


def _within(load: Load, servers: int, waiting: float, seconds: float) -> float:
    free = servers - load.erlangs
    return 1 - waiting * math.exp(-free * seconds / load.handling_seconds)


def _service(load: Load, servers: int, waiting: float, seconds: float) -> Service:
    return Service(
        answering=servers,
        within=_within(load, servers, waiting, seconds),
        wait_seconds=waiting * load.handling_seconds / (servers - load.erlangs),
        occupancy=load.erlangs / servers,
    )
