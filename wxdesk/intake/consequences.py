"""What follows from recorded pushes: reply windows, files to fetch, held answers, WeChat's reports.

In the transaction that records them, with a fixed number of statements a batch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from wxdesk.accounts.facts import Facts, facts_of
from wxdesk.broadcasts.results import EVENTS as RESULTS
from wxdesk.broadcasts.results import note_result
from wxdesk.campaigns.entering import Met, note_entries, note_met
from wxdesk.campaigns.rules import MARK_LENGTH
from wxdesk.contacts.follows import Followed, note_follows
from wxdesk.contacts.models import Contact
from wxdesk.contacts.operations import Key
from wxdesk.contacts.windows import Opening, open_windows
from wxdesk.conversations.models import Message
from wxdesk.conversations.rules import wrote_at
from wxdesk.intake import ratings
from wxdesk.intake.rules import FOLLOW, UNFOLLOW, Entry
from wxdesk.media.operations import WantedFile, expect_files
from wxdesk.media.rules import files_of
from wxdesk.outbound.operations import release_held
from wxdesk.outbound.settling import note_template_result, settle_passive
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.privacy.operations import note_event
from wxdesk.qr_codes.operations import Scan, note_scans

PRIVACY_EVENTS = frozenset(
    {"user_info_modified", "user_authorization_revoke", "user_authorization_cancellation"}
)
TEMPLATE_RESULT = "templatesendjobfinish"


@dataclass(frozen=True, slots=True)
class Recorded:
    """An entry that is a row now."""

    entry: Entry
    contact: Contact
    message_id: int


def reaches_back(entry: Entry) -> bool:
    """Whether it may change any conversation of the customer, not the current one only."""
    is_rating = entry.rating_tap is not None or entry.comments_on is not None
    is_result = entry.is_event and entry.event.lower() == TEMPLATE_RESULT
    return entry.held is not None or is_rating or is_result


def follow(uow: UnitOfWork, recorded: Sequence[Recorded]) -> None:
    """Before the conversations are touched: their place in the queue depends on the windows."""
    with uow.session.no_autoflush:  # one UPDATE of a customer for presence and window
        facts = facts_of(uow.session, {it.entry.account_id for it in recorded})
        openings = [
            opening for it in recorded if (opening := _opening(it, facts[it.entry.account_id]))
        ]
        open_windows(uow, openings)
    _expect_files(uow, recorded)
    _note_follows(uow, recorded)
    met = [it for it in recorded if it.entry.answer and it.entry.answer.campaign_id]
    note_met(uow, [met_of(it.entry, it.contact.id, it.message_id) for it in met])
    for it in recorded:
        if it.entry.is_event:
            _note_event(uow, it)
        else:
            ratings.hear(uow, it.entry, it.contact)
    writers = {
        it.contact.id: it.contact
        for it in recorded
        if not it.entry.is_event and facts[it.entry.account_id].has_messages
    }
    if writers:
        release_held(uow, writers.values())


def enter_repeated(uow: UnitOfWork, entries: Sequence[Entry], fresh: Sequence[Entry]) -> None:
    """What the gate gave to a push that was known already was given all the same.

    (Either this was recorded a moment ago, or it went to a redelivery after Redis had forgotten
    the first one.)
    """
    are_fresh = {(entry.account_id, entry.once_key) for entry in fresh}
    known = {
        (entry.account_id, entry.once_key): entry
        for entry in entries
        if entry.answer is not None
        and entry.answer.is_entry
        and (entry.account_id, entry.once_key) not in are_fresh
    }
    if not known:
        return
    rows = uow.session.execute(
        select(Message.account_id, Message.once_key, Message.id, Message.contact_id).where(
            Message.once_key.in_({once_key for _, once_key in known})
        )
    )
    found = [
        met_of(entry, contact_id, message_id)
        for account_id, once_key, message_id, contact_id in rows
        if (entry := known.get((account_id, once_key or ""))) is not None
    ]
    note_entries(uow, found)


def settle_given(
    uow: UnitOfWork, entries: Sequence[Entry], contacts: Mapping[Key, Contact]
) -> None:
    """Held answers that left as the answer to a push have left, even if the push was known.

    (It was given to a redelivery after Redis had forgotten the first.) Before what follows from
    the messages, which might send them again.
    """
    for entry in entries:
        contact = contacts.get((entry.account_id, entry.openid))
        if entry.held is not None and contact is not None:
            settle_passive(uow, contact, entry.held.delivery_ids, entry.received_at)


def _opening(it: Recorded, facts: Facts) -> Opening | None:
    entry = it.entry
    acted_at = wrote_at(entry.created_at, entry.received_at)
    left_at = it.contact.unfollowed_at
    if entry.act is None or (left_at is not None and acted_at <= left_at):
        return None  # what was open is closed by who leaves
    has_rule_answered = entry.answer is not None and not entry.answer.is_silent
    is_answered = has_rule_answered or entry.held is not None
    return Opening(
        contact=it.contact,
        act=entry.act,
        acted_at=acted_at,
        message_id=it.message_id,
        used=int(is_answered and facts.is_passive_counted),
    )


def met_of(entry: Entry, contact_id: int, message_id: int) -> Met:
    """For an entry that a campaign's rule met."""
    answer = entry.answer
    if answer is None or answer.campaign_id is None:
        raise ValueError("no campaign's rule met this entry")
    return Met(
        campaign_id=answer.campaign_id,
        account_id=entry.account_id,
        contact_id=contact_id,
        message_id=message_id,
        rule_id=answer.rule_id,
        rule_version=answer.rule_version,
        matched=answer.matched,
        outcome=answer.outcome if answer.is_entry or not answer.reason else answer.reason,
        arrived_at=entry.received_at,
        is_entered=answer.is_entry,
        code=answer.code,
        mark=entry.once_key[:MARK_LENGTH],
        answers=answer.later,
    )


def _note_follows(uow: UnitOfWork, recorded: Sequence[Recorded]) -> None:
    """Follows, unfollows and scans of QR codes, for what they bring (docs/qr-codes.md)."""
    events = [it for it in recorded if it.entry.is_event]
    note_follows(
        uow,
        [
            Followed(
                account_id=it.entry.account_id,
                contact_id=it.contact.id,
                message_id=it.message_id,
                is_follow=it.entry.event.lower() == FOLLOW,
                scene=it.entry.qr_scene,
                happened_at=wrote_at(it.entry.created_at, it.entry.received_at),
            )
            for it in events
            if it.entry.event.lower() in (FOLLOW, UNFOLLOW)
        ],
    )
    note_scans(
        uow,
        [
            Scan(
                account_id=it.entry.account_id,
                contact_id=it.contact.id,
                scene=it.entry.qr_scene,
                message_id=it.message_id,
                is_follow=it.entry.event.lower() == FOLLOW,
                scanned_at=wrote_at(it.entry.created_at, it.entry.received_at),
            )
            for it in events
            if it.entry.qr_scene
        ],
    )


def _expect_files(uow: UnitOfWork, recorded: Sequence[Recorded]) -> None:
    wanted = [
        WantedFile(
            account_id=it.entry.account_id,
            message_id=it.message_id,
            kind=kind,
            role=role,
            media_id=media_id,
            source_url=source_url,
            created_at=it.entry.received_at,
        )
        for it in recorded
        if it.entry.fields and not it.entry.is_event
        for kind, role, media_id, source_url in files_of(it.entry.kind, it.entry.fields)
    ]
    if wanted:
        expect_files(uow, wanted)


def _note_event(uow: UnitOfWork, it: Recorded) -> None:
    event, fields = it.entry.event.lower(), it.entry.fields or {}
    if event == TEMPLATE_RESULT:
        msgid, status = str(fields.get("MsgID", "")), str(fields.get("Status", ""))
        note_template_result(uow, it.entry.account_id, msgid, status)
    if event in RESULTS:
        note_result(uow, it.entry.account_id, it.contact.id, event, fields)
    if event in PRIVACY_EVENTS:
        note_event(uow, it.contact, event, str(fields.get("OpenID", "")))
