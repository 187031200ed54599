"""One signed POST to another system: no redirects, no addresses in our own network."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import ssl
import threading
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPException
from urllib.parse import urlsplit

import urllib3
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NewConnectionError,
    ReadTimeoutError,
    SSLError,
)
from urllib3.response import HTTPResponse

from wxdesk.notifications.rules import CallProblem, is_public

SECONDS = 5.0
PORTS = {"http": 80, "https": 443}
SIGNATURE = "X-Wxdesk-Signature"
GOOD = range(200, 300)
REDIRECTS = range(300, 400)


@dataclass(frozen=True, slots=True)
class Outcome:
    """`problem` None: taken. `status` is None when there was no answer."""

    problem: CallProblem | None
    status: int | None = None


class _Bounded(HTTPConnection):
    """Its time-out is for the whole head of the answer, not for each piece of it."""

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]
        connected, is_over = self.sock, threading.Event()

        def cut() -> None:
            is_over.set()
            with suppress(OSError):  # closed meanwhile
                socket.socket.shutdown(connected, socket.SHUT_RDWR)  # TLS says no goodbye

        timer = threading.Timer(self.timeout or SECONDS, cut)
        timer.daemon = True
        timer.start()
        try:
            answer = super().getresponse()
        except (OSError, HTTPException) as error:
            if is_over.is_set():
                raise TimeoutError from error
            raise
        finally:
            timer.cancel()
        if is_over.is_set():  # headers that were cut look like all of them
            answer.close()
            raise TimeoutError
        return answer


class _BoundedTls(_Bounded, HTTPSConnection):
    """The same over TLS."""


def secret_of(secret_key: str) -> str:
    """The text that the calls of this installation are signed with, for the other side."""
    kdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"wxdesk webhooks")
    return "whsec_" + urlsafe_b64encode(kdf.derive(secret_key.encode())).decode().rstrip("=")


def signature(secret: str, at: datetime, body: bytes) -> str:
    """`t=<seconds>,v1=<hex>`: HMAC-SHA256 over "<seconds>." and the body."""
    seconds = int(at.timestamp())
    digest = hmac.new(secret.encode(), b"%d." % seconds + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"


def post(
    url: str,
    envelope: Mapping[str, object],
    secret: str,
    at: datetime,
    *,
    is_private_allowed: bool,
) -> Outcome:
    """Call it once, within some seconds; never raises for what the other side does."""
    body = json.dumps(envelope, ensure_ascii=False).encode()
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        addresses = _addresses(host, parts.port or PORTS[parts.scheme])
    except (OSError, UnicodeError):
        return Outcome(CallProblem.UNREACHABLE)
    if not is_private_allowed and not all(map(is_public, addresses)):
        return Outcome(CallProblem.PRIVATE)
    headers = {
        "Host": parts.netloc,
        "Content-Type": "application/json",
        "User-Agent": "wxdesk",
        "X-Wxdesk-Event": str(envelope["event"]),
        "X-Wxdesk-Delivery": str(envelope["id"]),
        SIGNATURE: signature(secret, at, body),
    }
    return _send(parts.scheme, host, addresses[0], parts.port, _target(url), body, headers)


def _send(  # noqa: PLR0913 -- one request's parts
    scheme: str,
    host: str,
    address: str,
    port: int | None,
    target: str,
    body: bytes,
    headers: Mapping[str, str],
) -> Outcome:
    """To the very address that was looked at: the name is not resolved again."""
    timeout = urllib3.Timeout(total=SECONDS)
    pool: urllib3.HTTPConnectionPool
    if scheme == "https":
        pool = urllib3.HTTPSConnectionPool(
            address, port, timeout=timeout, server_hostname=host, assert_hostname=host
        )
        pool.ConnectionCls = _BoundedTls
    else:
        pool = urllib3.HTTPConnectionPool(address, port, timeout=timeout)
        pool.ConnectionCls = _Bounded
    try:
        answer = pool.urlopen(
            "POST",
            target,
            body=body,
            headers=headers,
            retries=False,
            redirect=False,
            preload_content=False,
        )
        answer.close()
    except (HTTPError, OSError, ValueError) as error:
        return Outcome(_problem_of(error))
    finally:
        pool.close()
    if answer.status in GOOD:
        return Outcome(None, answer.status)
    is_redirect = answer.status in REDIRECTS
    return Outcome(CallProblem.REDIRECT if is_redirect else CallProblem.STATUS, answer.status)


def _problem_of(error: Exception) -> CallProblem:
    if isinstance(error, SSLError | ssl.SSLError):
        return CallProblem.CERTIFICATE
    is_timeout = isinstance(error, ReadTimeoutError | ConnectTimeoutError | TimeoutError)
    if is_timeout and not isinstance(error, NewConnectionError):
        return CallProblem.TIMEOUT
    return CallProblem.UNREACHABLE


def _addresses(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(item[4][0]) for item in found))


def _target(url: str) -> str:
    """Path and query as they were written."""
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
