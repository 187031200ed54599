"""Does our own webhook answer, asked as WeChat asks, and could WeChat reach this address at all?

Only what can be known from here: a proxy or a firewall may still stop WeChat (docs/wechat.md).
"""

from __future__ import annotations

import ipaddress
import secrets
import time
from urllib.parse import urlsplit

import requests

from wxdesk.accounts.checks import Outcome, Result, Step
from wxdesk.plumbing.clock import EPOCH, Clock
from wxdesk.wechat.crypto import sign
from wxdesk.words import say

CONNECT_SECONDS = 3.0
ANSWER_SECONDS = 5.0  # WeChat waits no longer
PORTS = {"http": 80, "https": 443}
LOCAL_ENDINGS = (".local", ".internal", ".lan", ".localhost", ".localdomain", ".test", ".example")
LARGEST_ANSWER = 1_000


def check_own_address(url: str, token: str, clock: Clock, *, is_simulated: bool) -> Result:
    """GET the webhook with a signed echostr, which must come back as it is.

    `is_simulated`: WeChat's part is played on this machine, so a local address is all right.
    """
    bad = _asked(url, token, clock)
    if bad is not None:
        return bad
    warning = None if is_simulated else reachability_problem(url)
    if warning is not None:
        text, advice = warning
        return Result(Step.WEBHOOK, Outcome.WARNING, text, advice)
    return Result(
        Step.WEBHOOK,
        Outcome.GOOD,
        say("The address answers rightly when it is asked from here"),
    )


def reachability_problem(url: str) -> tuple[str, str] | None:
    """Why WeChat can't use this address, and what to do; None when nothing speaks against it."""
    parts = urlsplit(url)
    if is_local(parts.hostname or ""):
        return (
            say("The address works here, but it is one of this machine or network only"),
            say("set WXDESK_PUBLIC_URL to an address that the whole internet reaches"),
        )
    if (parts.port or PORTS.get(parts.scheme)) != PORTS.get(parts.scheme):
        return (
            say("The address works here, but WeChat takes only port 80 (http) or 443 (https)"),
            say("put a proxy in front, and set WXDESK_PUBLIC_URL without a port"),
        )
    return None


def is_local(host: str) -> bool:
    """Whether only this machine or network knows the host, as far as its name says."""
    host = host.strip("[]").rstrip(".").lower()
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith(LOCAL_ENDINGS)


def _asked(url: str, token: str, clock: Clock) -> Result | None:
    """What is wrong with the answer; None if it is right."""
    echostr, nonce = secrets.token_hex(12), secrets.token_hex(6)
    stamp = str(int((clock() - EPOCH).total_seconds()))
    query = {"signature": sign(token, stamp, nonce), "timestamp": stamp, "nonce": nonce}
    try:
        status, body = _get(url, query | {"echostr": echostr})
    except requests.exceptions.SSLError:
        return _bad(
            say("The TLS certificate of our address is not accepted"),
            say("renew it, and let the proxy send the whole chain"),
        )
    except requests.Timeout:
        return _bad(
            say("Our address did not answer within 5 seconds, as long as WeChat waits"),
            say("is `wxdesk up` running, and does the proxy lead to it?"),
        )
    except requests.RequestException:
        return _bad(
            say("Our address can't be reached from here"),
            say("check WXDESK_PUBLIC_URL, its name in DNS, and the proxy"),
        )
    return _judged(status, body, echostr)


def _judged(status: int, body: bytes, echostr: str) -> Result | None:
    if 300 <= status < 400:
        return _bad(
            say("Our address answers with a redirect, which WeChat does not follow"),
            say("set WXDESK_PUBLIC_URL to the address that the redirect leads to"),
        )
    if status != 200:
        return _bad(
            say("Our address answers with status %(status)d", status=status),
            say("is WXDESK_PUBLIC_URL this desk, and does the proxy pass /wechat/ on?"),
        )
    if body != echostr.encode():
        return _bad(
            say("Something between changes the answer, or another program answers"),
            say("let the proxy pass /wechat/ on unchanged"),
        )
    return None


def _get(url: str, query: dict[str, str]) -> tuple[int, bytes]:
    """Status and the first bytes; requests.Timeout when it takes longer than WeChat waits."""
    deadline = time.monotonic() + CONNECT_SECONDS + ANSWER_SECONDS
    body = b""
    with requests.get(
        url,
        params=query,
        timeout=(CONNECT_SECONDS, ANSWER_SECONDS),
        allow_redirects=False,
        stream=True,
    ) as response:
        for chunk in response.iter_content(256):
            body += chunk
            if time.monotonic() > deadline:
                raise requests.Timeout
            if len(body) > LARGEST_ANSWER:
                break
        return response.status_code, body


def _bad(text: str, advice: str) -> Result:
    return Result(Step.WEBHOOK, Outcome.BAD, text, advice)
