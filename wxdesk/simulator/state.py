"""Everything that the simulated WeChat knows, behind one lock; no network call is made here."""

from __future__ import annotations

import secrets
import string
import threading
from collections import deque
from dataclasses import replace
from datetime import datetime, timedelta

from wxdesk.plumbing.clock import Clock
from wxdesk.simulator.answers import Answer, FindMedia, Kind
from wxdesk.simulator.books import AccountBook
from wxdesk.simulator.clock import MovableClock
from wxdesk.simulator.errors import BadInputError
from wxdesk.simulator.faults import FaultPlan
from wxdesk.simulator.media import MediaBook
from wxdesk.simulator.pushes import Push
from wxdesk.simulator.records import (
    FAULT_NOTICE,
    MOST_BUBBLES,
    Account,
    Bubble,
    Call,
    Customer,
    Delivery,
    Direction,
)
from wxdesk.simulator.shown import Shown, as_json, written
from wxdesk.simulator.tokens import TokenBook

MOST_LOGGED = 1000
MOST_CUSTOMERS = 10_000
OPENID_ALPHABET = string.ascii_letters + string.digits + "_-"
TYPING_SECONDS = 15


class State:
    """Hold `changed` while reading or changing anything; it is notified at every change.

    `version` counts changes and numbers the bubbles, so a reader that remembers the last version
    it saw can ask for what is newer.
    """

    def __init__(self, clock: Clock, media: MediaBook) -> None:
        self.clock = MovableClock(clock)
        self.media = media
        self.address = ""  # the base URL at which desks reach this server
        self.changed = threading.Condition()
        self.stopping = threading.Event()
        self.version = 0
        self.accounts: dict[str, Account] = {}
        self.books: dict[str, AccountBook] = {}
        self.customers: dict[str, Customer] = {}
        self.held: dict[str, list[Push]] = {}
        self.tokens = TokenBook()
        self.faults = FaultPlan()
        self.calls: deque[Call] = deque(maxlen=MOST_LOGGED)
        self.deliveries: deque[Delivery] = deque(maxlen=MOST_LOGGED)

    def touch(self, customer: Customer | None = None) -> int:
        """Count a change and wake every reader; the new version."""
        with self.changed:
            self.version += 1
            if customer is not None:
                customer.version = self.version
            self.changed.notify_all()
            return self.version

    def account(self, original_id: str) -> Account:
        """The registered account; BadInputError without one."""
        with self.changed:
            if original_id not in self.accounts:
                raise BadInputError("original_id", "no account is registered with it")
            return self.accounts[original_id]

    def book(self, original_id: str) -> AccountBook:
        """What the account has made; hold `changed` while using it."""
        return self.books.setdefault(original_id, AccountBook())

    def account_for_push(self, original_id: str) -> Account:
        """The account; with its previous AES key for the first pushes after a change of keys."""
        with self.changed:
            account = self.account(original_id)
            book = self.book(original_id)
            if book.old_key_pushes <= 0:
                return account
            book.old_key_pushes -= 1
            return replace(account, aes_key=account.previous_aes_key)

    def media_finder(self, original_id: str) -> FindMedia:
        """Finds the account's files that have not expired."""
        return lambda media_id: self.media.find(media_id, original_id, self.clock())

    def customer(self, openid: str) -> Customer:
        """The customer with this openid; BadInputError without one."""
        with self.changed:
            if openid not in self.customers:
                raise BadInputError("openid", "no customer has it")
            return self.customers[openid]

    def add_customer(self, customer: Customer) -> Customer:
        """Keep a new customer, or return the one that already has this openid."""
        with self.changed:
            known = self.customers.get(customer.openid)
            if known is not None and known.original_id != customer.original_id:
                raise BadInputError("openid", "belongs to another account")
            if known is None and len(self.customers) >= MOST_CUSTOMERS:
                raise BadInputError("openid", f"there are {MOST_CUSTOMERS} customers already")
            if known is None:
                self.customers[customer.openid] = known = customer
                self.touch(customer)
            return known

    def add_push(self, customer: Customer, fields: dict[str, object]) -> Push:
        """Put what the customer did on the phone and make the push for it.

        `fields` are those after CreateTime, with MsgType first; a MsgId is added to messages.
        """
        with self.changed:
            now = self.clock()
            kind = str(fields["MsgType"])
            msg_id = "" if kind == "event" else str(fields.get("MsgId") or self._msg_id(now))
            common = {"ToUserName": customer.original_id, "FromUserName": customer.openid}
            stamp = {"CreateTime": int(now.timestamp())}
            ids = {"MsgId": int(msg_id)} if msg_id and "MsgId" not in fields else {}
            plain = as_json({**common, **stamp, **fields, **ids})
            shown = written(kind, fields, self.media.peek)
            bubble = Bubble(0, 0, Direction.TO_DESK, kind, shown.text, now, outcome="pending")
            bubble = replace(bubble, msg_id=msg_id, push=plain, detail=shown.detail)
            return push_of(customer, self.add_bubble(customer, bubble))

    def add_bubble(self, customer: Customer, bubble: Bubble) -> Bubble:
        """Number the bubble and show it; the oldest falls off a full phone."""
        with self.changed:
            version = self.touch(customer)
            bubble = replace(bubble, id=version, version=version)
            customer.bubbles[bubble.id] = bubble
            while len(customer.bubbles) > MOST_BUBBLES:
                del customer.bubbles[next(iter(customer.bubbles))]
            return bubble

    def record_delivery(self, delivery: Delivery) -> None:
        """Log one delivery and count it on the phone."""
        with self.changed:
            self.deliveries.append(delivery)
            customer = self.customers.get(delivery.openid)
            bubble = customer and customer.bubbles.get(delivery.bubble_id)
            if customer and bubble:
                self._show(customer, replace(bubble, attempts=bubble.attempts + 1))

    def finish_push(self, push: Push, answer: Answer, *, may_be_answered: bool) -> None:
        """Show how the push ended: its outcome, the passive reply, or WeChat's fault notice."""
        with self.changed:
            customer = self.customers.get(push.openid)
            if customer is None:
                return
            bubble = customer.bubbles.get(push.bubble_id)
            if bubble is not None:
                self._show(customer, replace(bubble, outcome=str(answer.kind)))
            if not may_be_answered:
                return
            now = self.clock()
            if answer.is_fault:
                notice = Bubble(0, 0, Direction.NOTICE, "notice", FAULT_NOTICE, now)
                self.add_bubble(customer, notice)
            elif answer.msg_type:
                shown = Shown(answer.text, answer.detail)
                self.add_reply(customer, answer.msg_type, shown, via="passive")

    def block_push(self, push: Push) -> None:
        """The push never leaves: the customer is on the account's blacklist."""
        with self.changed:
            customer = self.customers[push.openid]
            bubble = customer.bubbles[push.bubble_id]
            self._show(customer, replace(bubble, outcome=str(Kind.BLOCKED)))

    def add_reply(self, customer: Customer, kind: str, shown: Shown, *, via: str) -> Bubble:
        """Show what the account sent; `via` says by which call."""
        with self.changed:
            customer.typing_until = None
            bubble = Bubble(0, 0, Direction.FROM_DESK, kind, shown.text, self.clock(), via=via)
            return self.add_bubble(customer, replace(bubble, detail=shown.detail))

    def set_typing(self, customer: Customer, *, is_typing: bool) -> None:
        """Show or hide that the account is typing; it lapses by itself."""
        with self.changed:
            until = self.clock() + timedelta(seconds=TYPING_SECONDS)
            customer.typing_until = until if is_typing else None
            self.touch(customer)

    def _show(self, customer: Customer, bubble: Bubble) -> None:
        version = self.touch(customer)
        customer.bubbles[bubble.id] = replace(bubble, version=version)

    def _msg_id(self, now: datetime) -> int:
        """A growing 64-bit number that no restart repeats."""
        milliseconds = int(now.timestamp() * 1000)
        return (milliseconds << 20 | (self.version + 1) & 0xFFFFF) & (2**63 - 1)


def new_openid() -> str:
    """Twenty-eight characters, as WeChat's own."""
    return "o" + "".join(secrets.choice(OPENID_ALPHABET) for _ in range(27))


def push_of(customer: Customer, bubble: Bubble) -> Push:
    """The push of a bubble to the desk, to send it or to send it again."""
    event = str(bubble.detail.get("event", "")) if bubble.kind == "event" else ""
    original_id, openid = customer.original_id, customer.openid
    return Push(original_id, openid, bubble.id, bubble.msg_id, bubble.push, event)
