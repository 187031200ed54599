"""Who gets a conversation that waits, and when one that is not looked after goes back. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from wxdesk.agents.rules import AssignmentMode, Presence, Tabs, presence_of

OFFLINE_GRACE_SECONDS = 120
LONGEST_GRACE_SECONDS = 24 * 3600
LONGEST_SILENT_SECONDS = 24 * 3600
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An agent who is online; `assigned_at` is when they were last given one by themselves."""

    agent_id: int
    load: int
    capacity: int
    assigned_at: datetime | None

    @property
    def has_room(self) -> bool:
        return self.load < self.capacity

    def with_one_more(self, at: datetime) -> Candidate:
        return replace(self, load=self.load + 1, assigned_at=at)


def choose(
    candidates: Sequence[Candidate],
    mode: AssignmentMode,
    *,
    preferred: int | None = None,
    avoided: int | None = None,
) -> Candidate | None:
    """Who gets the next one; None when it must wait.

    `preferred` (the agent who answered this customer last) goes first with room. `avoided` (who let
    this customer wait in silence) gets it only when nobody else has room.
    """
    with_room = [one for one in candidates if one.has_room]
    free = [one for one in with_room if one.agent_id != avoided] or with_room
    if not free or mode is AssignmentMode.OFF:
        return None
    for one in free:
        if one.agent_id == preferred:
            return one
    by_turn = mode is AssignmentMode.ROUND_ROBIN
    return min(free, key=_turn if by_turn else _ease)


@dataclass(frozen=True, slots=True)
class Standing:
    """An agent by the rows."""

    agent_id: int
    is_active: bool
    availability: Presence
    presence: Presence


def presences(
    people: Sequence[Standing], tabs: Mapping[int, Tabs], *, may_trust_absence: bool
) -> dict[int, Presence]:
    """By agent id the presence that differs from the row's.

    While Redis may have lost heartbeats nobody goes offline for missing ones.
    """
    found: dict[int, Presence] = {}
    for one in people:
        seen = tabs.get(one.agent_id, Tabs())
        now = presence_of(one.availability, seen) if one.is_active else Presence.OFFLINE
        is_chosen = one.availability is Presence.OFFLINE or not one.is_active
        if now is Presence.OFFLINE and not is_chosen and not may_trust_absence:
            continue
        if now is not one.presence:
            found[one.agent_id] = now
    return found


def cutoff(now: datetime, seconds: int) -> datetime:
    """What was before this has lasted for longer than so many seconds."""
    return now - timedelta(seconds=seconds)


def _turn(one: Candidate) -> tuple[datetime, int]:
    return (one.assigned_at or LONG_AGO, one.agent_id)


def _ease(one: Candidate) -> tuple[float, datetime, int]:
    return (one.load / one.capacity, *_turn(one))
