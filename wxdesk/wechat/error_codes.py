"""WeChat's error codes: what each means for a message (docs/wechat.md#error-codes)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from wxdesk.words import say


class Action(StrEnum):
    """What the desk does: give up, try again later, or fetch a new token and try once more."""

    GIVE_UP = "give_up"
    LATER = "later"
    NEW_TOKEN = "new_token"  # noqa: S105 -- not a password


@dataclass(frozen=True, slots=True)
class Meaning:
    action: Action
    reason: str


_GIVE_UP = {
    40003: say("this customer does not exist for this account"),
    40007: say("the media file is no longer there"),
    40008: say("WeChat does not take this kind of message"),
    40013: say("the app id is wrong: check the account's settings"),
    40125: say("the app secret is wrong: check the account's settings"),
    40164: say("our address is not on the account's IP whitelist"),
    43004: say("the customer does not follow the account any more"),
    43019: say("the customer is on the blacklist"),
    44002: say("the message was empty"),
    44004: say("the text was empty"),
    45002: say("the text is too long"),
    45008: say("too many articles"),
    45015: say("the 48-hour reply window is closed, or the customer has unfollowed"),
    45047: say("no more answers allowed until the customer writes again"),
    47001: say("WeChat could not read the message"),
    48001: say("the account has no right to send customer-service messages (not verified)"),
    48002: say("the customer has turned off messages from this account"),
    48004: say("WeChat has banned this interface for the account"),
    48008: say("the account may not send this kind of message"),
    50002: say("the account is limited by WeChat"),
    50005: say("the customer does not follow the account any more"),
    70000: say("blocked by WeChat for the protection of minors"),
    89501: say("our address waits for the confirmation of the account's admin"),
    89503: say("our address waits for the confirmation of the account's admin"),
    89506: say("the account's admin has refused our address (24 hours)"),
    89507: say("the account's admin has refused our address (1 hour)"),
}
_LATER = {
    -1: say("WeChat is busy"),
    45009: say("the account's daily number of calls is used up"),
    45011: say("too many calls a minute"),
}
_NEW_TOKEN = {40001, 40014, 42001}


def meaning_of(code: int) -> Meaning:
    """An unknown code gives up: nobody knows whether trying again would do harm."""
    if code in _NEW_TOKEN:
        return Meaning(Action.NEW_TOKEN, say("WeChat does not accept the access token"))
    if code in _LATER:
        return Meaning(Action.LATER, _LATER[code])
    return Meaning(Action.GIVE_UP, _GIVE_UP.get(code, say("WeChat refused the message")))
