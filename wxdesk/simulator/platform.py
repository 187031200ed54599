"""The simulated WeChat as a whole: accounts register, customers act, desks are pushed to."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from wxdesk.plumbing.clock import Clock, utc_now
from wxdesk.simulator.consequences import happened, wrote
from wxdesk.simulator.courier import Courier, Parcel
from wxdesk.simulator.delivery import Deliverer, Pace
from wxdesk.simulator.errors import BadInputError
from wxdesk.simulator.media import MediaBook
from wxdesk.simulator.pushes import Push
from wxdesk.simulator.records import Account, Bubble, Customer
from wxdesk.simulator.shown import as_json
from wxdesk.simulator.state import State, new_openid, push_of
from wxdesk.simulator.storage import Storage, media_folder

PUSH_THREADS = 32
MOST_HELD = 1000
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
        self.state = State(clock, MediaBook(media_folder(storage) if storage else None))
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
        self.state.media.close()

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
            since = self.state.clock() if is_following else None
            return self.state.add_customer(
                Customer(
                    openid,
                    account.original_id,
                    name,
                    is_following=is_following,
                    subscribed_at=since,
                )
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
                happened(self.state, customer, fields)
            else:
                wrote(self.state, customer, is_menu_tap=MENU_TAP in fields)
            push = self.state.add_push(customer, {"MsgType": msg_type, **fields})
            if customer.is_blacklisted:
                self.state.block_push(push)
                parcel = _finished(push)
            else:
                parcel = self._send(push)
            return customer.bubbles[push.bubble_id], parcel

    def report(self, openid: str, event: str, fields: Mapping[str, object]) -> Parcel:
        """An event about a customer that WeChat makes, e.g. how a template message ended."""
        with self.state.changed:
            customer = self.state.customer(openid)
            fields = {"MsgType": "event", "Event": event, **fields}
            return self._send(self.state.add_push(customer, fields))

    def notify(self, original_id: str, event: str, fields: Mapping[str, object]) -> Parcel:
        """An event that comes from WeChat itself, not from a customer, e.g. the end of a job."""
        account = self.state.account(original_id)
        sender = system_openid(original_id)
        common = {"ToUserName": original_id, "FromUserName": sender}
        stamp = {"CreateTime": int(self.state.clock().timestamp())}
        plain = as_json({**common, **stamp, "MsgType": "event", "Event": event, **fields})
        return self._courier.send(Push(account.original_id, sender, 0, "", plain, event))

    def redeliver(
        self, openid: str, message_id: str, times: int = 1, *, at_once: bool = False
    ) -> tuple[Bubble, Parcel]:
        """The same push again, one after the other or all at the same time.

        `message_id` is a bubble's id or a MsgId; the parcel is that of the last one.
        """
        with self.state.changed:
            customer = self.state.customer(openid)
            for bubble in customer.bubbles.values():
                if bubble.push and message_id in (str(bubble.id), bubble.msg_id):
                    push = push_of(customer, bubble)
                    lines = [f"{openid}#{n}" if at_once else "" for n in range(times)]
                    return bubble, [self._courier.send(push, line) for line in lines][-1]
        raise BadInputError("message_id", "nothing with it was sent to the desk")

    def grant(self, openid: str, template_id: str, times: int) -> tuple[Bubble, Parcel]:
        """The customer allows that many notices of a template; 0 refuses, and takes all back."""
        status = "accept" if times else "reject"
        with self.state.changed:
            customer = self.state.customer(openid)
            book = self.state.book(customer.original_id)
            if all(each.template_id != template_id for each in book.subscribe_templates):
                raise BadInputError("template_id", "the account has no such subscribe template")
            known = customer.grants.get(template_id, 0)
            customer.grants[template_id] = known + times if times else 0
        part = {"TemplateId": template_id, "SubscribeStatusString": status, "PopupScene": "2"}
        fields = {"SubscribeMsgPopupEvent": {"List": [part]}}
        return self.happen(openid, "subscribe_msg_popup_event", fields)

    def held(self, openid: str) -> list[int]:
        """The bubbles whose pushes are held back, in the order in which they were made."""
        with self.state.changed:
            return [push.bubble_id for push in self.state.held.get(openid, [])]

    def touch_all(self) -> None:
        """Wake every reader and show every phone anew, e.g. when the clock was moved."""
        with self.state.changed:
            for customer in sorted(self.state.customers.values(), key=lambda c: c.version):
                self.state.touch(customer)
            self.state.touch()

    def hold(self, openid: str) -> None:
        """Keep this customer's pushes back from now on, until `release`."""
        with self.state.changed:
            customer = self.state.customer(openid)
            self.state.held.setdefault(openid, [])
            self.state.touch(customer)

    def release(self, openid: str, order: Sequence[int]) -> list[Parcel]:
        """Send what was held back: these bubbles first and in this order, then the others."""
        with self.state.changed:
            waiting = {push.bubble_id: push for push in self.state.held.get(openid, [])}
            unknown = [number for number in order if number not in waiting]
            if unknown:
                raise BadInputError("order", f"{unknown[0]} is not held back")
            if self.state.held.pop(openid, None) is not None:
                self.state.touch(self.state.customer(openid))
            wanted = [*dict.fromkeys(order), *(n for n in waiting if n not in order)]
            return [self._courier.send(waiting[number]) for number in wanted]

    def _send(self, push: Push) -> Parcel:
        held = self.state.held.get(push.openid)
        if held is None:
            return self._courier.send(push)
        if len(held) >= MOST_HELD:
            raise BadInputError("openid", f"{MOST_HELD} pushes are held back already")
        held.append(push)
        return _finished(push)

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


def _finished(push: Push) -> Parcel:
    parcel = Parcel(push)
    parcel.finish()
    return parcel


def system_openid(original_id: str) -> str:
    """The sender of an account's own events: the person who owns it."""
    digest = hashlib.sha256(original_id.encode()).digest()
    return "o" + base64.urlsafe_b64encode(digest).decode()[:27]
