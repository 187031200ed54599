"""Broadcasts: what WeChat lets an account send to many, and how often. Pure.

Sources: docs/wechat.md (templates, mass sends).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from wxdesk.accounts.rules import FIELD, AccountType, Capability
from wxdesk.wechat.limits import MassKind
from wxdesk.words import say

WECHAT_ZONE = ZoneInfo("Asia/Shanghai")  # WeChat's days and months begin at midnight in Beijing
MASS_A_MONTH = 4
MASS_A_DAY = 1
MASS_CALLS_A_DAY = 100
TEMPLATES_A_DAY = 100_000
LONGEST_NAME = 80
LONGEST_MASS_BYTES = 2047
LONGEST_VALUE = 200
FURTHEST = timedelta(days=90)
SLOWEST, FASTEST = 1, 3_000
COLLECT_BATCH = 1_000
QUEUE_BATCH = 50
BURST = timedelta(seconds=5)
LEAST_ON_THE_WAY = 20
MOST_ASKS = 6
ASK_WITHIN = timedelta(hours=23)  # WeChat knows a clientmsgid for 24 hours
FIRST_ASK = timedelta(seconds=70)  # sooner than a minute it answers 45066
CLAIM_LASTS = timedelta(seconds=150)
FIRST_LOOK = timedelta(minutes=10)
LOOK_AGAIN = timedelta(hours=1)
LAST_LOOK = timedelta(hours=24)
MARKETING = re.compile(
    "优惠|折扣|打折|特价|促销|抢购|秒杀|红包|优惠券|限时|大促|满减|返现|免费领|中奖|抽奖"
    r"|\b(?:discount|sale|coupon|promo\w*|special offer)\b",
    re.IGNORECASE,
)


class BroadcastKind(StrEnum):
    """One template message a person; one subscription notice a person; one mass send by WeChat."""

    TEMPLATE = "template"
    SUBSCRIPTION = "subscription"
    MASS = "mass"


class BroadcastState(StrEnum):
    """`collecting`: people are being listed; `sending` of a mass send: until WeChat tells its end.

    `unconfirmed`: a mass send whose answer was lost.
    """

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    COLLECTING = "collecting"
    SENDING = "sending"
    PAUSED = "paused"
    DONE = "done"
    FAILED = "failed"
    UNCONFIRMED = "unconfirmed"
    CANCELLED = "cancelled"


class TargetState(StrEnum):
    """What became of one person's template message or notice; `failed` with WeChat's reason.

    `delivered`: WeChat told that it arrived; `left_out`: not to be sent any more.
    """

    LISTED = "listed"
    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    UNCONFIRMED = "unconfirmed"
    LEFT_OUT = "left_out"


BEFORE_SENDING = (BroadcastState.DRAFT, BroadcastState.SCHEDULED)
ENDED = (BroadcastState.DONE, BroadcastState.FAILED, BroadcastState.CANCELLED)
NEEDED = {
    BroadcastKind.TEMPLATE: Capability.TEMPLATES,
    BroadcastKind.SUBSCRIPTION: Capability.SUBSCRIPTIONS,
    BroadcastKind.MASS: Capability.MASS,
}
MISSING = {
    BroadcastKind.TEMPLATE: say("template messages need a verified service account"),
    BroadcastKind.SUBSCRIPTION: say("subscription notices need a verified account"),
    BroadcastKind.MASS: say("mass sends need a verified account"),
}
FAILURES = {  # the number in err(…) of MASSSENDJOBFINISH
    10001: say("WeChat takes it for advertising"),
    20001: say("WeChat takes it for political content"),
    20002: say("WeChat takes it for pornography"),
    20004: say("WeChat takes it for a danger to society"),
    20006: say("WeChat takes it for a crime"),
    20008: say("WeChat takes it for fraud"),
    20013: say("WeChat sees a breach of copyright"),
    21000: say("WeChat refused the content"),
    22000: say("WeChat takes it for mutual promotion"),
    30001: say("the check for original content failed"),
    30002: say("the check for original content does not allow it"),
    30003: say("the article was taken for a reprint"),
    40001: say("the administrator refused it"),
    40002: say("the administrator did not answer within 30 minutes"),
}
PLACE_OF_REMARK = re.compile(r"\{\{\s*remark\s*(?:\|([^{}]*))?\}\}")
OTHER_PLACE = re.compile(r"\{\{\s*(?!remark\s*[|}])[^{}]*\}\}")
NOTHING = "–"  # WeChat takes no empty value
ERR = re.compile(r"err\((\d{1,9})\)")


@dataclass(frozen=True, slots=True)
class Content:
    """What is sent. A mass send: `mass_kind` with text, file or article; else a template's values.

    `media_id` is WeChat's id of an article in the draft box, `title` what lists show of it. A
    template's `layout` is its text with places, as it was when this was written.
    """

    mass_kind: MassKind = MassKind.TEXT
    text: str = ""
    attachment_id: int | None = None
    media_id: str = ""
    title: str = ""
    template_id: str = ""
    layout: str = ""
    data: Mapping[str, str] = field(default_factory=dict)
    url: str = ""


@dataclass(frozen=True, slots=True)
class Audience:
    """Everybody who follows the account, or those of them with a tag."""

    tag_id: int | None = None

    @property
    def is_to_all(self) -> bool:
        return self.tag_id is None


@dataclass(frozen=True, slots=True)
class Limit:
    """One of WeChat's limits: how much of it is used on the day of the sending."""

    used: int
    most: int

    @property
    def left(self) -> int:
        return max(0, self.most - self.used)


@dataclass(frozen=True, slots=True)
class Counted:
    """A dry run: whom it would reach.

    `left`: by the number of mass sends that a person may still get this month, how many people;
    empty where no such limit holds. `wechat_count`: how many WeChat itself counts with the tag.
    """

    people: int
    blacklisted: int = 0
    unfollowed: int = 0
    left: Mapping[int, int] = field(default_factory=dict)
    wechat_count: int | None = None

    @property
    def exhausted(self) -> int:
        """People whom WeChat will leave out: they had four mass sends this month."""
        return self.left.get(0, 0)

    @property
    def reached(self) -> int:
        return self.people - self.exhausted


def day_of(at: datetime) -> tuple[datetime, datetime]:
    """Begin and end (UTC) of WeChat's day."""
    begin = at.astimezone(WECHAT_ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    return begin.astimezone(UTC), (begin + timedelta(days=1)).astimezone(UTC)


def month_of(at: datetime) -> tuple[datetime, datetime]:
    """Begin and end (UTC) of WeChat's month."""
    begin = at.astimezone(WECHAT_ZONE).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    after = (begin + timedelta(days=32)).replace(day=1)
    return begin.astimezone(UTC), after.astimezone(UTC)


def mass_limit(account_type: AccountType) -> int:
    """Mass sends a day: calls of a service account, sends of a subscription account."""
    return MASS_CALLS_A_DAY if account_type is AccountType.SERVICE else MASS_A_DAY


def looks_like_marketing(content: Content) -> bool:
    """A hint for a person, no judgement: WeChat bans accounts that advertise in templates."""
    return any(MARKETING.search(text) for text in (*content.data.values(), content.title))


def filled(value: str, remark: str) -> str:
    """With the customer's remark in place of {{remark}}, or what stands behind its bar."""
    text = PLACE_OF_REMARK.sub(lambda found: remark or (found[1] or "").strip(), value)
    return text.strip() or NOTHING


def lines_of(content: Content, data: Mapping[str, str]) -> list[str]:
    """What a person reads of a template with these values, line by line."""
    text = FIELD.sub(lambda place: data.get(place[1], ""), content.layout)
    return [content.title, *(line for line in text.splitlines() if line.strip())]


def failure_of(status: str) -> str | None:
    """Why WeChat ended a mass send badly, as its event says; None when it ended well."""
    if status.strip().lower() in ("send success", "send_success"):
        return None
    found = ERR.search(status)
    reason = FAILURES.get(int(found[1])) if found else None
    return reason or say("WeChat did not send it (%(why)s)", why=status[:60] or "?")


def pause_before_ask(attempts: int) -> timedelta:
    """70 s, then twice as long each time."""
    return FIRST_ASK * (1 << max(0, attempts - 1))


def most_on_the_way(per_minute: int) -> int:
    """So few wait to leave that a pause takes all of them back in one transaction."""
    return max(LEAST_ON_THE_WAY, int(per_minute * BURST.total_seconds() / 60))


def due_now(sent_to_at: datetime, per_minute: int, now: datetime) -> tuple[int, datetime]:
    """How many messages may be queued now, and the position of the rate after them.

    What was missed in more than five seconds before the last one is not caught up.
    """
    step = timedelta(seconds=60 / per_minute)
    begin = max(sent_to_at, now - BURST - step)
    count = int((now - begin) / step)
    return count, begin + count * step
