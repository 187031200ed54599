"""What a rule answered to the customer before they began to wait for a person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import select

from wxdesk.conversations.models import Message
from wxdesk.conversations.rules import Direction, SenderKind
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.sla.models import SlaClock
from wxdesk.sla.rules import RESPONSES, seconds_between

AFTER = timedelta(hours=1)


def give_after(uow: UnitOfWork, begun: Iterable[SlaClock]) -> None:
    """The last automatic answer that the customer got within the hour before each new wait."""
    waits = [it for it in begun if it.clock in RESPONSES]
    if not waits:
        return
    starts = [wait.started_at for wait in waits]
    rows = uow.session.execute(
        select(
            Message.contact_id,
            Message.id,
            Message.sender_id,
            Message.rule_version,
            Message.received_at,
        )
        .where(
            Message.contact_id.in_({wait.contact_id for wait in waits}),
            Message.received_at >= min(starts) - AFTER,
            Message.received_at <= max(starts),
            Message.direction == Direction.OUTGOING,
            Message.sender_kind == SenderKind.RULE,
        )
        .order_by(Message.received_at, Message.id)
    )
    answers = defaultdict(list)
    for row in rows:
        answers[row.contact_id].append(row)
    for wait in waits:
        wait.after_message_id = wait.after_rule_id = None
        wait.after_rule_version = wait.after_seconds = None
        for row in answers.get(wait.contact_id, ()):
            if row.received_at <= wait.started_at <= row.received_at + AFTER:
                wait.after_message_id, wait.after_rule_id = row.id, row.sender_id
                wait.after_rule_version = row.rule_version
                wait.after_seconds = seconds_between(row.received_at, wait.started_at)
