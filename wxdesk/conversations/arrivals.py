"""To which conversation a customer's message belongs: the open one, a reopened or a new one.

A batch takes a fixed number of statements.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from wxdesk.accounts.facts import Opening, openings_of
from wxdesk.contacts.models import Contact
from wxdesk.conversations.models import Conversation
from wxdesk.conversations.operations import begin_again
from wxdesk.conversations.rules import ASLEEP, Status, Waking, may_reopen
from wxdesk.conversations.timeline import Activity, Happening, note_happenings
from wxdesk.conversations.waking import wake
from wxdesk.plumbing.clock import FAR_FUTURE
from wxdesk.plumbing.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Arrival:
    """A customer's first message of a batch: when it was written, and when it reached us."""

    contact: Contact
    wrote_at: datetime
    received_at: datetime


def conversations_for(
    uow: UnitOfWork, arrivals: Sequence[Arrival], found: Mapping[int, Conversation]
) -> dict[int, Conversation]:
    """By contact id the conversation of each; sleeping ones wake, ended ones reopen or are left.

    `found` by `find_current`. One that was marked as spam or merged never reopens by itself.
    """
    writers = {arrival.contact.id for arrival in arrivals}
    current = {contact_id: it for contact_id, it in found.items() if contact_id in writers}
    at = {
        current[arrival.contact.id].id: arrival.received_at
        for arrival in arrivals
        if arrival.contact.id in current
    }
    wake(uow, [it for it in current.values() if it.status in ASLEEP], Waking.CUSTOMER, at)
    ended = [arrival for arrival in arrivals if _has_ended(current.get(arrival.contact.id))]
    if ended:
        _begin(uow, ended, current)
        uow.session.flush()
    return current


def _has_ended(conversation: Conversation | None) -> bool:
    return conversation is None or conversation.status is Status.RESOLVED


def _begin(uow: UnitOfWork, ended: Sequence[Arrival], current: dict[int, Conversation]) -> None:
    openings = openings_of(uow.session, {arrival.contact.account_id for arrival in ended})
    reopened = []
    for arrival in ended:
        contact = arrival.contact
        opening, last = openings[contact.account_id], current.get(contact.id)
        if last is not None and _goes_on(uow, last, opening):
            begin_again(last)
            reopened.append(
                Happening(last, Activity.REOPENED, arrival.received_at, {"reason": "customer"})
            )
        else:
            current[contact.id] = _new(uow, arrival, opening)
    note_happenings(uow, reopened)


def _goes_on(uow: UnitOfWork, last: Conversation, opening: Opening) -> bool:
    is_final = last.is_spam or last.merged_into_id is not None
    return not is_final and may_reopen(last.resolved_at, uow.now, opening.reopen_within)


def _new(uow: UnitOfWork, arrival: Arrival, opening: Opening) -> Conversation:
    conversation = Conversation(
        account_id=arrival.contact.account_id,
        contact_id=arrival.contact.id,
        team_id=opening.team_id,
        status=Status.OPEN,
        opened_at=arrival.wrote_at,
        last_message_at=arrival.wrote_at,
        queued_at=arrival.wrote_at,
        due_at=FAR_FUTURE,
        is_breached=False,
        version=0,
    )
    uow.session.add(conversation)
    return conversation
