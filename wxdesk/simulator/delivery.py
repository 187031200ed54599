"""Deliver one push as WeChat does: five seconds for an answer, three deliveries in all."""

from __future__ import annotations

import time
from dataclasses import dataclass

from wxdesk.simulator.answers import Answer, Kind, judge
from wxdesk.simulator.pushes import Push, body_of, content_type, push_url, verification_url
from wxdesk.simulator.records import Account, Delivery
from wxdesk.simulator.state import State
from wxdesk.simulator.transport import NoAnswerError, Response, exchange

MOST_DELIVERIES = 3
ANSWERED_EVENTS = frozenset(
    {
        *("subscribe", "scan", "click", "scancode_push", "scancode_waitmsg", "location_select"),
        *("pic_sysphoto", "pic_photo_or_album", "pic_weixin"),
    }
)


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds for an answer, and from the start of one delivery to the start of the next."""

    answer_seconds: float = 5.0
    redelivery_seconds: float = 5.0

    @property
    def longest_seconds(self) -> float:
        """Longer than any push can take."""
        return MOST_DELIVERIES * (self.answer_seconds + self.redelivery_seconds) + 5


class Deliverer:
    """Carries pushes to the webhook that the account has at the time."""

    def __init__(self, state: State, pace: Pace) -> None:
        self._state = state
        self._pace = pace

    def deliver(self, push: Push) -> None:
        """Deliver, redeliver if need be, and show on the phone how it ended."""
        account = self._state.account_for_push(push.original_id)
        body, encrypted = body_of(push, account)
        answer = Answer(Kind.INTERRUPTED)
        for attempt in range(1, MOST_DELIVERIES + 1):
            started = time.monotonic()
            stamp = int(self._state.clock().timestamp())
            url = push_url(account, push.openid, encrypted, stamp)
            answer = self._post(account, push.openid, url, body)
            self._record(push, attempt, answer, time.monotonic() - started)
            if not answer.is_sent_again or attempt == MOST_DELIVERIES:
                break
            left = started + self._pace.redelivery_seconds - time.monotonic()
            if self._state.stopping.wait(max(0.0, left)):
                answer = Answer(Kind.INTERRUPTED)
                break
        self._state.finish_push(push, answer, may_be_answered=may_be_answered(push))

    def verify(self, account: Account, echo: str) -> tuple[bool, str]:
        """WeChat's check of a webhook URL: whether it echoed, and what went wrong."""
        url = verification_url(account, echo, int(self._state.clock().timestamp()))
        try:
            response = exchange(url, None, self._pace.answer_seconds)
        except NoAnswerError as error:
            return False, str(error)
        return _verdict(response, echo)

    def _post(self, account: Account, openid: str, url: str, body: bytes) -> Answer:
        try:
            response = exchange(url, body, self._pace.answer_seconds, content_type(account))
        except NoAnswerError as error:
            return Answer(Kind.TIMEOUT if error.is_timeout else Kind.CONNECTION_ERROR)
        find_media = self._state.media_finder(account.original_id)
        return judge(account, openid, response.status, response.body, find_media)

    def _record(self, push: Push, attempt: int, answer: Answer, seconds: float) -> None:
        delivery = Delivery(
            original_id=push.original_id,
            openid=push.openid,
            bubble_id=push.bubble_id,
            msg_id=push.msg_id,
            kind=push.kind,
            attempt=attempt,
            status=answer.status,
            milliseconds=round(seconds * 1000),
            outcome=str(answer.kind),
            at=self._state.clock(),
        )
        self._state.record_delivery(delivery)


def may_be_answered(push: Push) -> bool:
    """Messages and the events that a customer makes on purpose; the rest ends in silence."""
    return push.event == "" or push.event.lower() in ANSWERED_EVENTS


def _verdict(response: Response, echo: str) -> tuple[bool, str]:
    if response.status != 200:
        return False, f"HTTP {response.status}"
    if response.body != echo.encode():
        return False, "the body is not the echostr"
    return True, ""
