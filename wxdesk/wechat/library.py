"""The only module that imports wechatpy, with the corrections that it needs (docs/wechat.md)."""

from __future__ import annotations

import secrets
from typing import Any

import requests
from wechatpy import WeChatClient
from wechatpy.crypto import PrpCrypto
from wechatpy.exceptions import WeChatClientException

__all__ = ["ApiClient", "HttpFailedError", "PushCipher"]

HttpFailedError = WeChatClientException


class PushCipher(PrpCrypto):  # type: ignore[misc]
    """AES of pushes and replies, with the random prefix from the system's secure source."""

    def get_random_string(self) -> str:
        """Sixteen unpredictable characters (wechatpy draws them from a seeded generator)."""
        return secrets.token_hex(8)


class ApiClient(WeChatClient):  # type: ignore[misc]
    """Addresses, tokens and connections; never refreshes a token, never loops, never waits long.

    wechatpy 1.8.18 refreshes and retries without limit, sends an empty file the second time, takes
    junk for success and reads answers of any size; here the caller passes the token in, reads the
    answer and decides about the one retry (wechat/calls.py).
    """

    def __init__(self, app_id: str, *, base_url: str) -> None:
        """`base_url` without /cgi-bin."""
        super().__init__(app_id, "", auto_retry=False)
        self.base_url = base_url.rstrip("/")
        self.API_BASE_URL = f"{self.base_url}/cgi-bin/"
        self.token = ""

    @property
    def access_token(self) -> str:
        """The token that the caller set; never fetched here."""
        return self.token

    @property
    def connections(self) -> requests.Session:
        """The kept-alive connections."""
        return self._http

    def fetch_access_token(self) -> None:
        """Refuse: a hidden refresh would invalidate another process's token."""
        raise RuntimeError("tokens are fetched in wechat/tokens.py only")

    def renew_connections(self) -> None:
        """Drop kept-alive connections, so that no request goes down one that WeChat closed."""
        self._http.close()  # type: ignore[has-type]
        self._http = requests.Session()

    def _handle_result(self, res: requests.Response, *_args: Any, **_kwargs: Any) -> Any:
        """The response as it is, unread; wechat/transport.py judges it."""
        return res
