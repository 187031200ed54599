"""Faults that a test or a person orders for the next API calls."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

EVERY_API = "*"
MOST_TIMES = 1000
MOST_SECONDS = 60.0
MOST_PLANNED = 100


class FaultKind(StrEnum):
    SLOW = "slow"
    TIMEOUT_AFTER_ACCEPTING = "timeout_after_accepting"
    HTTP_500 = "http_500"
    JUNK = "junk"
    ERRCODE = "errcode"
    DROP_CONNECTION = "drop_connection"
    JOB_FAILED = "job_failed"


@dataclass(slots=True)
class Fault:
    """`times` is how many calls it still spoils; `seconds` is for the two slow kinds."""

    api: str
    kind: FaultKind
    times: int
    errcode: int = -1
    seconds: float = 6.0


class FaultPlan:
    """Ordered faults, first in first used. Not thread-safe by itself."""

    def __init__(self) -> None:
        self._planned: list[Fault] = []

    def add(self, fault: Fault) -> bool:
        """False when too many are planned already."""
        if len(self._planned) >= MOST_PLANNED:
            return False
        self._planned.append(fault)
        return True

    def take(self, api: str) -> Fault | None:
        """Use up one time of the first fault for this API."""
        for fault in self._planned:
            if fault.api in (api, EVERY_API):
                fault.times -= 1
                if fault.times <= 0:
                    self._planned.remove(fault)
                return fault
        return None

    def clear(self) -> None:
        """Forget every planned fault."""
        self._planned.clear()

    def planned(self) -> list[Fault]:
        """What is still to come."""
        return list(self._planned)
