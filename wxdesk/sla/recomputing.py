"""Promises, hours or what they ask for changed: the running clocks follow."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Select, select, update

from wxdesk.background_jobs import CHECK_DEADLINES
from wxdesk.conversations.models import Conversation
from wxdesk.conversations.rules import Status
from wxdesk.plumbing.clock import EPOCH
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.sla.clocks import follow
from wxdesk.sla.models import SlaClock
from wxdesk.sla.naming import replace_merged
from wxdesk.sla.policies import begin_change, book_of

BATCH = 500
MOST_AT_ONCE = 5_000


def follow_contacts(uow: UnitOfWork, contact_ids: Sequence[int]) -> None:
    """Their tags or campaigns changed: their conversations may have another promise."""
    conditions = [promise.conditions for promise in book_of(uow.session).promises]
    if not any(it.contact_tag_ids or it.campaign_ids for it in conditions):
        return
    ids = uow.session.scalars(
        select(Conversation.id)
        .where(Conversation.contact_id.in_(contact_ids), Conversation.status != Status.RESOLVED)
        .order_by(Conversation.id)
        .with_for_update(key_share=True)
    ).all()
    follow(uow, ids)
    show(uow, ids)


def follow_calendars(uow: UnitOfWork, calendar_ids: Sequence[int]) -> None:
    """The hours of these calendars changed."""
    begin_change(uow.session)
    follow_all(uow)


def follow_promises(uow: UnitOfWork, _ids: Sequence[int]) -> None:
    """What promises ask for (tags) was removed or merged; these name what stays."""
    begin_change(uow.session)
    replace_merged(uow)
    follow_all(uow)


def follow_all(uow: UnitOfWork) -> None:
    """After `begin_change`: every running clock, at once up to 5,000 conversations.

    The others, and those in other hands, are marked, and the check (every two seconds) follows
    them first: a mark is a row's time, so that none is forgotten.
    """
    uow.session.flush()
    last_id = 0
    for _ in range(MOST_AT_ONCE // BATCH):
        ids = uow.session.scalars(_next_running(last_id)).all()
        if not ids:
            return
        last_id = ids[-1]
        mine = uow.session.scalars(
            select(Conversation)
            .where(Conversation.id.in_(ids))
            .order_by(Conversation.id)
            .with_for_update(key_share=True, skip_locked=True)
            .execution_options(populate_existing=True)
        ).all()
        follow(uow, [it.id for it in mine])
        show(uow, [it.id for it in mine])
        others = sorted(set(ids) - {it.id for it in mine})
        if others:
            _mark(uow, SlaClock.conversation_id.in_(others))
    _mark(uow, SlaClock.conversation_id > last_id)
    uow.ring(CHECK_DEADLINES)


def show(uow: UnitOfWork, conversation_ids: Sequence[int]) -> None:
    """To whoever looks at conversations whose deadlines moved, though nobody touched them."""
    if not conversation_ids:
        return
    uow.session.execute(
        update(Conversation)
        .where(Conversation.id.in_(conversation_ids))
        .values(version=Conversation.version + 1)
        .execution_options(synchronize_session="fetch")
    )
    uow.announce("inbox", *(f"conversation:{each}" for each in conversation_ids))


def _next_running(after_id: int) -> Select[int]:
    return (
        select(SlaClock.conversation_id)
        .where(SlaClock.ended_at.is_(None), SlaClock.conversation_id > after_id)
        .distinct()
        .order_by(SlaClock.conversation_id)
        .limit(BATCH)
    )


def _mark(uow: UnitOfWork, condition: ColumnElement[bool]) -> None:
    uow.session.execute(
        update(SlaClock)
        .where(condition, SlaClock.ended_at.is_(None), SlaClock.breached_at.is_(None))
        .values(check_at=EPOCH)
        .execution_options(synchronize_session=False)
    )
