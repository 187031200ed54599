"""In which ways a customer can be answered at this moment."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import case, func, literal_column, select
from sqlalchemy.orm import Session

from wxdesk.accounts.facts import Facts
from wxdesk.accounts.models import MessageTemplate
from wxdesk.contacts.models import Contact
from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.rules import Delivery, Via
from wxdesk.plumbing.db import one_of
from wxdesk.words import say

IS_HELD = DeliveryRow.state == Delivery.HELD
LEAVES_BEFORE = ~IS_HELD & (~DeliveryRow.is_bulk | (DeliveryRow.state == Delivery.SENDING))
# Written out: the text of an IN with parameters is made anew each time.
IS_UNSENT = DeliveryRow.state.in_(
    [literal_column(f"'{one.value}'") for one in (Delivery.HELD, Delivery.QUEUED, Delivery.SENDING)]
)
UNSENT = (
    select(
        DeliveryRow.contact_id,
        func.sum(case((IS_HELD, 1), else_=0)),
        func.sum(case((LEAVES_BEFORE & (DeliveryRow.via == Via.CUSTOMER_SERVICE), 1), else_=0)),
    )
    .where(one_of(DeliveryRow.contact_id), IS_UNSENT)
    .group_by(DeliveryRow.contact_id)
)
WITH_TEMPLATES = (
    select(MessageTemplate.account_id).distinct().where(one_of(MessageTemplate.account_id))
)


class Way(StrEnum):
    """Send now; hold until the customer writes; a template, which needs no reply window."""

    SEND = "send"
    HOLD = "hold"
    TEMPLATE = "template"


@dataclass(frozen=True, slots=True)
class Ways:
    """`problem` says why nothing can be sent now, None if it can; `left` how many messages.

    `has_messages`: the account has the message API, so that not only texts can wait.
    """

    ways: tuple[Way, ...]
    problem: str | None
    left: int
    has_messages: bool

    def may(self, way: Way) -> bool:
        return way in self.ways


def ways_of(
    contact: Contact, facts: Facts, now: datetime, *, on_their_way: int, has_templates: bool
) -> Ways:
    """The platform's rules for this customer at this moment (docs/wechat.md#reply-window)."""
    is_open = contact.window_closes_at is not None and contact.window_closes_at > now
    if problem := _barred(contact, is_open=is_open):
        return Ways((), problem, 0, facts.has_messages)
    templates = (Way.TEMPLATE,) if has_templates else ()
    if not facts.has_messages:
        problem = say("the account can't send messages: the answer leaves when the customer writes")
        return Ways((Way.HOLD, *templates), problem, 0, has_messages=False)
    left = contact.window_remaining - on_their_way
    if not is_open:
        problem = say("the reply window is closed until the customer writes again")
    elif left <= 0:
        problem = say("no more answers allowed until the customer writes again")
    else:
        return Ways((Way.SEND, *templates), None, left, has_messages=True)
    return Ways((Way.HOLD, *templates), problem, 0, has_messages=True)


@dataclass(frozen=True, slots=True)
class Unsent:
    """Answers that wait for the customer, and those that will spend the quota when they leave."""

    held: int = 0
    on_their_way: int = 0


def count_unsent(session: Session, contact_ids: Collection[int]) -> dict[int, Unsent]:
    """By contact, in one query for a whole list; contacts without any are left out."""
    if not contact_ids:
        return {}
    rows = session.execute(UNSENT, {"ids": list(contact_ids)})
    return {contact_id: Unsent(held, on_their_way) for contact_id, held, on_their_way in rows}


def accounts_with_templates(session: Session, account_ids: Iterable[int]) -> set[int]:
    """Those of the accounts that have a template or subscription message to send."""
    return set(session.scalars(WITH_TEMPLATES, {"ids": list(account_ids)}))


def _barred(contact: Contact, *, is_open: bool) -> str | None:
    """Somebody who wrote without following may be answered while the window is open."""
    if contact.forgotten_at is not None:
        return say("the customer's data was deleted")
    if contact.is_blacklisted:
        return say("the customer is on the blacklist")
    if not contact.is_following and not is_open:
        return say("the customer does not follow the account any more")
    return None
