"""Roles, what each may do, and when a log-in is refused. Pure."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from enum import StrEnum

from wxdesk.words import say

EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,180}")
SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 200
FAILURES_UNTIL_LOCKED = 5
LOCKED_FOR = timedelta(minutes=10)


class Role(StrEnum):
    AGENT = "agent"
    MARKETER = "marketer"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"


READ = frozenset({"conversations.read", "rules.read"})
ANSWER = frozenset({"conversations.reply", "conversations.assign"})
PERMISSIONS: dict[Role, frozenset[str]] = {
    Role.AGENT: READ | ANSWER,
    Role.MARKETER: READ | {"rules.write", "campaigns.read"},
    Role.SUPERVISOR: READ
    | ANSWER
    | {"rules.write", "campaigns.read", "reports.read", "sla.write", "intake.read"}
    | {"audit.read"}
    | {"contacts.forget"},
}
PERMISSIONS[Role.ADMIN] = PERMISSIONS[Role.SUPERVISOR] | {"accounts.write", "agents.write"}
ALL_PERMISSIONS = PERMISSIONS[Role.ADMIN]


def may(role: Role, permission: str) -> bool:
    return permission in PERMISSIONS[role]


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
