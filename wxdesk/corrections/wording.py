"""What states of corrections are called on pages, in files and in the API's sentences."""

from __future__ import annotations

from collections.abc import Mapping

from wxdesk.corrections.rules import CorrectionState, Reach, RecipientState
from wxdesk.triage.rules import Outcome
from wxdesk.words import Words, say

STATES: Mapping[CorrectionState, Words] = {
    CorrectionState.COLLECTING: say("Listing people"),
    CorrectionState.READY: say("Not begun"),
    CorrectionState.SENDING: say("Being sent"),
    CorrectionState.PAUSED: say("Paused"),
    CorrectionState.DONE: say("Done"),
    CorrectionState.CANCELLED: say("Cancelled"),
}
REACHES: Mapping[Reach, tuple[Words, Words]] = {
    Reach.NOW: (
        say("Can be reached now"),
        say("The reply window is open, with more answers left than are kept for people."),
    ),
    Reach.WINDOW_CLOSED: (
        say("Window closed"),
        say("They have not written for 48 hours, or the account can't send messages by itself."),
    ),
    Reach.QUOTA_GONE: (
        say("Answers used up"),
        say("What is left of the five answers of their window is kept for people."),
    ),
    Reach.UNFOLLOWED: (
        say("Unfollowed"),
        say("They have left the account: WeChat takes no message for them."),
    ),
    Reach.HELPED: (
        say("Helped by a person"),
        say("A colleague has answered them since they got the wrong answer."),
    ),
    Reach.BLOCKED: (
        say("Not to be written to"),
        say("On the blacklist, marked as spam, or their data was removed."),
    ),
}
RECIPIENTS: Mapping[RecipientState, Words] = {
    RecipientState.LISTED: say("Not sent yet"),
    RecipientState.QUEUED: say("On its way"),
    RecipientState.SENT: say("Corrected"),
    RecipientState.WAITS: say("When they write next"),
    RecipientState.FAILED: say("Failed"),
    RecipientState.UNCONFIRMED: say("May have arrived"),
    RecipientState.LEFT_OUT: say("Left out"),
}
OUTCOMES: Mapping[Outcome, Words] = {
    Outcome.DEFAULT: say("its reply"),
    Outcome.LIMIT: say("reply over the limit"),
    Outcome.ENTERED: say("entered"),
    Outcome.ALREADY: say("already entered"),
    Outcome.NOT_STARTED: say("not started yet"),
    Outcome.ENDED: say("ended"),
    Outcome.SOLD_OUT: say("sold out"),
}
PASSIVE_NOTE = say(
    "Automatic answers are given in the answer to WeChat's push, which WeChat does not confirm. "
    "Whoever's answer was handed over counts as having got it. Only if WeChat had pushed the same "
    "message again because our answer came too late can nobody know."
)
