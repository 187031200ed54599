"""Those who had to wait for the gate: decided by it as soon as it is open, and answered by message.

A decision is kept in Redis until its transaction is committed, so that whoever is killed in between
finds it again; a row is taken by deleting it, so that two processes never answer it twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from wxdesk.campaigns.entering import Met, count, minute_of, note_entries
from wxdesk.campaigns.models import Campaign, PendingEntry
from wxdesk.campaigns.rules import Silence
from wxdesk.contacts.models import Contact
from wxdesk.conversations.models import Conversation, Message
from wxdesk.conversations.rules import Direction, Place, SenderKind, Status
from wxdesk.outbound.operations import queue_delivery
from wxdesk.plumbing.db import write_in_order
from wxdesk.plumbing.gates import CODE, Decision, Entering, Wish
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.triage.rules import Outcome

AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody who waits for the gate."""

    pending_id: int
    wish: Wish


def list_waiting(session: Session, campaign_id: int, after_id: int) -> list[Waiting]:
    """The first 200 after this id, in the order of arrival."""
    rows = session.execute(
        select(PendingEntry.id, Contact.openid, PendingEntry.mark)
        .join(Contact, Contact.id == PendingEntry.contact_id)
        .where(PendingEntry.campaign_id == campaign_id, PendingEntry.id > after_id)
        .order_by(PendingEntry.id)
        .limit(AT_ONCE)
    )
    return [Waiting(pending_id, Wish(openid, mark)) for pending_id, openid, mark in rows]


def entering_of(campaign: Campaign) -> Entering:
    return Entering(
        campaign.id, campaign.entries_per_person, campaign.total_entries, campaign.has_codes
    )


def settle(uow: UnitOfWork, campaign_id: int, decisions: Mapping[int, Decision]) -> int:
    """Record and answer these, by the id of the waiting row; how many were still waiting.

    A campaign that is stopped answers nothing more, but who is in is in; the others are set aside.
    One that goes on meanwhile leaves them waiting.
    """
    campaign = uow.session.get_one(
        Campaign, campaign_id, with_for_update={"read": True}, populate_existing=True
    )
    _hold_conversations(uow, decisions)
    write_in_order(uow.session, Message.__tablename__)
    is_stopped = campaign.paused_at is not None
    settled = sorted(
        pending_id
        for pending_id, it in decisions.items()
        if is_stopped or it.outcome != Outcome.PENDING
    )
    taken = uow.session.scalars(
        delete(PendingEntry)
        .where(PendingEntry.id.in_(settled))
        .returning(PendingEntry)
        .execution_options(synchronize_session=False)
    ).all()
    rows = sorted(taken, key=lambda row: row.id)
    told = [(row, decisions[row.id]) for row in rows]
    note_entries(uow, [_met(row, it) for row, it in told if it.outcome == Outcome.ENTERED])
    counted: Counter[tuple[int, datetime, str]] = Counter()
    for row, it in told:
        minute = minute_of(row.arrived_at)
        counted[campaign_id, minute, Outcome.PENDING.value] -= 1
        counted[campaign_id, minute, _tell(uow, row, it, is_stopped=is_stopped)] += 1
    count(uow, counted)
    return len(rows)


def _hold_conversations(uow: UnitOfWork, pending_ids: Iterable[int]) -> None:
    """Before the order of messages: agents hold a conversation when they write into its thread."""
    theirs = select(PendingEntry.contact_id).where(PendingEntry.id.in_(sorted(pending_ids)))
    uow.session.execute(
        select(Conversation.id)
        .where(Conversation.contact_id.in_(theirs), Conversation.status != Status.RESOLVED)
        .order_by(Conversation.id)
        .with_for_update(key_share=True)
    )


def _tell(uow: UnitOfWork, row: PendingEntry, decision: Decision, *, is_stopped: bool) -> str:
    """Answer, or say nothing; gives what it counts as."""
    content = None if is_stopped else row.answers.get(decision.outcome)
    if content is not None:
        _answer(uow, row, decision, content)
        return decision.outcome
    why = Silence.STOPPED if is_stopped else Silence.QUIET
    _stay_quiet(uow, row, why, decision.outcome)
    return decision.outcome if decision.outcome == Outcome.ENTERED else why.value


def _met(row: PendingEntry, decision: Decision) -> Met:
    return Met(
        campaign_id=row.campaign_id,
        account_id=row.account_id,
        contact_id=row.contact_id,
        message_id=row.message_id,
        rule_id=row.rule_id,
        rule_version=row.rule_version,
        matched=row.matched,
        outcome=decision.outcome,
        arrived_at=row.arrived_at,
        code=decision.code,
    )


def _answer(
    uow: UnitOfWork, row: PendingEntry, decision: Decision, content: Mapping[str, Any]
) -> None:
    fields = _with_code(content.get("fields"), decision.code)
    if content.get("attachment_id") is not None:
        fields = {**(fields or {}), "attachment_id": content["attachment_id"]}
    message = Message(
        account_id=row.account_id,
        contact_id=row.contact_id,
        direction=Direction.OUTGOING,
        kind=content.get("kind", "text"),
        text=content["text"].replace(CODE, decision.code),
        payload=fields,
        sender_kind=SenderKind.RULE,
        sender_id=row.rule_id,
        rule_version=row.rule_version,
        matched=row.matched,
        outcome=decision.outcome,
        reply_to_id=row.message_id,
        created_at=uow.now,
        received_at=uow.now,
    )
    uow.session.add(message)
    uow.session.flush()
    queue_delivery(uow, message, is_bulk=True, may_wait=True)


def _stay_quiet(uow: UnitOfWork, row: PendingEntry, why: Silence, outcome: str) -> None:
    """Events stay what they are; what was passed on is with people anyway."""
    uow.session.execute(
        update(Message)
        .where(Message.id == row.message_id, Message.place == Place.AUTO_ANSWERED)
        .values(
            place=Place.SET_ASIDE,
            set_aside_reason=why,
            source=f"rule:{row.rule_id}",
            rule_version=row.rule_version,
            matched=row.matched,
            outcome=outcome,
        )
        .execution_options(synchronize_session=False)
    )


def _with_code(value: Any, code: str) -> Any:
    """The fields of a card or a menu, with the code wherever a text names it."""
    if isinstance(value, str):
        return value.replace(CODE, code)
    if isinstance(value, dict):
        return {name: _with_code(each, code) for name, each in value.items()}
    if isinstance(value, list):
        return [_with_code(each, code) for each in value]
    return value
