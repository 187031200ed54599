"""Answers that wait for the customer's next message.

An account with the message API sends them as soon as the customer has written again. One without
it (unverified, or refused with 48001) can only answer a push: there the texts lie joined in a
Redis hash, and the webhook takes them in its one round trip. The rows are the truth; the hash
follows each commit and is repaired by a sweeper. What the webhook took is marked until the drain
has recorded it: as long as a mark is there, nothing is offered to that customer.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from redis import Redis
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wxdesk.contacts.models import Contact
from wxdesk.conversations.models import Message
from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.rules import Delivery
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.wechat.splitting import MOST_BYTES

MOST_HELD = 20
MOST_TOGETHER = 500
PAGE = 2_000
JOINED_BY = "\n\n"

# KEYS: offers, marks. ARGV: openid, text to offer ("" for none), what must be there now ("*": any).
OFFER = """
if redis.call('HEXISTS', KEYS[2], ARGV[1]) == 1 then return 0 end
if ARGV[3] ~= '*' and (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[3] then return 0 end
if ARGV[2] == '' then return redis.call('HDEL', KEYS[1], ARGV[1]) end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1
"""
# KEYS: marks. ARGV: openid, the mark as it was read.
UNMARK = """
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
return redis.call('HDEL', KEYS[1], ARGV[1])
"""

Texts = list[tuple[int, str]]


@dataclass(frozen=True, slots=True)
class Joined:
    """As many held texts as fit into one passive reply, those of people first."""

    delivery_ids: list[int]
    text: str


@dataclass(frozen=True, slots=True)
class Mark:
    """What the webhook gave out and the drain has not recorded, since when (Redis's seconds)."""

    openid: str
    delivery_ids: tuple[int, ...]
    seconds: int
    raw: str


@dataclass(frozen=True, slots=True)
class Kept:
    """What Redis says of one account; read it before the truth."""

    offers: dict[str, str]
    marks: list[Mark]


@dataclass(frozen=True, slots=True)
class _Held:
    """One text that waits; what was sent to many (`is_bulk`) goes behind what a person wrote."""

    delivery_id: int
    text: str
    undo_until: datetime | None
    is_bulk: bool


def key(account_id: int) -> str:
    """Redis hash: openid to the answer that waits for it."""
    return f"wxdesk:held:{account_id}"


def taken_key(account_id: int) -> str:
    """Redis hash: openid to the mark of what the webhook has given out (plumbing/streams.py)."""
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
    offer_all(uow, [contact])


def offer_all(uow: UnitOfWork, contacts: Iterable[Contact]) -> None:
    """After the commit the webhook knows what waits for these customers.

    One query, and one round trip to Redis, for 500 of them.
    """
    found = list(contacts)
    for start in range(0, len(found), MOST_TOGETHER):
        some = found[start : start + MOST_TOGETHER]
        texts = _texts_of(uow.session, [contact.id for contact in some], uow.now)
        offers = [
            (contact.account_id, contact.openid, _as_json(joined(texts.get(contact.id, []))))
            for contact in some
        ]
        uow.then(partial(_offer_all, offers))


def taken(uow: UnitOfWork, contact: Contact) -> None:
    """The drain has recorded what the webhook gave out."""
    uow.remember(taken_key(contact.account_id), contact.openid, None)
    offer(uow, contact)


def kept(redis: Redis, account_id: int) -> Kept:
    """The account's offers and marks as they are now."""
    client: Any = redis
    offers = {
        openid.decode(): value.decode() for openid, value in client.hgetall(key(account_id)).items()
    }
    marks = client.hgetall(taken_key(account_id)).items()
    return Kept(offers, [_mark(openid.decode(), value.decode()) for openid, value in marks])


def taken_ids(redis: Redis, account_ids: Iterable[int]) -> set[int]:
    """The deliveries that the webhook has given out and that are not recorded yet."""
    return {
        delivery_id
        for account_id in account_ids
        for mark in kept(redis, account_id).marks
        for delivery_id in mark.delivery_ids
    }


def repair(redis: Redis, account_id: int, before: Kept, truth: Mapping[str, Texts]) -> int:
    """Make the offers equal to the rows where they are still as they were; how many were wrong."""
    wanted = {openid: _as_json(joined(texts)) for openid, texts in truth.items()}
    wrong = [
        openid
        for openid in before.offers.keys() | wanted.keys()
        if before.offers.get(openid, "") != wanted.get(openid, "")
    ]
    for openid in wrong:
        was = before.offers.get(openid, "")
        _offer(redis, account_id, openid, wanted.get(openid, ""), was)
    return len(wrong)


def unmark(redis: Redis, account_id: int, marks: Iterable[Mark]) -> None:
    """Remove marks of what was recorded, unless the webhook has given out more meanwhile."""
    for mark in marks:
        redis.eval(UNMARK, 1, taken_key(account_id), mark.openid, mark.raw)


def list_texts(session: Session, account_id: int, now: datetime) -> dict[str, Texts]:
    """All that waits for customers of this account, in the order of its offers, page by page."""
    found: dict[str, list[_Held]] = {}
    after_id = 0
    while True:
        rows = session.execute(
            _waiting()
            .add_columns(Contact.openid)
            .where(Contact.account_id == account_id, DeliveryRow.id > after_id)
            .order_by(DeliveryRow.id)
            .limit(PAGE)
        ).all()
        for row in rows:
            found.setdefault(row[-1], []).append(_Held(*row[:-1]))
        if len(rows) < PAGE:
            break
        after_id = rows[-1][0]
    return {
        openid: texts
        for openid, waiting in found.items()
        if (texts := _as_offered(sorted(waiting, key=lambda it: it.is_bulk), now))
    }


def still_held(session: Session, delivery_ids: Collection[int]) -> set[int]:
    """Those of the deliveries whose rows still say `held`."""
    query = select(DeliveryRow.id).where(
        DeliveryRow.id.in_(sorted(delivery_ids)), DeliveryRow.state == Delivery.HELD
    )
    return set(session.scalars(query)) if delivery_ids else set()


def _texts_of(session: Session, contact_ids: Sequence[int], now: datetime) -> dict[int, Texts]:
    """What waits for each of these customers; at most 20 texts of one are read."""
    place = func.row_number().over(
        partition_by=DeliveryRow.contact_id, order_by=(DeliveryRow.is_bulk, DeliveryRow.id)
    )
    placed = (
        _waiting()
        .add_columns(DeliveryRow.contact_id, place.label("place"))
        .where(DeliveryRow.contact_id.in_(contact_ids))
        .subquery()
    )
    rows = session.execute(
        select(placed)
        .where(placed.c.place <= MOST_HELD)
        .order_by(placed.c.contact_id, placed.c.place)
    )
    found: dict[int, list[_Held]] = {}
    for *waiting, contact_id, _ in rows:
        found.setdefault(contact_id, []).append(_Held(*waiting))
    return {contact_id: _as_offered(waiting, now) for contact_id, waiting in found.items()}


def _as_offered(waiting: Sequence[_Held], now: datetime) -> Texts:
    """Up to the first that may still be undone: nothing behind it goes before it."""
    found: Texts = []
    for it in waiting[:MOST_HELD]:
        if it.undo_until is not None and it.undo_until > now:
            break
        found.append((it.delivery_id, it.text))
    return found


def _waiting() -> Any:
    return (
        select(DeliveryRow.id, Message.text, DeliveryRow.undo_until, DeliveryRow.is_bulk)
        .join(Message, Message.id == DeliveryRow.message_id)
        .join(Contact, Contact.id == DeliveryRow.contact_id)
        .where(DeliveryRow.state == Delivery.HELD, Message.kind == "text")
    )


def _offer_all(offers: Sequence[tuple[int, str, str]], redis: Redis) -> None:
    with redis.pipeline(transaction=False) as pipe:
        for account_id, openid, value in offers:
            _offer(pipe, account_id, openid, value, "*")
        pipe.execute()


def _offer(redis: Redis, account_id: int, openid: str, value: str, expected: str) -> None:
    redis.eval(OFFER, 2, key(account_id), taken_key(account_id), openid, value, expected)


def _mark(openid: str, raw: str) -> Mark:
    seconds, _, value = raw.partition("|")
    return Mark(openid, tuple(json.loads(value)["held"]), int(seconds), raw)


def _as_json(answer: Joined | None) -> str:
    if answer is None:
        return ""
    return json.dumps({"held": answer.delivery_ids, "text": answer.text}, ensure_ascii=False)
