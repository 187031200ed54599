"""What the desk does about an error of WeChat (docs/wechat.md#error-codes)."""

from __future__ import annotations

from enum import StrEnum


class Action(StrEnum):
    """The same call again is useful only for LATER, NEW_TOKEN, QUOTA and UPLOAD_AGAIN."""

    GIVE_UP = "give_up"
    LATER = "later"
    NEW_TOKEN = "new_token"  # noqa: S105 -- not a password
    CLOSE_WINDOW = "close_window"
    SPEND_WINDOW = "spend_window"
    QUOTA = "quota"
    UPLOAD_AGAIN = "upload_again"
    CUSTOMER_LEFT = "customer_left"
    BLACKLISTED = "blacklisted"
    ACCOUNT = "account"


NOT_PERMANENT = frozenset({Action.LATER, Action.NEW_TOKEN, Action.QUOTA, Action.UPLOAD_AGAIN})
