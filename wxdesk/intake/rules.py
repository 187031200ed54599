"""How a drain divides its batch among the streams, and what a push means for its customer. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from wxdesk.contacts.rules import Act
from wxdesk.satisfaction.rules import Tap, read_choice
from wxdesk.triage.rules import Outcome

BATCH = 1000
LEAST_SHARE = 50  # of a batch, for each stream that waits: strict order alone would starve bulk
MOST_ATTEMPTS = 3
TEXT_FIELDS = ("Content", "Label", "Title", "Recognition")
FOLLOW, UNFOLLOW = "subscribe", "unsubscribe"
ACT_OF_EVENT = {
    FOLLOW: Act.FOLLOW,
    "scan": Act.SCAN,
    "click": Act.CLICK,
    "scancode_push": Act.CLICK,
    "scancode_waitmsg": Act.CLICK,
}
QR_PREFIX = "qrscene_"
REPORTS = ("templatesendjob", "masssendjob", "publishjob", "subscribe_msg_", "user_authoriz", "kf_")


@dataclass(frozen=True, slots=True)
class AutoAnswer:
    """The rule's answer that went out in the webhook's own HTTP answer.

    `outcome` is which of its replies it was. A silent one has the kind "" and a `reason` to be set
    aside with, or is `later` decided: what may be said then, by outcome. `code` is the prize code
    that was given with it. `passes_on`: the message is for a person all the same.
    """

    rule_id: int
    rule_version: int
    matched: str
    text: str
    kind: str = "text"
    fields: dict[str, Any] | None = None
    media_id: str = ""
    attachment_id: int | None = None
    outcome: str = Outcome.DEFAULT.value
    campaign_id: int | None = None
    code: str = ""
    passes_on: bool = False
    reason: str = ""
    later: dict[str, Any] | None = None

    @property
    def is_silent(self) -> bool:
        return not self.kind

    @property
    def is_entry(self) -> bool:
        """Somebody entered a campaign by it."""
        return self.outcome == Outcome.ENTERED and self.campaign_id is not None


@dataclass(frozen=True, slots=True)
class HeldAnswer:
    """People's answers that waited for this push, and went out in its HTTP answer."""

    delivery_ids: tuple[int, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One accepted push as it lies in a stream.

    `is_rating`: it says how the service was, and nothing that people must answer; `comments_on` is
    the rating whose reason it gives (intake/ratings.py).
    """

    account_id: int
    openid: str
    once_key: str
    kind: str
    event: str
    msg_id: str
    text: str
    fields: dict[str, Any] | None
    created_at: datetime
    received_at: datetime
    answer: AutoAnswer | None
    held: HeldAnswer | None = None
    is_rating: bool = False
    comments_on: int | None = None

    @property
    def is_event(self) -> bool:
        return self.kind == "event"

    @property
    def is_for_person(self) -> bool:
        is_kept = self.answer is not None and not self.answer.passes_on
        return not self.is_event and not is_kept and not self.is_rating

    @property
    def is_menu_tap(self) -> bool:
        """A tap on a choice of a menu message arrives as text (docs/wechat.md#reply-window)."""
        return bool(self.fields and self.fields.get("bizmsgmenuid"))

    @property
    def rating_tap(self) -> Tap | None:
        """What was tapped of a satisfaction question of ours; None for everything else."""
        return read_choice((self.fields or {}).get("bizmsgmenuid"))

    @property
    def act(self) -> Act | None:
        """What this lets us do (docs/wechat.md#reply-window); None for events that open nothing."""
        if self.is_event:
            return ACT_OF_EVENT.get(self.event.lower())
        return Act.CLICK if self.is_menu_tap else Act.MESSAGE

    @property
    def is_by_customer(self) -> bool:
        """WeChat also pushes reports of its own in a customer's name."""
        return not self.is_event or not self.event.lower().startswith(REPORTS)

    @property
    def qr_scene(self) -> str:
        """The scene of the QR code that was scanned, "" for none."""
        event = self.event.lower()
        key = (self.fields or {}).get("EventKey", "")
        if not isinstance(key, str) or event not in (FOLLOW, "scan"):
            return ""
        return key.removeprefix(QR_PREFIX)[:64] if event == "scan" or QR_PREFIX in key else ""


def shares(waiting: Sequence[int], batch: int = BATCH) -> list[int]:
    """How many entries to take from each stream, the most urgent first; sums to `batch` at most.

    Each stream that waits gets a least share; the rest goes by strict order.
    """
    least = min(LEAST_SHARE, batch // max(1, len(waiting)))
    taken = [min(count, least) for count in waiting]
    left = batch - sum(taken)
    for index, count in enumerate(waiting):
        more = min(left, count - taken[index])
        taken[index] += more
        left -= more
    return taken


def summary(fields: Mapping[str, Any]) -> str:
    """The words of a message of any kind, for the thread and the list."""
    for name in TEXT_FIELDS:
        value = fields.get(name)
        if isinstance(value, str) and value.strip():
            return value
    return ""
