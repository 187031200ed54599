"""Who may call the control API: pages of this very server, on this computer (docs/simulator.md)."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from urllib.parse import urlsplit

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def is_own_host(host: str, allowed: Collection[str]) -> bool:
    """Whether a Host header names loopback or a configured host, with any port."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if name == "localhost" or name in {entry.lower() for entry in allowed}:
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def is_own_origin(method: str, origin: str | None, host: str) -> bool:
    """Whether a request that changes something comes from this server's page, or from no page."""
    if method in SAFE_METHODS or origin is None:
        return True
    return origin in (f"http://{host}", f"https://{host}")
