"""The two ways in which the simulator refuses: as WeChat's API does, and as a control request."""

from __future__ import annotations

import secrets


class ApiError(Exception):
    """An answer with an error code, always inside HTTP 200."""

    def __init__(self, errcode: int, errmsg: str, **more: object) -> None:
        super().__init__(f"{errcode} {errmsg}")
        self.errcode = errcode
        self.errmsg = errmsg
        self.more = more

    def as_json(self) -> dict[str, object]:
        """As WeChat writes it, with the request id that its support asks for."""
        parts = "-".join(secrets.token_hex(4) for _ in range(3))
        return {"errcode": self.errcode, "errmsg": f"{self.errmsg} rid: {parts}", **self.more}


class BadInputError(Exception):
    """A control request that can't be carried out; `field` says what to mend."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message
