"""What changes in the search index: what was written is put in, what was taken back goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select, update

from wxdesk.contacts.models import Contact
from wxdesk.plumbing.db import write_in_order
from wxdesk.plumbing.search_index import Entry, Prepared, openid_facet
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.search.models import CONTACTS, MESSAGES, SearchDay, SearchPosition
from wxdesk.search.progress import about_contacts, still_written
from wxdesk.search.rules import Written, account_facet, contact_facet, contact_text, written_text


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages after the position `after_id`, read and cut before the transaction."""

    after_id: int
    written: Sequence[Written]
    prepared: Sequence[Prepared]


def entries_of(written: Sequence[Written]) -> list[Entry]:
    """What of these messages goes into the index."""
    return [
        Entry(one.id, text, one.facets)
        for one in written
        if one.is_findable and (text := written_text(one.text, one.payload))
    ]


def store_batch(uow: UnitOfWork, batch: Batch) -> bool:
    """Put the batch and its position, in one transaction; False when another was quicker.

    Looked at once more: what was taken back or forgotten meanwhile is not brought back.
    """
    _one_at_a_time(uow)
    position = _position(uow)
    if position.last_id != batch.after_id or not batch.written:
        return False
    last_id = batch.written[-1].id
    there = still_written(uow.session, batch.after_id, last_id)
    MESSAGES.put(uow.session, [one for one in batch.prepared if one.id in there])
    _note_days(uow, batch.written)
    position.last_id = last_id
    return True


def index_contacts(uow: UnitOfWork, limit: int) -> int:
    """Put up to `limit` customers in whose searchable facts changed; returns how many.

    Customers in other hands are left for the next time.
    """
    rows = uow.session.execute(
        select(Contact.id, Contact.account_id, Contact.openid, Contact.remark, Contact.forgotten_at)
        .where(~Contact.is_indexed)
        .order_by(Contact.id)
        .limit(limit)
        .with_for_update(skip_locked=True, key_share=True)
    ).all()
    if not rows:
        return 0
    _one_at_a_time(uow)
    ids = [row.id for row in rows]
    others = about_contacts(uow.session, ids)
    CONTACTS.remove(uow.session, ids)
    CONTACTS.put_many(
        uow.session,
        [
            Entry(
                row.id,
                contact_text(row.id, row.remark, others.get(row.id, ())),
                (account_facet(row.account_id), openid_facet(row.openid)),
            )
            for row in rows
            if row.forgotten_at is None
        ],
    )
    uow.session.execute(
        update(Contact).where(Contact.id.in_(ids)).values(is_indexed=True),
        execution_options={"synchronize_session": False},
    )
    return len(rows)


def forget_contact(uow: UnitOfWork, contact_id: int) -> None:
    """Neither the customer nor any message from or to them is found any more."""
    _one_at_a_time(uow)
    MESSAGES.remove_facet(uow.session, contact_facet(contact_id))
    CONTACTS.remove(uow.session, [contact_id])


def forget_message(uow: UnitOfWork, message_id: int) -> None:
    """The message is not found any more. The caller marks or empties its row first, or after."""
    _one_at_a_time(uow)
    MESSAGES.remove(uow.session, [message_id])


def _one_at_a_time(uow: UnitOfWork) -> None:
    """Whoever indexes and whoever removes wait for each other, so that nothing comes back."""
    write_in_order(uow.session, MESSAGES.name)


def _position(uow: UnitOfWork) -> SearchPosition:
    found = uow.session.get(SearchPosition, MESSAGES.name, populate_existing=True)
    if found is None:
        found = SearchPosition(name=MESSAGES.name, last_id=0)
        uow.session.add(found)
    return found


def _note_days(uow: UnitOfWork, written: Sequence[Written]) -> None:
    by_day: dict[date, list[int]] = {}
    for one in written:
        by_day.setdefault(one.received_at.date(), []).append(one.id)
    known = uow.session.scalars(select(SearchDay).where(SearchDay.day.in_(sorted(by_day))))
    rows = {row.day: row for row in known}
    for day, ids in by_day.items():
        row = rows.get(day)
        if row is None:
            uow.session.add(SearchDay(day=day, first_id=min(ids), last_id=max(ids)))
        else:
            row.first_id, row.last_id = min(row.first_id, *ids), max(row.last_id, *ids)
