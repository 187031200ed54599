"""Which message is how urgent, and whether a rule may answer it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from wxdesk.words import say

MOST_PATTERNS = 500
LONGEST_PATTERN = 200
LONGEST_REPLY_BYTES = 2047
ANSWERS_ENDED_FOR = timedelta(days=7)


class Trigger(StrEnum):
    """What a rule answers to. `waiting` looks at the clock, all others at a push."""

    TEXT = "text"
    FOLLOW = "follow"
    SCAN = "scan"
    MENU_CLICK = "menu_click"
    MENU_TAP = "menu_tap"
    FIRST_MESSAGE = "first_message"
    OUT_OF_HOURS = "out_of_hours"
    NOBODY_ONLINE = "nobody_online"
    WAITING = "waiting"


class Match(StrEnum):
    """How a line of the patterns is compared; words of a line are divided by spaces."""

    EXACT = "exact"
    CONTAINS = "contains"
    ALL_WORDS = "all_words"
    ANY_WORDS = "any_words"
    REGEX = "regex"


class Outcome(StrEnum):
    """Which of a rule's replies somebody got; all but the first two are of campaigns.

    `pending`: nothing was said yet, the drain decides and sends (campaigns/entering.py).
    """

    DEFAULT = "default"
    LIMIT = "limit"
    ENTERED = "entered"
    ALREADY = "already"
    NOT_STARTED = "not_started"
    ENDED = "ended"
    SOLD_OUT = "sold_out"
    PENDING = "pending"


class WhenOver(StrEnum):
    """What happens to a message once a rule's limit is reached."""

    PERSON = "person"
    QUIET = "quiet"
    REPLY = "reply"


class DryRunState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Newness(StrEnum):
    ANY = "any"
    NEW = "new"
    RETURNING = "returning"


class ReplyKind(StrEnum):
    """What a rule answers with; the values are WeChat's message types."""

    TEXT = "text"
    IMAGE = "image"
    VOICE = "voice"
    VIDEO = "video"
    NEWS = "news"
    MINI_PROGRAM = "miniprogrampage"
    MENU = "msgmenu"


NOTICES = frozenset(
    {Trigger.FIRST_MESSAGE, Trigger.OUT_OF_HOURS, Trigger.NOBODY_ONLINE, Trigger.WAITING}
)
WITH_PATTERNS = frozenset({Trigger.TEXT, Trigger.SCAN, Trigger.MENU_CLICK, Trigger.MENU_TAP})
PASSIVE_WITH_FILE = frozenset({ReplyKind.IMAGE, ReplyKind.VOICE, ReplyKind.VIDEO})


class Urgency(StrEnum):
    """The intake streams, the most urgent first."""

    URGENT = "urgent"
    DIRECT = "direct"
    ROUTINE = "routine"
    BULK = "bulk"


@dataclass(frozen=True, slots=True)
class Reply:
    """What a rule answers; `fields` as in outbound/contents.py.

    `media_id` is the upload of its file, which WeChat keeps until `good_until`.
    """

    text: str
    kind: ReplyKind = ReplyKind.TEXT
    fields: dict[str, Any] | None = None
    attachment_id: int | None = None
    media_id: str = ""
    good_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Variant:
    """One of several replies of an outcome; chosen at random in proportion to `weight`."""

    weight: int
    reply: Reply


@dataclass(frozen=True, slots=True)
class MoreReply:
    """A further reply of a rule, as it is stored: another variant, or one of another outcome."""

    outcome: Outcome
    weight: int
    text: str
    kind: ReplyKind = ReplyKind.TEXT
    fields: dict[str, Any] | None = None
    attachment_id: int | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """How often a rule answers; None means no such limit.

    `per_person` answers in `per_person_seconds` (None: ever); `total` ever, over all versions.
    """

    per_person: int | None = None
    per_person_seconds: int | None = None
    total: int | None = None
    per_minute: int | None = None
    when_over: WhenOver = WhenOver.PERSON


@dataclass(frozen=True, slots=True)
class CampaignGate:
    """What decides whether somebody enters; the instants are UTC."""

    campaign_id: int
    starts_at: datetime
    ends_at: datetime | None
    is_paused: bool
    entries_per_person: int
    total_entries: int | None
    has_codes: bool


@dataclass(frozen=True, slots=True)
class Conditions:
    """When a rule may answer at all; empty ones always hold. Hours and days are of the desk's zone.

    `weekdays` 1 (Monday) to 7; `minutes_from` and `minutes_until` since midnight, past it when
    until is smaller. The last three need the customer's row.
    """

    starts_at: datetime | None = None
    ends_at: datetime | None = None
    weekdays: tuple[int, ...] = ()
    minutes_from: int | None = None
    minutes_until: int | None = None
    contact_tag_ids: tuple[int, ...] = ()
    newness: Newness = Newness.ANY
    qr_scenes: tuple[str, ...] = ()

    @property
    def needs_customer(self) -> bool:
        return bool(self.contact_tag_ids or self.qr_scenes) or self.newness is not Newness.ANY


NO_LIMITS = Limits()
NO_CONDITIONS = Conditions()


@dataclass(frozen=True, slots=True)
class Heard:
    """One push as rules see it: a text, or an event with its key; `menu_id` of a msgmenu tap."""

    at: datetime
    openid: str
    text: str = ""
    event: str = ""
    event_key: str = ""
    menu_id: str = ""

    @property
    def is_event(self) -> bool:
        return bool(self.event)


@dataclass(frozen=True, slots=True)
class CustomerFacts:
    """What conditions and variables need of a customer. `is_new`: never wrote before."""

    contact_id: int | None = None
    remark: str = ""
    tag_ids: frozenset[int] = frozenset()
    qr_scene: str = ""
    is_new: bool = True


@dataclass(frozen=True, slots=True)
class Moment:
    """The desk of an account just now, at most two seconds old; None for what is not known."""

    is_open: bool = True
    is_anybody_online: bool = True
    waiting: int = 0
    expected_wait_seconds: int | None = None


NOTHING_KNOWN = Moment()


@dataclass(frozen=True, slots=True)
class Hit:
    """The rule that answers a message, the pattern that it matched, and all it may say.

    `passes_on`: the message goes to a person all the same. `answers_attended`: it speaks even
    while a person is in the conversation. `customer` is what was asked for to find it, if anything.
    """

    rule_id: int
    version: int
    priority: int
    reply: Reply
    matched: str
    replies: Mapping[Outcome, tuple[Variant, ...]] = field(default_factory=dict)
    limits: Limits | None = None
    campaign: CampaignGate | None = None
    passes_on: bool = False
    answers_attended: bool = False
    trigger: Trigger = Trigger.TEXT
    customer: CustomerFacts | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Into which stream a message goes, and whether the rule's answer goes out."""

    urgency: Urgency
    is_auto_answered: bool


def judge(
    *,
    is_event: bool,
    has_hit: bool,
    is_attended: bool,
    is_overdue: bool,
    passes_on: bool = False,
    answers_attended: bool = False,
) -> Verdict:
    """Decide about one message by what is known of its customer, and of the rule that it hit.

    A rule speaks while a person is in the conversation only where it was told to. A campaign
    keyword is bulk; a question is direct, and so is what a rule answers and passes on; a customer
    who waits past a broken promise is urgent; events are routine.
    """
    is_answered = has_hit and (answers_attended or not is_attended)
    if is_event:
        return Verdict(Urgency.ROUTINE, is_auto_answered=is_answered)
    if is_answered and not passes_on:
        return Verdict(Urgency.BULK, is_auto_answered=True)
    return Verdict(Urgency.URGENT if is_overdue else Urgency.DIRECT, is_auto_answered=is_answered)


def default_passes_on(trigger: Trigger) -> bool:
    """Whether what such a rule answers is still for a person, if its author says nothing else."""
    return trigger in NOTICES


SUGGESTED_LIMITS = {
    Trigger.FIRST_MESSAGE: Limits(per_person=1),
    Trigger.OUT_OF_HOURS: Limits(per_person=1, per_person_seconds=8 * 3600),
    Trigger.NOBODY_ONLINE: Limits(per_person=1, per_person_seconds=3600),
}


def split_patterns(patterns: str) -> list[str]:
    """One pattern a line; empty lines and doubles are left out."""
    return list(dict.fromkeys(line.strip() for line in patterns.splitlines() if line.strip()))


def reply_problem(reply_text: str) -> str | None:
    """A sentence when WeChat would not take the answer (docs/wechat.md#text-length)."""
    if not reply_text.strip():
        return say("the reply is empty")
    size = len(reply_text.encode())
    if size > LONGEST_REPLY_BYTES:
        return say(
            "the reply has %(size)d bytes; WeChat takes %(most)d",
            size=size,
            most=LONGEST_REPLY_BYTES,
        )
    return None
