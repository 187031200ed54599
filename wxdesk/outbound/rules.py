"""States of a delivery, and what follows from WeChat's answer. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from wxdesk.wechat.error_codes import Action
from wxdesk.words import say

GIVEN_UP_AFTER = timedelta(seconds=150)  # longer than the job that sends may take
LONGEST_WAIT = timedelta(hours=48)  # no reply window is longer
LONGEST_OWN_WAIT = timedelta(minutes=30)  # what the desk itself asks is out of place later
LONGEST_HELD = timedelta(days=30)
LONGEST_UNDO = timedelta(seconds=10)
MOST_ATTEMPTS = 6
ACCOUNT_PAUSE = timedelta(minutes=1)
MOST_ACCOUNT_ATTEMPTS = 30
NO_MESSAGES = "48001"  # as WeChat says it
NO_RIGHT = "unverified"  # as we know it, without asking
KEPT = "kept"  # what is left of the window is for people


class Delivery(StrEnum):
    """`held` waits for the customer's next message; `withdrawn` was taken back before it left."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNCONFIRMED = "unconfirmed"
    HELD = "held"
    WITHDRAWN = "withdrawn"


class Via(StrEnum):
    """How an answer leaves: WeChat's message API, the answer to a push, or a template."""

    CUSTOMER_SERVICE = "customer_service"
    PASSIVE = "passive"
    TEMPLATE = "template"


@dataclass(frozen=True, slots=True)
class Refusal:
    """What WeChat answered instead of accepting; `action` is None for unknown codes of our own.

    `lacks_messages`: the account may not send customer-service messages at all.
    """

    code: str
    action: Action | None
    is_permanent: bool
    is_ambiguous: bool
    retry_at: datetime | None = None
    is_uncounted: bool = False
    lacks_messages: bool = False


@dataclass(frozen=True, slots=True)
class NextStep:
    """The state that a delivery takes on; `at` is when a queued one is tried again."""

    state: Delivery
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sending:
    """What is known of the message: `is_text` can wait for a push, `may_wait` was asked to.

    `patience` is how long after `queued_at` it may be tried.
    """

    attempts: int
    queued_at: datetime
    is_text: bool = True
    may_wait: bool = False
    patience: timedelta = LONGEST_WAIT


def next_step(refusal: Refusal, sending: Sending, now: datetime) -> NextStep:
    """What becomes of a message that WeChat did not accept, after so many attempts.

    Nothing is sent again that may have arrived, and nothing waits longer than a window is open.
    """
    if refusal.is_ambiguous:
        return NextStep(Delivery.UNCONFIRMED)
    if refusal.lacks_messages:
        return NextStep(Delivery.HELD if sending.is_text else Delivery.FAILED)
    is_shut = refusal.action in (Action.CLOSE_WINDOW, Action.SPEND_WINDOW)
    if is_shut or refusal.code == KEPT:
        return NextStep(Delivery.HELD if sending.may_wait else Delivery.FAILED)
    at = _next_attempt(refusal, sending.attempts, now)
    if at is None or max(at, now) - sending.queued_at > sending.patience:
        return NextStep(Delivery.FAILED)
    return NextStep(Delivery.QUEUED, at)


def next_attempt_after(attempts: int) -> timedelta | None:
    """1, 2, 4, 8, 16 seconds after each failed attempt; None when there is no further one."""
    if attempts >= MOST_ATTEMPTS:
        return None
    return timedelta(seconds=2 ** (attempts - 1))


def _next_attempt(refusal: Refusal, attempts: int, now: datetime) -> datetime | None:
    if (
        refusal.action is Action.ACCOUNT and refusal.code != NO_MESSAGES
    ):  # an admin can mend it; until then nothing is lost
        return now + ACCOUNT_PAUSE if attempts < MOST_ACCOUNT_ATTEMPTS else None
    if refusal.is_permanent and refusal.action is not Action.UPLOAD_AGAIN:
        return None
    if refusal.retry_at is not None and refusal.is_uncounted:
        return max(refusal.retry_at, now)
    pause = next_attempt_after(attempts)
    return max(refusal.retry_at or now, now + pause) if pause else None


def text_problem(text: str) -> str | None:
    """A sentence when there is nothing to send."""
    return None if text.strip() else say("the answer is empty")
