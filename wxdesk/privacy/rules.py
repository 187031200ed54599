"""What becomes of the data of customers who leave, and when. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any

# What a customer wrote before leaving may still lie in a queue: it is recorded first.
SETTLING = timedelta(minutes=1)
SHELLS_AGAIN_AFTER = timedelta(hours=1)

CANCELLED = "user_authorization_cancellation"
REVOKED = "user_authorization_revoke"
MODIFIED = "user_info_modified"
IDS_OF_EVENTS = frozenset({"OpenID", "OpenPID"})


class Policy(StrEnum):
    """`anonymise` keeps counts and times for reports; `delete` keeps sums and days only."""

    ANONYMISE = "anonymise"
    DELETE = "delete"


class Reason(StrEnum):
    LEFT = "left"
    REQUESTED = "requested"


def without_openid(fields: Mapping[str, Any], contact_id: int | None) -> dict[str, Any]:
    """The fields of a privacy event with our number of the customer, if known, for WeChat's ids."""
    kept = {name: value for name, value in fields.items() if name not in IDS_OF_EVENTS}
    return kept if contact_id is None else {**kept, "contact_id": contact_id}
