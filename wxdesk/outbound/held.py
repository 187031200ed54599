"""Answers that wait for the customer's next message.

An account with the message API sends them as soon as the customer has written again. One without
it (unverified, or refused with 48001) can only answer a push: there the texts lie joined in a
Redis hash, and the webhook takes them in its one round trip. The rows are the truth; the hash
follows each commit and is repaired by a sweeper. What the webhook took is marked until the drain
has recorded it, so that the sweeper does not offer it again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from redis import Redis
from sqlalchemy import select
from sqlalchemy.orm import Session

from wxdesk.contacts.models import Contact
from wxdesk.conversations.models import Message
from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.rules import Delivery
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.wechat.splitting import MOST_BYTES

MOST_HELD = 20
MOST_CUSTOMERS = 10_000
JOINED_BY = "\n\n"


@dataclass(frozen=True, slots=True)
class Joined:
    """As many held texts as fit into one passive reply, the oldest first."""

    delivery_ids: list[int]
    text: str


def key(account_id: int) -> str:
    """Redis hash: openid to the answer that waits for it."""
    return f"wxdesk:held:{account_id}"


def taken_key(account_id: int) -> str:
    """Redis hash: openid to what the webhook has given out and the drain has not recorded."""
    return f"{key(account_id)}:taken"


def joined(texts: Sequence[tuple[int, str]]) -> Joined | None:
    """Join (delivery id, text) as far as WeChat's limit allows; None without any."""
    ids: list[int] = []
    text = ""
    for delivery_id, part in texts:
        longer = f"{text}{JOINED_BY}{part}" if ids else part
        if len(longer.encode()) > MOST_BYTES:
            break
        ids.append(delivery_id)
        text = longer
    return Joined(ids, text) if ids else None


def offer(uow: UnitOfWork, contact: Contact) -> None:
    """After the commit the webhook knows what waits for this customer."""
    found = _held_texts(uow.session, contact.account_id, contact.id).get(contact.openid)
    uow.remember(key(contact.account_id), contact.openid, _as_json(joined(found or [])))


def taken(uow: UnitOfWork, contact: Contact) -> None:
    """The drain has recorded what the webhook gave out."""
    uow.remember(taken_key(contact.account_id), contact.openid, None)
    offer(uow, contact)


def repair(session: Session, redis: Redis, account_id: int) -> int:
    """Make the account's hash equal to the rows; returns how many entries were wrong.

    Customers whose answer was taken and is not recorded yet are left alone.
    """
    client: Any = redis
    before = client.hgetall(key(account_id))
    away = set(client.hkeys(taken_key(account_id)))
    texts = _held_texts(session, account_id)
    truth = {
        openid.encode(): text.encode()
        for openid, found in texts.items()
        if (text := _as_json(joined(found))) and openid.encode() not in away
    }
    wrong = {
        openid for openid in before.keys() | truth.keys() if before.get(openid) != truth.get(openid)
    }
    for openid in wrong:
        if openid in truth:
            client.hset(key(account_id), openid, truth[openid])
        else:
            client.hdel(key(account_id), openid)
    return len(wrong)


def _held_texts(
    session: Session, account_id: int, contact_id: int | None = None
) -> dict[str, list[tuple[int, str]]]:
    query = (
        select(Contact.openid, DeliveryRow.id, Message.text)
        .join(Contact, Contact.id == DeliveryRow.contact_id)
        .join(Message, Message.id == DeliveryRow.message_id)
        .where(
            DeliveryRow.state == Delivery.HELD,
            Message.kind == "text",
            Contact.account_id == account_id,
        )
        .order_by(DeliveryRow.id)
        .limit(MOST_HELD if contact_id else MOST_CUSTOMERS)
    )
    if contact_id is not None:
        query = query.where(DeliveryRow.contact_id == contact_id)
    found: dict[str, list[tuple[int, str]]] = {}
    for openid, delivery_id, text in session.execute(query):
        found.setdefault(openid, []).append((delivery_id, text))
    return found


def count_held(session: Session, contact_ids: Iterable[int]) -> dict[int, list[int]]:
    """By contact the message ids of its held answers."""
    rows = session.execute(
        select(DeliveryRow.contact_id, DeliveryRow.message_id).where(
            DeliveryRow.contact_id.in_(sorted(contact_ids)), DeliveryRow.state == Delivery.HELD
        )
    )
    found: dict[int, list[int]] = {}
    for contact_id, message_id in rows:
        found.setdefault(contact_id, []).append(message_id)
    return found


def _as_json(answer: Joined | None) -> str | None:
    if answer is None:
        return None
    return json.dumps({"held": answer.delivery_ids, "text": answer.text}, ensure_ascii=False)
