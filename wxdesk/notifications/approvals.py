"""Asking those who may approve to look at something that goes to many."""

from __future__ import annotations

from sqlalchemy import select

from wxdesk.agents.models import Agent
from wxdesk.agents.rules import APPROVING_ROLES
from wxdesk.notifications.operations import notify
from wxdesk.notifications.rules import Topic
from wxdesk.plumbing.unit_of_work import UnitOfWork


def ask_for_approval(
    uow: UnitOfWork, *, what: str, link: str, once_key: str, asked_by_id: int
) -> None:
    """Tell everybody who may approve, but whoever asks; `link` is a path of the desk.

    `what` is the name of the thing; once for each `once_key` (at most 80 characters), so that
    it should hold the version that is asked for.
    """
    others = uow.session.scalars(
        select(Agent.id).where(
            Agent.role.in_(APPROVING_ROLES), Agent.is_active, Agent.id != asked_by_id
        )
    ).all()
    details = {"name": what, "link": link}
    notify(uow, others, Topic.APPROVAL_WANTED, None, details, once_key)
