"""Accepted pushes become rows: contact, conversation, message, automatic answer, clocks, window.

One batch is one transaction with a fixed number of statements, whatever its size. Recording a push
again changes nothing.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from wxdesk.contacts.models import Contact
from wxdesk.contacts.operations import ensure_contacts, note_following, note_presence
from wxdesk.conversations.arrivals import Arrival, conversations_for
from wxdesk.conversations.models import Conversation, Message
from wxdesk.conversations.operations import changed, find_current, rank
from wxdesk.conversations.rules import SPAM, Direction, Place, SenderKind, Status, wrote_at
from wxdesk.intake import consequences, ratings
from wxdesk.intake.consequences import Recorded
from wxdesk.intake.models import SetAsidePush
from wxdesk.intake.rules import FOLLOW, UNFOLLOW, AutoAnswer, Entry
from wxdesk.plumbing.db import insert_new, insert_rows, write_in_order
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.sla.waiting import customer_waits

LONGEST_TEXT = 20_000
AT_ONCE = timedelta(0)

Contacts = dict[tuple[int, str], Contact]


def record(uow: UnitOfWork, entries: Sequence[Entry], *, forget_after: timedelta = AT_ONCE) -> int:
    """Store the entries that are not stored yet; returns how many those were.

    `forget_after` is how long the data of a customer who left is kept.
    """
    fresh = _fresh(uow, entries)
    consequences.enter_repeated(uow, entries, fresh)
    given = [entry for entry in entries if entry.held is not None]
    if not fresh and not given:
        return 0
    keys = {(entry.account_id, entry.openid) for entry in [*fresh, *given]}
    contacts = ensure_contacts(uow, keys)
    fresh = ratings.sort_out(uow, fresh, contacts)
    current = _lock_conversations(uow, [*fresh, *given], contacts)
    if not fresh:
        consequences.settle_given(uow, given, contacts)
        return 0
    conversations = _conversations(uow, fresh, contacts, current)
    ids = _store_messages(uow, fresh, contacts, conversations)
    recorded = [
        Recorded(entry, contacts[entry.account_id, entry.openid], message_id)
        for entry, message_id in zip(fresh, ids, strict=True)
    ]
    _store_answers(uow, recorded)
    for it in recorded:
        _note_presence(uow, it.contact, it.entry, forget_after)
    consequences.settle_given(uow, given, contacts)
    consequences.follow(uow, recorded)
    _update_conversations(uow, recorded, conversations)
    _update_others(uow, recorded, conversations, current)
    return len(fresh)


def set_aside(
    uow: UnitOfWork, *, name: str, account_id: int | None, reason: str, payload: str, attempts: int
) -> None:
    """Keep an entry that can't be recorded, for a person to look at; once, whoever asks twice."""
    row = {
        "entry_id": name[:80],
        "account_id": account_id,
        "reason": reason[:500],
        "attempts": attempts,
        "payload": payload[:100_000],
        "set_aside_at": uow.now,
    }
    uow.session.execute(insert_new(uow.session, SetAsidePush), row)


def _fresh(uow: UnitOfWork, entries: Sequence[Entry]) -> list[Entry]:
    """Without those recorded already and without doubles, in the order of arrival."""
    keys = {entry.once_key for entry in entries}
    known = {
        (account_id, once_key)
        for account_id, once_key in uow.session.execute(
            select(Message.account_id, Message.once_key).where(Message.once_key.in_(keys))
        )
    }
    fresh: dict[tuple[int, str], Entry] = {}
    for entry in sorted(entries, key=lambda entry: entry.received_at):
        if (entry.account_id, entry.once_key) not in known:
            fresh.setdefault((entry.account_id, entry.once_key), entry)
    return list(fresh.values())


def _note_presence(
    uow: UnitOfWork, contact: Contact, entry: Entry, forget_after: timedelta
) -> None:
    event = entry.event.lower() if entry.is_event else ""
    acted_at = wrote_at(entry.created_at, entry.received_at)
    if event in (FOLLOW, UNFOLLOW):
        note_following(
            uow, contact, acted_at, is_following=event == FOLLOW, forget_after=forget_after
        )
    if event == FOLLOW:
        contact.qr_scene = entry.qr_scene
    if event != UNFOLLOW and entry.is_by_customer:
        note_presence(contact, acted_at)


def _lock_conversations(
    uow: UnitOfWork, entries: Iterable[Entry], contacts: Contacts
) -> dict[int, Conversation]:
    """By contact id the current conversation, locked with all others that the batch may change.

    Before the first message is written: agents hold a conversation when they write into its thread,
    and would wait in a circle with a batch that wrote first and locked it then.
    """
    writers: set[int] = set()
    others: set[int] = set()
    all_of: set[int] = set()
    for entry in entries:
        contact = contacts[entry.account_id, entry.openid]
        (writers if _is_for_agents(entry, contact) else others).add(contact.id)
        if consequences.reaches_back(entry):
            all_of.add(contact.id)
    return find_current(uow, writers, open_of=others, all_of=all_of)


def _conversations(
    uow: UnitOfWork,
    entries: Iterable[Entry],
    contacts: Contacts,
    current: Mapping[int, Conversation],
) -> dict[int, Conversation]:
    """The conversation, by contact id, of each customer whose message a person must read."""
    first: dict[int, Arrival] = {}
    for entry in entries:
        contact = contacts[entry.account_id, entry.openid]
        if _is_for_agents(entry, contact) and contact.id not in first:
            written = wrote_at(entry.created_at, entry.received_at)
            first[contact.id] = Arrival(contact, written, entry.received_at)
    return conversations_for(uow, list(first.values()), current) if first else {}


def _is_for_agents(entry: Entry, contact: Contact) -> bool:
    """What a customer writes who was marked as spam is kept, and disturbs nobody."""
    return entry.is_for_person and not contact.is_spam


def _store_messages(
    uow: UnitOfWork,
    entries: Sequence[Entry],
    contacts: Contacts,
    conversations: dict[int, Conversation],
) -> list[int]:
    rows = [_row(entry, contacts[entry.account_id, entry.openid]) for entry in entries]
    for entry, row in zip(entries, rows, strict=True):
        contact = contacts[entry.account_id, entry.openid]
        if _is_for_agents(entry, contact):
            row["conversation_id"] = conversations[contact.id].id
    if any(_is_quiet(entry) for entry in entries):
        for entry, row in zip(entries, rows, strict=True):
            row |= _met_by(entry)
    write_in_order(uow.session, Message.__tablename__)
    stored = insert_rows(
        uow.session, Message, rows, Message.account_id, Message.once_key, Message.id
    )
    found = {(account_id, once_key): message_id for account_id, once_key, message_id in stored}
    return [found[entry.account_id, entry.once_key] for entry in entries]


def _row(entry: Entry, contact: Contact) -> dict[str, Any]:
    place, reason = _place(entry, contact)
    return {
        "account_id": entry.account_id,
        "contact_id": contact.id,
        "conversation_id": None,
        "direction": Direction.INCOMING,
        "kind": entry.kind,
        "text": entry.text[:LONGEST_TEXT],
        "payload": entry.fields,
        "wechat_msg_id": entry.msg_id or None,
        "once_key": entry.once_key,
        "sender_kind": SenderKind.CUSTOMER,
        "created_at": entry.created_at,
        "received_at": entry.received_at,
        "place": place,
        "set_aside_reason": reason,
    }


def _place(entry: Entry, contact: Contact) -> tuple[Place, str | None]:
    """Where the message is, and why it was set aside."""
    if entry.is_event:
        return Place.SET_ASIDE, "event"
    if entry.is_rating:
        return Place.SET_ASIDE, ratings.RATING
    if entry.is_for_person:
        return (Place.SET_ASIDE, SPAM) if contact.is_spam else (Place.CONVERSATION, None)
    if entry.answer is not None and entry.answer.reason:
        return Place.SET_ASIDE, entry.answer.reason
    return Place.AUTO_ANSWERED, None


def _is_quiet(entry: Entry) -> bool:
    return entry.answer is not None and bool(entry.answer.reason)


def _met_by(entry: Entry) -> dict[str, Any]:
    """Which rule met a message that nothing was said to: there is no answer that could tell."""
    answer = entry.answer if _is_quiet(entry) else None
    return {
        "rule_version": answer.rule_version if answer else None,
        "matched": answer.matched[:200] if answer else None,
        "outcome": answer.outcome if answer else None,
        "source": f"rule:{answer.rule_id}" if answer else None,
    }


def _store_answers(uow: UnitOfWork, recorded: Sequence[Recorded]) -> None:
    rows = [
        {
            "account_id": it.entry.account_id,
            "contact_id": it.contact.id,
            "direction": Direction.OUTGOING,
            "kind": answer.kind,
            "text": answer.text,
            "payload": _payload(answer),
            "sender_kind": SenderKind.RULE,
            "sender_id": answer.rule_id,
            "rule_version": answer.rule_version,
            "matched": answer.matched[:200],
            "outcome": answer.outcome,
            "reply_to_id": it.message_id,
            "created_at": it.entry.received_at,
            "received_at": it.entry.received_at,
        }
        for it in recorded
        if (answer := it.entry.answer) is not None and not answer.is_silent
    ]
    if rows:
        insert_rows(uow.session, Message, rows)


def _payload(answer: AutoAnswer) -> dict[str, Any] | None:
    """A rule's file belongs to the rule, so each of its answers names it."""
    if answer.attachment_id is None:
        return answer.fields
    return {**(answer.fields or {}), "attachment_id": answer.attachment_id}


def _update_conversations(
    uow: UnitOfWork, recorded: Sequence[Recorded], conversations: dict[int, Conversation]
) -> None:
    touched = {}
    for it in recorded:
        entry = it.entry
        if not _is_for_agents(entry, it.contact):
            continue
        conversation = conversations[it.contact.id]
        written = wrote_at(entry.created_at, entry.received_at)
        customer_waits(conversation, written, it.message_id)
        if entry.received_at >= conversation.last_message_at:
            conversation.last_message_id = it.message_id
            conversation.last_message_at = entry.received_at
        touched[conversation.id] = (conversation, it.contact)
    for conversation, contact in touched.values():
        changed(uow, conversation, contact)


def _update_others(
    uow: UnitOfWork,
    recorded: Iterable[Recorded],
    updated: Container[int],
    current: Mapping[int, Conversation],
) -> None:
    """Events and automatic answers appear in threads that are open, and move their windows."""
    others = {it.contact.id: it.contact for it in recorded if it.contact.id not in updated}
    for contact_id, contact in others.items():
        conversation = current.get(contact_id)
        if conversation is None or conversation.status is Status.RESOLVED:
            continue
        if rank(conversation, contact, uow.now):
            conversation.version += 1
        uow.announce("inbox", f"conversation:{conversation.id}")
