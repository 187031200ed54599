"""Answers to our satisfaction questions: what of a batch is one, and what becomes of it.

A tap on a choice opens no conversation. Nor does the comment that was asked for, if nothing in it
needs an answer; a comment that might goes to people, and is shown as a comment all the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from wxdesk.contacts.models import Contact
from wxdesk.contacts.operations import Key
from wxdesk.conversations.rules import wrote_at
from wxdesk.intake.rules import Entry
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.satisfaction.operations import (
    Awaited,
    awaited_comments,
    hear_tap,
    note_comment,
    owners_of,
)
from wxdesk.satisfaction.rules import is_only_comment

RATING = "rating"  # why messages were set aside


def sort_out(
    uow: UnitOfWork, entries: Sequence[Entry], contacts: Mapping[Key, Contact]
) -> list[Entry]:
    """The entries, with those marked that answer a question of ours; in their order.

    A tap on a question that nobody knows (any more) stays a message like any other.
    """
    taps = {tap.rating_id for entry in entries if (tap := entry.rating_tap) is not None}
    owners = owners_of(uow, taps) if taps else {}
    writers = {
        contacts[entry.account_id, entry.openid].id
        for entry in entries
        if entry.kind == "text" and not entry.is_menu_tap
    }
    awaited = awaited_comments(uow, writers) if writers else {}
    if not owners and not awaited:
        return list(entries)
    return [
        _sorted(entry, contacts[entry.account_id, entry.openid], owners, awaited)
        for entry in entries
    ]


def hear(uow: UnitOfWork, entry: Entry, contact: Contact) -> None:
    """Note what a recorded entry says about the service, if it does."""
    if entry.comments_on is not None:
        note_comment(uow, entry.comments_on, entry.text)
    elif (tap := entry.rating_tap) is not None:
        hear_tap(uow, contact, tap, wrote_at(entry.created_at, entry.received_at))


def _sorted(
    entry: Entry, contact: Contact, owners: Mapping[int, int], awaited: dict[int, Awaited]
) -> Entry:
    tap = entry.rating_tap
    if tap is not None and owners.get(tap.rating_id) == contact.id:
        return replace(entry, is_rating=entry.answer is None)
    if entry.is_event:
        return entry
    comment = awaited.pop(contact.id, None)  # only the first thing that is written afterwards
    if comment is None or not _answers(entry, comment) or contact.is_spam:
        return entry
    is_only = entry.answer is None and is_only_comment(entry.text)
    return replace(entry, comments_on=comment.rating_id, is_rating=is_only)


def _answers(entry: Entry, comment: Awaited) -> bool:
    """A text that was written after the question had reached the customer, and in time."""
    written = wrote_at(entry.created_at, entry.received_at)
    is_text = entry.kind == "text" and not entry.is_menu_tap and bool(entry.text.strip())
    return is_text and comment.asked_at <= written <= comment.until
