"""Whether WeChat's refusal concerns one customer, or all of the account's calls. Pure."""

from __future__ import annotations

from wxdesk.plumbing.errors import DeliveryError
from wxdesk.wechat.error_codes import Action, meaning_of_text

ABOUT_ACCOUNT = frozenset({Action.ACCOUNT, Action.QUOTA, Action.LATER, Action.NEW_TOKEN})


def is_about_account(error: DeliveryError) -> bool:
    """True when the next customer's call would end the same way now: network, quota, rights."""
    if not error.code.lstrip("-").isdecimal():
        return True
    meaning = meaning_of_text(error.code)
    return meaning is None or meaning.action in ABOUT_ACCOUNT
