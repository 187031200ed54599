"""What becomes of a message that WeChat did not accept. Pure."""

from datetime import UTC, datetime, timedelta

import pytest

from wxdesk.outbound.rules import (
    ACCOUNT_PAUSE,
    LONGEST_WAIT,
    MOST_ACCOUNT_ATTEMPTS,
    MOST_ATTEMPTS,
    Delivery,
    NextStep,
    Refusal,
    Sending,
    next_attempt_after,
    next_step,
    text_problem,
)
from wxdesk.wechat.error_codes import Action, meaning_of

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def refused(code: int, **values: object) -> Refusal:
    meaning = meaning_of(code)
    return Refusal(str(code), meaning.action, meaning.is_permanent, is_ambiguous=False, **values)


def step(
    refusal: Refusal,
    attempts: int = 1,
    *,
    may_wait: bool = False,
    is_text: bool = True,
    waited: timedelta = timedelta(0),
) -> NextStep:
    sending = Sending(attempts, queued_at=NOW - waited, is_text=is_text, may_wait=may_wait)
    return next_step(refusal, sending, NOW)


def test_the_pause_doubles_and_ends():
    pauses = [next_attempt_after(attempts) for attempts in range(1, MOST_ATTEMPTS + 1)]
    assert pauses == [*(timedelta(seconds=2**n) for n in range(MOST_ATTEMPTS - 1)), None]


@pytest.mark.parametrize("text", ["", " \n\t"])
def test_nothing_is_not_sent(text):
    assert text_problem(text)


def test_what_may_have_arrived_is_never_sent_again():
    lost = Refusal("timeout", None, is_permanent=False, is_ambiguous=True)
    assert step(lost) == NextStep(Delivery.UNCONFIRMED)


def test_an_account_without_the_message_api_keeps_the_answer_for_the_next_message():
    refusal = refused(48001, lacks_messages=True)
    assert step(refusal) == NextStep(Delivery.HELD)
    assert step(refusal, is_text=False) == NextStep(Delivery.FAILED)


def test_a_right_that_a_template_lacks_is_final():
    assert step(refused(48001)) == NextStep(Delivery.FAILED)


def test_a_time_before_which_wechat_wants_no_call_is_kept():
    soon = NOW + timedelta(seconds=15)
    assert step(refused(45011, retry_at=soon)) == NextStep(Delivery.QUEUED, soon)


@pytest.mark.parametrize("code", [45015, 45047])
def test_a_closed_window_fails_the_answer_unless_it_may_wait(code):
    assert step(refused(code)) == NextStep(Delivery.FAILED)
    assert step(refused(code), may_wait=True) == NextStep(Delivery.HELD)


def test_what_an_admin_can_mend_is_tried_each_minute_for_half_an_hour():
    blocked = refused(40164)
    assert blocked.action is Action.ACCOUNT
    assert step(blocked, attempts=7) == NextStep(Delivery.QUEUED, NOW + ACCOUNT_PAUSE)
    assert step(blocked, attempts=MOST_ACCOUNT_ATTEMPTS) == NextStep(Delivery.FAILED)


def test_a_used_up_quota_waits_for_its_reset():
    midnight = NOW + timedelta(hours=6)
    over = refused(45009, retry_at=midnight, is_uncounted=True)
    assert step(over, attempts=40) == NextStep(Delivery.QUEUED, midnight)


def test_nothing_waits_longer_than_a_window_is_open():
    over = refused(45009, retry_at=NOW + timedelta(hours=6), is_uncounted=True)
    old = LONGEST_WAIT + timedelta(seconds=1)
    assert step(over, waited=old) == NextStep(Delivery.FAILED)


def test_a_lost_file_is_uploaded_again_and_busy_wechat_is_asked_again():
    for code in (40007, -1, 45011):
        assert step(refused(code), attempts=3) == NextStep(
            Delivery.QUEUED, NOW + timedelta(seconds=4)
        )
        assert step(refused(code), attempts=MOST_ATTEMPTS) == NextStep(Delivery.FAILED)


@pytest.mark.parametrize("code", [40003, 43004, 43019, 45002, 48002, 50002 + 3, 999_999])
def test_everything_else_is_final(code):
    assert step(refused(code)) == NextStep(Delivery.FAILED)
