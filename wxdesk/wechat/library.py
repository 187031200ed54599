"""The only module that imports wechatpy, with the corrections that it needs (docs/wechat.md)."""

from __future__ import annotations

import secrets

import requests
from wechatpy import WeChatClient
from wechatpy.crypto import PrpCrypto
from wechatpy.exceptions import WeChatClientException
from wechatpy.replies import TextReply

__all__ = ["ApiClient", "CallFailedError", "PushCipher", "TextReply"]

CallFailedError = WeChatClientException


class PushCipher(PrpCrypto):  # type: ignore[misc]
    """AES of pushes and replies, with the random prefix from the system's secure source."""

    def get_random_string(self) -> str:
        """Sixteen unpredictable characters (wechatpy draws them from a seeded generator)."""
        return secrets.token_hex(8)


class ApiClient(WeChatClient):  # type: ignore[misc]
    """A client that never refreshes a token by itself, never loops, and always has a timeout.

    wechatpy 1.8.18 refreshes and retries without limit, and its token call has no timeout; here
    the caller passes the token in and decides about the one retry (wechat/client.py).
    """

    def __init__(self, app_id: str, *, base_url: str, timeout: tuple[float, float]) -> None:
        """`base_url` without /cgi-bin; `timeout` is (connect, read) in seconds."""
        super().__init__(app_id, "", timeout=timeout, auto_retry=False)
        self.API_BASE_URL = f"{base_url.rstrip('/')}/cgi-bin/"
        self.token = ""

    @property
    def access_token(self) -> str:
        """The token that the caller set; never fetched here."""
        return self.token

    def fetch_access_token(self) -> None:
        """Refuse: a hidden refresh would invalidate another process's token."""
        raise RuntimeError("tokens are fetched in wechat/client.py only")

    def renew_connections(self) -> None:
        """Drop kept-alive connections, so that no request goes down one that WeChat closed."""
        self._http.close()  # type: ignore[has-type]
        self._http = requests.Session()
