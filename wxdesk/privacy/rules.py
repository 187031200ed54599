"""What becomes of the data of customers who leave, and when. Pure."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

# What a customer wrote before leaving may still lie in a queue: it is recorded first.
SETTLING = timedelta(minutes=1)
SHELLS_AGAIN_AFTER = timedelta(hours=1)

CANCELLED = "user_authorization_cancellation"
REVOKED = "user_authorization_revoke"
MODIFIED = "user_info_modified"


class Policy(StrEnum):
    """`anonymise` keeps counts and times for reports; `delete` keeps nothing but a number."""

    ANONYMISE = "anonymise"
    DELETE = "delete"


class Reason(StrEnum):
    LEFT = "left"
    REQUESTED = "requested"
