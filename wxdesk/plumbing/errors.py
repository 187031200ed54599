"""Errors, grouped by what the caller should do about them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

CONFIGURATION_EXIT = 78  # sysexits.h EX_CONFIG: starting again can't help
UNAVAILABLE_EXIT = 69  # EX_UNAVAILABLE: starting again later may


class WxdeskError(Exception):
    """Base of every error this product raises on purpose."""

    @property
    def sentence(self) -> str:
        """What to tell a person; a `Words` (wxdesk/words.py) where it can be translated."""
        return self.args[0] if self.args and isinstance(self.args[0], str) else ""


class NotFoundError(WxdeskError):
    """The row does not exist, or this person may not know that it does."""


class NotAllowedError(WxdeskError):
    """The person is known but may not do this."""


class ConflictError(WxdeskError):
    """The row changed since the caller looked at it; `extra` says how (JSON values)."""

    def __init__(self, message: str, **extra: Any) -> None:
        super().__init__(message)
        self.extra = extra


class InvalidInputError(WxdeskError):
    """A value that can't be taken; names the field that must change; `extra` holds JSON values."""

    def __init__(self, field: str, message: str, **extra: Any) -> None:
        super().__init__(message)
        self.field = field
        self.extra = extra


class NotBuiltError(WxdeskError):
    """The feature is named in the documentation but does not exist in this version."""


class ConfigurationError(WxdeskError):
    """The process can't start; each problem is one plain sentence."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class UnavailableError(WxdeskError):
    """Something outside of this process can't be used now; trying again later may help."""


class DeliveryError(WxdeskError):
    """An outside service did not take what we sent.

    `is_permanent`: trying again can't help. `is_ambiguous`: it may have been taken all the same.
    `rid`: WeChat's id of the call, for its support. `retry_at`: not before (UTC).
    `is_uncounted`: nothing was sent, so it is no attempt. `known_id`: the number under
    which the service has taken the same before.
    """

    def __init__(  # noqa: PLR0913 -- what a caller needs to decide, all by name
        self,
        reason: str,
        *,
        code: str,
        is_permanent: bool = False,
        is_ambiguous: bool = False,
        rid: str = "",
        retry_at: datetime | None = None,
        is_uncounted: bool = False,
        known_id: str = "",
    ) -> None:
        super().__init__(reason)
        self.code = code
        self.is_permanent = is_permanent
        self.is_ambiguous = is_ambiguous
        self.rid = rid
        self.retry_at = retry_at
        self.is_uncounted = is_uncounted
        self.known_id = known_id
