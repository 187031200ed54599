"""Follows and unfollows as rows: who was there before, and how long a follow lasted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy import select, update

from wxdesk.contacts.models import FollowEvent
from wxdesk.plumbing.db import IDS, insert_rows
from wxdesk.plumbing.unit_of_work import UnitOfWork

OF_CONTACTS = (
    select(
        FollowEvent.contact_id,
        FollowEvent.id,
        FollowEvent.is_follow,
        FollowEvent.happened_at,
        FollowEvent.is_return,
        FollowEvent.lasted_seconds,
    )
    .where(FollowEvent.contact_id.in_(IDS))
    .order_by(FollowEvent.contact_id, FollowEvent.happened_at, FollowEvent.id)
)


@dataclass(frozen=True, slots=True)
class Followed:
    """A recorded push; `scene` of the QR code that brought the customer, "" for none."""

    account_id: int
    contact_id: int
    message_id: int
    is_follow: bool
    scene: str
    happened_at: datetime


@dataclass(frozen=True, slots=True)
class Link:
    """One event of a customer, with what follows from those around it."""

    id: int
    is_follow: bool
    happened_at: datetime
    is_return: bool = False
    lasted_seconds: int | None = None


def note_follows(uow: UnitOfWork, found: Iterable[Followed]) -> None:
    """Record pushes of following, the customers' rows being locked; known ones are passed over.

    WeChat's pushes may come late, so all events of these customers are looked at again.
    """
    new = list(found)
    rows = [
        {
            "account_id": it.account_id,
            "contact_id": it.contact_id,
            "message_id": it.message_id,
            "is_follow": it.is_follow,
            "is_return": False,
            "scene": it.scene,
            "happened_at": it.happened_at,
        }
        for it in new
    ]
    if not rows:
        return
    insert_rows(uow.session, FollowEvent, rows, passes_known=True)
    ids = sorted({it.contact_id for it in new})
    events = uow.session.execute(OF_CONTACTS, {"ids": ids})
    changed: list[dict[str, object]] = []
    for _, group in groupby(events, key=lambda row: row[0]):
        known = [Link(*row[1:]) for row in group]
        changed += [
            {"id": it.id, "is_return": it.is_return, "lasted_seconds": it.lasted_seconds}
            for it, before in zip(linked(known), known, strict=True)
            if it != before
        ]
    if changed:
        uow.session.execute(update(FollowEvent), changed)


def linked(events: Sequence[Link]) -> list[Link]:
    """The events of one customer, oldest first, each with what follows from the others."""
    found: list[Link] = []
    for place, it in enumerate(events):
        end = next((each for each in events[place + 1 :] if not each.is_follow), None)
        lasted = int((end.happened_at - it.happened_at).total_seconds()) if end else None
        found.append(
            Link(
                it.id,
                it.is_follow,
                it.happened_at,
                is_return=it.is_follow and place > 0,
                lasted_seconds=lasted if it.is_follow else None,
            )
        )
    return found
