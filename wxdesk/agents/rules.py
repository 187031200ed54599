"""Roles, what each may do, and when a log-in is refused. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from wxdesk.words import say

EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,180}")
SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 200
FAILURES_UNTIL_LOCKED = 5
LOCKED_FOR = timedelta(minutes=10)
CAPACITY = 10
MOST_CAPACITY = 200
LONGEST_NAME = 60
INVITATION_LASTS = timedelta(days=7)
TAB = re.compile(r"[A-Za-z0-9-]{1,40}")
HEARTBEAT_LASTS = timedelta(seconds=45)
HIDDEN_HEARTBEAT_LASTS = timedelta(seconds=90)
LEAVING_LASTS = timedelta(seconds=10)
ACTIVITY_LASTS = timedelta(minutes=10)
SWEEP_GAP = timedelta(seconds=30)


class Role(StrEnum):
    AGENT = "agent"
    MARKETER = "marketer"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"


class Presence(StrEnum):
    ONLINE = "online"
    AWAY = "away"
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class Tabs:
    """What an agent's browsers told lately: whether any is open, and whether somebody uses one."""

    is_open: bool = False
    is_used: bool = False


def presence_of(availability: Presence, tabs: Tabs) -> Presence:
    """What follows from what the person chose and from their browsers, on all devices together."""
    if availability is Presence.OFFLINE or not tabs.is_open:
        return Presence.OFFLINE
    if availability is Presence.AWAY or not tabs.is_used:
        return Presence.AWAY
    return Presence.ONLINE


def trusted_from(swept_at: datetime | None, trusted: datetime | None, now: datetime) -> datetime:
    """From when on a missing heartbeat means that the person is gone.

    When no sweep has looked for a while, Redis was away, or has forgotten: then nobody could tell
    that they are here, and every browser gets the longest life of a heartbeat to do so.
    """
    if swept_at is None or trusted is None or now - swept_at > SWEEP_GAP:
        return now + HIDDEN_HEARTBEAT_LASTS
    return trusted


class AssignmentMode(StrEnum):
    """How a team's conversations are given out by themselves."""

    OFF = "off"
    ROUND_ROBIN = "round_robin"
    LEAST_LOADED = "least_loaded"


READ = frozenset({"conversations.read", "rules.read", "campaigns.read"})
MARKET = frozenset({"rules.write", "campaigns.write"})
ANSWER = frozenset({"conversations.reply", "conversations.assign"})
PERMISSIONS: dict[Role, frozenset[str]] = {
    Role.AGENT: READ | ANSWER,
    Role.MARKETER: READ | MARKET,
    Role.SUPERVISOR: READ
    | ANSWER
    | MARKET
    | {"campaigns.approve", "reports.read", "sla.write", "intake.read"}
    | {"audit.read"}
    | {"contacts.forget", "teams.write", "shared.write"},
}
PERMISSIONS[Role.ADMIN] = PERMISSIONS[Role.SUPERVISOR] | {"accounts.write", "agents.write"}
ALL_PERMISSIONS = PERMISSIONS[Role.ADMIN]
APPROVING_ROLES = tuple(role for role in Role if "campaigns.approve" in PERMISSIONS[role])
ANSWERING_ROLES = tuple(role for role in Role if "conversations.reply" in PERMISSIONS[role])


def may(role: Role, permission: str) -> bool:
    return permission in PERMISSIONS[role]


def person_problems(name: str, capacity: int) -> dict[str, str]:
    """Field to sentence, for each that can't be taken."""
    found: dict[str, str] = {}
    if not name.strip() or len(name) > LONGEST_NAME:
        found["name"] = say("a name has 1 to %(most)d characters", most=LONGEST_NAME)
    if not 0 <= capacity <= MOST_CAPACITY:
        found["capacity"] = say("between 0 and %(most)d", most=MOST_CAPACITY)
    return found


def password_problem(password: str) -> str | None:
    """A sentence, or None when the password can be taken."""
    if SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        return None
    return say(
        "a password has %(least)d to %(most)d characters",
        least=SHORTEST_PASSWORD,
        most=LONGEST_PASSWORD,
    )


def locked_until(failures: int, now: datetime) -> datetime | None:
    """Until when the log-in is closed after this many failures in a row."""
    return now + LOCKED_FOR if failures >= FAILURES_UNTIL_LOCKED else None
