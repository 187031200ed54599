"""Prepared answers as the composer and the page show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, case, func, literal, select, tuple_
from sqlalchemy.orm import Session, aliased

from wxdesk.canned_responses.models import CannedResponse
from wxdesk.canned_responses.rules import MOST_SHARED, shortcut_of
from wxdesk.plumbing.errors import NotFoundError
from wxdesk.words import say

Key = tuple[int, int, int, int]
MOST_FOLDERS = 200
AFTER_ALL = 2**31 - 1


class Scope(StrEnum):
    """Whose answers: what the agent may use, their own, or everybody's."""

    ALL = "all"
    MINE = "mine"
    SHARED = "shared"


@dataclass(frozen=True, slots=True)
class CannedFilter:
    """`agent_id` looks; None takes any folder, "" those without one."""

    agent_id: int
    scope: Scope = Scope.ALL
    q: str = ""
    folder: str | None = None


@dataclass(frozen=True, slots=True)
class CannedView:
    """A prepared answer.

    `is_shadowed`: a shared one, and the agent has one of their own with this shortcut; `shadows`:
    the other way round.
    """

    id: int
    shortcut: str
    title: str
    text: str
    folder: str
    is_personal: bool
    is_shadowed: bool
    shadows: bool
    use_count: int
    used_at: datetime | None
    updated_at: datetime


def list_canned(
    session: Session, wanted: CannedFilter, *, after: Key | None, limit: int
) -> list[tuple[CannedView, Key]]:
    """Shortcuts that begin with `q` first, then personal ones, then the most used; with keys."""
    columns = (
        _rank(wanted.q),
        _is_shared(),
        AFTER_ALL - CannedResponse.use_count,
        CannedResponse.id,
    )
    query = _views(wanted.agent_id).add_columns(*columns[:3]).where(*_conditions(wanted))
    if after is not None:
        query = query.where(tuple_(*columns) > tuple_(*map(literal, after)))
    rows = session.execute(query.order_by(*columns).limit(limit))
    return [(_view(row, has_twin), (*key, row.id)) for row, has_twin, *key in rows]


def get_canned(session: Session, canned_id: int, agent_id: int) -> CannedView:
    """One that this agent may use; NotFoundError if there is none (or it is somebody else's)."""
    row = session.execute(
        _views(agent_id).where(CannedResponse.id == canned_id, _usable(agent_id))
    ).one_or_none()
    if row is None:
        raise no_such_canned(canned_id)
    return _view(row[0], row[1])


def no_such_canned(canned_id: int) -> NotFoundError:
    return NotFoundError(say("there is no canned response %(id)d", id=canned_id))


def list_folders(session: Session, agent_id: int, scope: Scope) -> list[str]:
    """Names of the folders in use, by name (at most 200)."""
    rows = session.scalars(
        select(CannedResponse.folder)
        .where(_of_scope(agent_id, scope), CannedResponse.folder != "")
        .distinct()
        .order_by(CannedResponse.folder)
        .limit(MOST_FOLDERS)
    )
    return list(rows)


def count_canned(session: Session, owner_id: int | None) -> int:
    """How many this agent has, or (None) all share."""
    query = select(func.count()).where(_owned_by(owner_id))
    return session.scalar(query.select_from(CannedResponse)) or 0


def list_owned(session: Session, owner_id: int | None) -> list[CannedResponse]:
    """All of an agent, or (None) all shared ones, by shortcut (at most 5,000)."""
    query = select(CannedResponse).where(_owned_by(owner_id)).order_by(CannedResponse.shortcut)
    return list(session.scalars(query.limit(MOST_SHARED)))


def _views(agent_id: int) -> Select[CannedResponse, bool]:
    """With whether there is another one of the same shortcut that this agent may use."""
    other = aliased(CannedResponse)
    twin = (
        select(other.id)
        .where(
            other.shortcut == CannedResponse.shortcut,
            other.id != CannedResponse.id,
            other.owner_id.is_(None) | (other.owner_id == agent_id),
        )
        .exists()
    )
    return select(CannedResponse, twin)


def _conditions(wanted: CannedFilter) -> list[ColumnElement[bool]]:
    found = [_of_scope(wanted.agent_id, wanted.scope)]
    if wanted.folder is not None:
        found.append(CannedResponse.folder == wanted.folder)
    if wanted.q:
        found.append(
            CannedResponse.shortcut.startswith(shortcut_of(wanted.q), autoescape=True)
            | CannedResponse.title.icontains(wanted.q, autoescape=True)
            | CannedResponse.text.icontains(wanted.q, autoescape=True)
        )
    return found


def _of_scope(agent_id: int, scope: Scope) -> ColumnElement[bool]:
    if scope is Scope.ALL:
        return _usable(agent_id)
    return _owned_by(agent_id if scope is Scope.MINE else None)


def _usable(agent_id: int) -> ColumnElement[bool]:
    return CannedResponse.owner_id.is_(None) | (CannedResponse.owner_id == agent_id)


def _owned_by(owner_id: int | None) -> ColumnElement[bool]:
    if owner_id is None:
        return CannedResponse.owner_id.is_(None)
    return CannedResponse.owner_id == owner_id


def _rank(q: str) -> ColumnElement[int]:
    """0 for the shortcut itself, 1 for its beginning, 2 for what was found elsewhere."""
    if not q:
        return literal(2)
    shortcut = shortcut_of(q)
    return case(
        (CannedResponse.shortcut == shortcut, 0),
        (CannedResponse.shortcut.startswith(shortcut, autoescape=True), 1),
        else_=2,
    )


def _is_shared() -> ColumnElement[int]:
    return case((CannedResponse.owner_id.is_(None), 1), else_=0)


def _view(row: CannedResponse, has_twin: bool) -> CannedView:
    return CannedView(
        id=row.id,
        shortcut=row.shortcut,
        title=row.title,
        text=row.text,
        folder=row.folder,
        is_personal=row.owner_id is not None,
        is_shadowed=has_twin and row.owner_id is None,
        shadows=has_twin and row.owner_id is not None,
        use_count=row.use_count,
        used_at=row.used_at,
        updated_at=row.updated_at,
    )
