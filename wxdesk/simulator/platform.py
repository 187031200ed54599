"""The simulated WeChat as a whole: accounts register, customers act, desks are pushed to."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from wxdesk.plumbing.clock import Clock, utc_now
from wxdesk.simulator.courier import Courier, Parcel
from wxdesk.simulator.delivery import Deliverer, Pace
from wxdesk.simulator.errors import BadInputError
from wxdesk.simulator.records import Account, Bubble, Customer
from wxdesk.simulator.state import State, new_openid, push_of
from wxdesk.simulator.storage import Storage
from wxdesk.simulator.windows import CLOSED, OPENING_EVENTS

PUSH_THREADS = 32
MENU_TAP = "bizmsgmenuid"


@dataclass(frozen=True, slots=True)
class Changes:
    """What is new on one phone; ask again with `since=version`."""

    version: int
    customer: Customer
    bubbles: list[Bubble]


class Platform:
    """Thread-safe; `close` it, or use it as a context manager."""

    def __init__(
        self,
        clock: Clock = utc_now,
        storage: Path | None = None,
        *,
        pace: Pace | None = None,
        allowed_hosts: Iterable[str] = (),
    ) -> None:
        """`storage` is a folder for the state; `allowed_hosts` may be called beside loopback."""
        self.state = State(clock)
        self.pace = pace or Pace()
        self.allowed_hosts = set(allowed_hosts)
        self._deliverer = Deliverer(self.state, self.pace)
        self._courier = Courier(self._deliverer.deliver, PUSH_THREADS)
        self._storage = Storage(self.state, storage) if storage else None
        if self._storage:
            self._storage.open()

    def __enter__(self) -> Platform:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop pushes and long polls and save the state; may be called twice."""
        if self.state.stopping.is_set():
            return
        self.state.stopping.set()
        with self.state.changed:
            self.state.changed.notify_all()
        self._courier.stop()
        if self._storage:
            self._storage.close()

    def register_account(self, account: Account) -> Account:
        """Add the account, or change the one with the same original id."""
        with self.state.changed:
            for other in self.state.accounts.values():
                if other.app_id == account.app_id and other.original_id != account.original_id:
                    raise BadInputError("app_id", "belongs to another account")
            self.state.accounts[account.original_id] = account
            self.state.touch()
            return account

    def verify_webhook(self, original_id: str) -> tuple[bool, str]:
        """WeChat's GET check of the account's webhook URL: whether it passed, and why not."""
        account = self.state.account(original_id)
        return self._deliverer.verify(account, str(secrets.randbelow(9 * 10**18) + 10**18))

    def add_customer(
        self,
        original_id: str,
        *,
        openid: str | None = None,
        name: str | None = None,
        is_following: bool = True,
    ) -> Customer:
        """A customer who followed some time ago (nothing is pushed); known openids are kept."""
        account = self.state.account(original_id)
        with self.state.changed:
            number = 1 + len(self.state.customers)
            openid = openid or new_openid()
            name = name or f"微信用户{number}"
            return self.state.add_customer(
                Customer(openid, account.original_id, name, is_following=is_following)
            )

    def write(self, openid: str, text: str) -> tuple[Bubble, Parcel]:
        """The customer writes a text."""
        return self.send_raw(openid, "text", {"Content": text})

    def happen(
        self, openid: str, event: str, fields: Mapping[str, object]
    ) -> tuple[Bubble, Parcel]:
        """The customer follows, leaves, scans, taps a menu, or anything else that is an event."""
        return self.send_raw(openid, "event", {"Event": event, **fields})

    def send_raw(
        self, openid: str, msg_type: str, fields: Mapping[str, object]
    ) -> tuple[Bubble, Parcel]:
        """A push of any type; the reply window moves as the type and the fields say."""
        with self.state.changed:
            customer = self.state.customer(openid)
            if msg_type == "event":
                text = _event_text(fields)
                _happen(self.state, customer, str(fields.get("Event", "")).lower())
            else:
                text = str(fields.get("Content", ""))
                _wrote(self.state, customer, is_menu_tap=MENU_TAP in fields)
            push = self.state.add_push(customer, {"MsgType": msg_type, **fields}, text)
            bubble = customer.bubbles[push.bubble_id]
            return bubble, self._courier.send(push)

    def redeliver(self, openid: str, message_id: str) -> tuple[Bubble, Parcel]:
        """The same push again; `message_id` is a bubble's id or a MsgId."""
        with self.state.changed:
            customer = self.state.customer(openid)
            for bubble in customer.bubbles.values():
                if bubble.push and message_id in (str(bubble.id), bubble.msg_id):
                    return bubble, self._courier.send(push_of(customer, bubble))
        raise BadInputError("message_id", "nothing with it was sent to the desk")

    def find_bubble(self, openid: str, bubble_id: int) -> Bubble | None:
        """The bubble as it is now; None when it fell off a full phone."""
        with self.state.changed:
            return self.state.customer(openid).bubbles.get(bubble_id)

    def changes(self, openid: str, since: int, wait_seconds: float) -> Changes:
        """What changed on a phone after `since`, waiting for the first change."""
        customer = self.state.customer(openid)
        with self.state.changed:
            since = self._known(since)
            self.state.changed.wait_for(
                lambda: customer.version > since or self.state.stopping.is_set(), wait_seconds
            )
            bubbles = [b for b in customer.bubbles.values() if b.version > since]
            return Changes(max(since, customer.version), customer, bubbles)

    def wait_for_any_change(self, since: int, wait_seconds: float) -> int:
        """Wait until anything changed after `since`; the version now."""
        with self.state.changed:
            since = self._known(since)
            self.state.changed.wait_for(
                lambda: self.state.version > since or self.state.stopping.is_set(), wait_seconds
            )
            return self.state.version

    def _known(self, since: int) -> int:
        """A version from before a restart without storage means "from the start"."""
        return since if since <= self.state.version else 0


def _wrote(state: State, customer: Customer, *, is_menu_tap: bool) -> None:
    if not customer.is_following:
        raise BadInputError("openid", "does not follow the account, so can't write to it")
    now = state.clock()
    window = customer.window
    customer.window = window.after_event(now) if is_menu_tap else window.after_message(now)


def _happen(state: State, customer: Customer, event: str) -> None:
    if event == "subscribe":
        customer.is_following = True
    if event == "unsubscribe":
        customer.is_following, customer.window = False, CLOSED
    if event in OPENING_EVENTS:
        customer.window = customer.window.after_event(state.clock())


def _event_text(fields: Mapping[str, object]) -> str:
    return f"{fields.get('Event', '')} {fields.get('EventKey', '')}".strip()
