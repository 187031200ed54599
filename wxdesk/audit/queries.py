"""The audit log as pages show it, the newest first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wxdesk.agents.models import Agent
from wxdesk.audit.models import AuditEntry

MOST_ACTIONS = 200
MOST_PEOPLE = 1_000


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """None takes everything. `actor_id` 0 is the desk itself."""

    action: str | None = None
    actor_id: int | None = None
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class AuditView:
    """One deed; `actor` is None for the desk itself, `details` are (name, text)."""

    id: int
    at: datetime
    actor: str | None
    action: str
    subject: str
    details: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class ActorName:
    id: int
    name: str


def list_entries(
    session: Session, wanted: AuditFilter, *, before_id: int | None, limit: int
) -> list[AuditView]:
    """The newest entries before `before_id`."""
    query = (
        select(AuditEntry, Agent.name)
        .outerjoin(Agent, Agent.id == AuditEntry.actor_id)
        .order_by(AuditEntry.id.desc())
        .limit(limit)
    )
    if before_id is not None:
        query = query.where(AuditEntry.id < before_id)
    if wanted.action is not None:
        query = query.where(AuditEntry.action == wanted.action)
    if wanted.subject is not None:
        query = query.where(AuditEntry.subject == wanted.subject)
    if wanted.actor_id == 0:
        query = query.where(AuditEntry.actor_id.is_(None))
    elif wanted.actor_id is not None:
        query = query.where(AuditEntry.actor_id == wanted.actor_id)
    return [_view(row, name) for row, name in session.execute(query)]


def list_actions(session: Session) -> list[str]:
    """Every action that was ever noted, by name (at most 200); one index look-up for each."""
    found: list[str] = []
    last = ""
    while len(found) < MOST_ACTIONS:
        following = session.scalar(
            select(func.min(AuditEntry.action)).where(AuditEntry.action > last)
        )
        if following is None:
            break
        found.append(following)
        last = following
    return found


def list_people(session: Session) -> list[ActorName]:
    """Everybody who may be in the log, by name (at most 1,000)."""
    rows = session.execute(
        select(Agent.id, Agent.name).order_by(Agent.name, Agent.id).limit(MOST_PEOPLE)
    )
    return [ActorName(*row) for row in rows]


def _view(row: AuditEntry, name: str | None) -> AuditView:
    return AuditView(row.id, row.at, name, row.action, row.subject, _shown(row.details or {}))


def _shown(details: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(name, _text(value)) for name, value in details.items()]


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return ", ".join(f"{name}: {number}" for name, number in value.items())
    return str(value)
