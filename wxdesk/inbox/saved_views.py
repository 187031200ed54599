"""Saved views: filters and order of a list under a name, one's own or everybody's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, func, or_, select, true
from sqlalchemy.orm import Session

from wxdesk.agents.models import Agent
from wxdesk.inbox.filters import Asker, plain_filters
from wxdesk.inbox.models import SavedView
from wxdesk.plumbing.db import write_in_order
from wxdesk.plumbing.errors import InvalidInputError, NotAllowedError, NotFoundError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.words import say

LONGEST_NAME = 40
MOST_OF_ONE = 50
MOST_SHARED = 50
MOST_SHOWN = MOST_OF_ONE + MOST_SHARED

VISIBLE = (
    select(SavedView, Agent.name)
    .join(Agent, Agent.id == SavedView.owner_id)
    .where(or_(SavedView.owner_id == bindparam("agent_id"), SavedView.is_shared == true()))
    .order_by(SavedView.is_shared, SavedView.name, SavedView.id)
    .limit(MOST_SHOWN)
)


@dataclass(frozen=True, slots=True)
class Editor:
    """Who changes a view: the owner may, and of shared ones whoever has `shared.write`."""

    agent_id: int
    may_share: bool


@dataclass(frozen=True, slots=True)
class ViewForm:
    """What a view shall be; None leaves a field as it is."""

    name: str | None = None
    query: Mapping[str, Any] | None = None
    is_shared: bool | None = None


@dataclass(frozen=True, slots=True)
class ViewRow:
    """A view and its owner's name."""

    view: SavedView
    owner: str


def list_views(session: Session, agent_id: int) -> list[ViewRow]:
    """The agent's own and the shared ones, each by name; there are never more than 100."""
    return [ViewRow(*row) for row in session.execute(VISIBLE, {"agent_id": agent_id})]


def get_view(session: Session, view_id: int, agent_id: int) -> ViewRow:
    """A view that this agent sees; NotFoundError for any other."""
    query = VISIBLE.where(SavedView.id == view_id)
    row = session.execute(query, {"agent_id": agent_id}).one_or_none()
    if row is None:
        raise NotFoundError(say("there is no view %(id)d", id=view_id))
    return ViewRow(*row)


def may_edit(view: SavedView, editor: Editor) -> bool:
    return view.owner_id == editor.agent_id or (view.is_shared and editor.may_share)


def create_view(uow: UnitOfWork, form: ViewForm, editor: Editor) -> SavedView:
    """A new view of this agent; InvalidInputError names the field that can't be taken."""
    query = select(func.count()).where(SavedView.owner_id == editor.agent_id)
    if (uow.session.scalar(query) or 0) >= MOST_OF_ONE:
        raise InvalidInputError("name", say("you have %(most)d views already", most=MOST_OF_ONE))
    view = SavedView(
        owner_id=editor.agent_id,
        name=_name(form.name or ""),
        query=_query(uow, form.query or {}, editor),
        is_shared=False,
        created_at=uow.now,
    )
    _share(uow, view, form.is_shared, editor)
    uow.session.add(view)
    uow.session.flush()
    uow.announce("inbox")
    return view


def change_view(uow: UnitOfWork, view_id: int, form: ViewForm, editor: Editor) -> SavedView:
    """Change the fields that the form names; NotAllowedError for somebody else's."""
    view = _editable(uow, view_id, editor)
    if form.name is not None:
        view.name = _name(form.name)
    if form.query is not None:
        view.query = _query(uow, form.query, editor)
    _share(uow, view, form.is_shared, editor)
    uow.session.flush()
    uow.announce("inbox")
    return view


def delete_view(uow: UnitOfWork, view_id: int, editor: Editor) -> None:
    """Remove a view; NotAllowedError for somebody else's."""
    uow.session.delete(_editable(uow, view_id, editor))
    uow.announce("inbox")


def _editable(uow: UnitOfWork, view_id: int, editor: Editor) -> SavedView:
    view = get_view(uow.session, view_id, editor.agent_id).view
    if not may_edit(view, editor):
        raise NotAllowedError("shared.write")
    return view


def _share(uow: UnitOfWork, view: SavedView, is_shared: bool | None, editor: Editor) -> None:
    """Anybody may share their own; a colleague's shared one can't be made private by others."""
    if is_shared is None or is_shared == view.is_shared:
        return
    if view.owner_id != editor.agent_id:
        raise NotAllowedError("views of others")
    if is_shared:
        _refuse_too_many(uow)
    view.is_shared = is_shared


def _refuse_too_many(uow: UnitOfWork) -> None:
    """Everybody sees all that are shared, so there is an end to them."""
    write_in_order(uow.session, SavedView.__tablename__)
    query = select(func.count()).where(SavedView.is_shared == true())
    if (uow.session.scalar(query) or 0) >= MOST_SHARED:
        sentence = say("there are %(most)d shared views already", most=MOST_SHARED)
        raise InvalidInputError("is_shared", sentence)


def _name(text: str) -> str:
    name = " ".join(text.split())
    if not 1 <= len(name) <= LONGEST_NAME:
        raise InvalidInputError("name", say("1 to %(most)d characters", most=LONGEST_NAME))
    return name


def _query(uow: UnitOfWork, query: Mapping[str, Any], editor: Editor) -> dict[str, str]:
    return plain_filters(query, uow.session, Asker(editor.agent_id, uow.now))
