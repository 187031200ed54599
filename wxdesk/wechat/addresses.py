"""Which addresses that WeChat names are asked: none in our own network (docs/wechat.md#media)."""

from __future__ import annotations

import ipaddress
import re
import socket

from urllib3.util import Url, parse_url

from wxdesk.plumbing.errors import DeliveryError
from wxdesk.words import say

DEFAULT_PORTS = {"http": 80, "https": 443}
NEVER_IN_URLS = re.compile(r"[\x00-\x20\x7f\\]")  # parsers disagree about what these mean
HOST_NAME = re.compile(r"[a-z0-9.-]+")
WITH_USER = re.compile(r"[^/]*//[^/?#]*@")


def check_address(url: str, api_url: str, hosts: tuple[str, ...]) -> None:
    """Return if it is the API itself, or a public host whose name ends with one of `hosts`.

    ValueError for any other; DeliveryError when the name can't be resolved now. Parsed by what
    requests parses with, so that no other host is asked than the one that is looked at here.
    """
    asked, own = _parsed(url), _parsed(api_url)
    if _place(asked) == _place(own):
        return
    host = asked.host or ""
    is_known = HOST_NAME.fullmatch(host) is not None and host.endswith(hosts)
    if not is_known or asked.port not in (None, *DEFAULT_PORTS.values()):
        raise ValueError("no host of WeChat's")
    if not all(is_public(address) for address in _addresses(host)):
        raise ValueError("not a public address")


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the internet, and to one machine."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return found.is_global and not found.is_multicast


def _parsed(url: str) -> Url:
    """ValueError when it is none, or one that could mean two things."""
    if NEVER_IN_URLS.search(url) or WITH_USER.match(url):
        raise ValueError("a character that no plain address has")
    parts = parse_url(url)
    if parts.scheme not in DEFAULT_PORTS or not parts.host:
        raise ValueError("not a plain address")
    return parts


def _place(parts: Url) -> tuple[str | None, str | None, int]:
    return parts.scheme, parts.host, parts.port or DEFAULT_PORTS[str(parts.scheme)]


def _addresses(host: str) -> list[str]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise DeliveryError(say("WeChat can't be reached"), code="unreachable") from error
    return [str(item[4][0]) for item in found]
