"""Customers who wait for a person longer than a rule allows get its reply, once a wait.

The key of the message names rule, conversation and wait: no two processes can send it twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from sqlalchemy import false, func, select
from sqlalchemy.orm import Session

from wxdesk.contacts.models import Contact
from wxdesk.conversations.answered import is_unanswered
from wxdesk.conversations.models import Conversation, Message
from wxdesk.conversations.rules import Direction, SenderKind, Status
from wxdesk.conversations.waiting import IS_OPEN
from wxdesk.outbound.operations import queue_delivery
from wxdesk.plumbing.db import write_in_order
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.satisfaction.asking import seen, window_allows
from wxdesk.triage.answers import reply_for
from wxdesk.triage.conditions import unmet_by, unmet_time
from wxdesk.triage.customers import find_customer
from wxdesk.triage.models import AutoReplyRule
from wxdesk.triage.queries import MOST_RULES
from wxdesk.triage.rule_forms import RuleForm
from wxdesk.triage.rules import Hit, Moment, Outcome, Reply, Trigger
from wxdesk.triage.stored import form_of_row, rule_text_of

LONGEST_WAIT = timedelta(hours=48)  # no reply window is open for longer


@dataclass(frozen=True, slots=True)
class WaitingRule:
    """An active rule for waits of at least so long."""

    id: int
    version: int
    after: timedelta
    form: RuleForm


@dataclass(frozen=True, slots=True)
class Wait:
    """A customer who waits; `message_id` is what they wrote first."""

    conversation_id: int
    account_id: int
    since: datetime
    message_id: int
    is_attended: bool


def list_waiting_rules(session: Session) -> dict[int, list[WaitingRule]]:
    """By account, those for the longest waits first, then in the order of trying."""
    rules = session.scalars(
        select(AutoReplyRule)
        .where(AutoReplyRule.is_active, AutoReplyRule.trigger == Trigger.WAITING)
        .order_by(
            AutoReplyRule.waiting_minutes.desc(), AutoReplyRule.priority.desc(), AutoReplyRule.id
        )
        .limit(MOST_RULES)
    )
    found: dict[int, list[WaitingRule]] = {}
    for rule in rules:
        form = form_of_row(rule, rule.account_id, rule.campaign_id)
        after = timedelta(minutes=rule.waiting_minutes or 0)
        one = WaitingRule(rule.id, rule.version, after, form)
        found.setdefault(rule.account_id, []).append(one)
    return found


def list_waits(
    session: Session,
    account_ids: Sequence[int],
    before: datetime,
    now: datetime,
    after: tuple[datetime, int] | None,
    limit: int,
) -> list[Wait]:
    """Customers who have waited since then or longer, the longest waits first."""
    query = select(Conversation).where(
        Conversation.account_id.in_(account_ids),
        IS_OPEN,
        Conversation.is_spam == false(),
        Conversation.waiting_message_id.is_not(None),
        Conversation.waiting_since <= before,
        Conversation.waiting_since > now - LONGEST_WAIT,
    )
    if after is not None:
        since, last_id = after
        is_later = Conversation.waiting_since > since
        query = query.where(
            is_later | ((Conversation.waiting_since == since) & (Conversation.id > last_id))
        )
    order = (Conversation.waiting_since, Conversation.id)
    return [wait_of(row) for row in session.scalars(query.order_by(*order).limit(limit))]


def wait_of(conversation: Conversation) -> Wait:
    return Wait(
        conversation.id,
        conversation.account_id,
        conversation.waiting_since or conversation.opened_at,
        conversation.waiting_message_id or 0,
        conversation.standing.is_attended,
    )


def due_rule(
    rules: Sequence[WaitingRule], wait: Wait, now: datetime, zone: tzinfo
) -> WaitingRule | None:
    """The rule for as long a wait as this one, by all that needs no look at the customer."""
    for rule in rules:
        is_silent = wait.is_attended and not rule.form.answers_attended
        if wait.since + rule.after <= now and not is_silent:
            return None if unmet_time(rule.form.conditions, now, zone) else rule
    return None


def key_of(rule: WaitingRule, wait: Wait) -> str:
    return f"waiting-{wait.conversation_id}-{wait.message_id}"


def answered_already(
    session: Session, chosen: Mapping[Wait, WaitingRule]
) -> set[tuple[int | None, str | None]]:
    """Of these waits the (rule, key) pairs whose reply was sent before."""
    keys = [key_of(rule, wait) for wait, rule in chosen.items()]
    rows = session.execute(
        select(Message.sender_id, Message.idempotency_key).where(
            Message.sender_id.in_(sorted({rule.id for rule in chosen.values()})),
            Message.idempotency_key.in_(keys),
        )
    )
    return {(row.sender_id, row.idempotency_key) for row in rows}


def answer_wait(uow: UnitOfWork, rule: WaitingRule, wait: Wait, moment: Moment) -> bool:
    """Send the rule's reply, unless it was changed or switched off since it was read.

    Nor when somebody was quicker, or the reply window is closed.
    """
    if not _still_speaks(uow, rule):
        return False
    conversation = uow.session.get(Conversation, wait.conversation_id, with_for_update=True)
    if conversation is None or conversation.status is not Status.OPEN:
        return False
    if wait_of(conversation) != wait or not is_unanswered(uow.session, conversation):
        return False
    contact = uow.session.get_one(Contact, conversation.contact_id)
    if (rule.id, key_of(rule, wait)) in answered_already(uow.session, {wait: rule}):
        return False
    reply = _reply(uow, rule, contact, moment)
    if reply is None or not window_allows(uow, contact):
        return False
    _send(uow, rule, wait, conversation, reply)
    return True


def _still_speaks(uow: UnitOfWork, rule: WaitingRule) -> bool:
    """Whoever switches it off meanwhile comes after this reply is queued, and takes it back."""
    lock = {"read": True}
    row = uow.session.get(AutoReplyRule, rule.id, with_for_update=lock, populate_existing=True)
    return row is not None and row.is_active and row.version == rule.version


def _reply(uow: UnitOfWork, rule: WaitingRule, contact: Contact, moment: Moment) -> Reply | None:
    """What this customer gets; None when a condition or the limit says no."""
    customer = find_customer(uow.session, contact.account_id, contact.openid)
    if unmet_by(rule.form.conditions, customer) or _is_over(uow, rule, contact):
        return None
    text = rule_text_of(rule.form, rule_id=rule.id, version=rule.version)
    hit = Hit(rule.id, rule.version, text.priority, text.reply, "", text.replies)
    return reply_for(hit, Outcome.DEFAULT, customer, moment)


def _is_over(uow: UnitOfWork, rule: WaitingRule, contact: Contact) -> bool:
    limits = rule.form.limits
    if limits.per_person is None:
        return False
    query = select(func.count()).where(
        Message.contact_id == contact.id,
        Message.sender_kind == SenderKind.RULE,
        Message.sender_id == rule.id,
    )
    if limits.per_person_seconds is not None:
        since = uow.now - timedelta(seconds=limits.per_person_seconds)
        query = query.where(Message.received_at > since)
    return (uow.session.scalar(query) or 0) >= limits.per_person


def _send(
    uow: UnitOfWork, rule: WaitingRule, wait: Wait, conversation: Conversation, reply: Reply
) -> None:
    payload = dict(reply.fields or {})
    if reply.attachment_id is not None:
        payload["attachment_id"] = reply.attachment_id
    message = Message(
        account_id=conversation.account_id,
        contact_id=conversation.contact_id,
        conversation_id=conversation.id,
        direction=Direction.OUTGOING,
        kind=reply.kind.value,
        text=reply.text,
        payload=payload or None,
        sender_kind=SenderKind.RULE,
        sender_id=rule.id,
        rule_version=rule.version,
        matched="",
        outcome=Outcome.DEFAULT.value,
        idempotency_key=key_of(rule, wait),
        reply_to_id=wait.message_id,
        created_at=uow.now,
        received_at=uow.now,
    )
    write_in_order(uow.session, Message.__tablename__)
    uow.session.add(message)
    uow.session.flush()
    queue_delivery(uow, message, is_bulk=True)
    seen(uow, conversation)
