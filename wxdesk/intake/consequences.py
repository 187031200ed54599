"""What follows from recorded pushes: reply windows, files to fetch, held answers, WeChat's reports.

In the transaction that records them, with a fixed number of statements a batch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wxdesk.accounts.facts import Facts, facts_of
from wxdesk.contacts.models import Contact
from wxdesk.contacts.operations import Key
from wxdesk.contacts.windows import Opening, open_windows
from wxdesk.conversations.rules import wrote_at
from wxdesk.intake import ratings
from wxdesk.intake.rules import Entry
from wxdesk.media.operations import WantedFile, expect_files
from wxdesk.media.rules import files_of
from wxdesk.outbound.operations import release_held
from wxdesk.outbound.settling import note_template_result, settle_passive
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.privacy.operations import note_event

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
    is_answered = entry.answer is not None or entry.held is not None
    return Opening(
        contact=it.contact,
        act=entry.act,
        acted_at=acted_at,
        message_id=it.message_id,
        used=int(is_answered and facts.is_passive_counted),
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
    elif event in PRIVACY_EVENTS:
        note_event(uow, it.contact, event, str(fields.get("OpenID", "")))
