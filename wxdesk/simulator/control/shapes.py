"""What the control API shows: accounts without secrets, customers, bubbles, logs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from flask import Response, jsonify, request

from wxdesk.plumbing.clock import iso
from wxdesk.simulator.books import QrCode
from wxdesk.simulator.control.reading import MOST_WAIT_SECONDS, argument
from wxdesk.simulator.courier import Parcel
from wxdesk.simulator.platform import Platform
from wxdesk.simulator.records import Account, Bubble, Call, Customer, Delivery

MOST_LISTED = 1000
SECRETS = {"app_secret", "token", "aes_key", "previous_aes_key"}


def account_json(account: Account) -> dict[str, Any]:
    """An account without its secrets."""
    return {name: value for name, value in asdict(account).items() if name not in SECRETS}


def bubble_json(bubble: Bubble) -> dict[str, Any]:
    """A bubble without its push; ids as text where JavaScript would round them."""
    shown = asdict(bubble)
    del shown["push"], shown["version"]
    return {**shown, "at": iso(bubble.at)}


def customer_json(platform: Platform, customer: Customer) -> dict[str, Any]:
    """A customer with the last bubble and what the account may still send."""
    with platform.state.changed:
        now = platform.state.clock()
        account = platform.state.accounts.get(customer.original_id)
        last = next(reversed(customer.bubbles.values()), None)
        typing = customer.typing_until if customer.is_typed_to(now) else None
        return {
            "openid": customer.openid,
            "name": customer.name,
            "original_id": customer.original_id,
            "account_name": account.name if account else customer.original_id,
            "is_following": customer.is_following,
            "version": customer.version,
            "last": bubble_json(last) if last else None,
            "replies_left": customer.window.left(now),
            "window_closes_at": iso(customer.window.closes_at(now)),
            "typing_seconds": (typing - now).total_seconds() if typing else 0,
            "unionid": customer.unionid,
            "remark": customer.remark,
            "tag_ids": list(customer.tag_ids),
            "is_blacklisted": customer.is_blacklisted,
            "refuses_messages": customer.refuses_messages,
            "grants": dict(customer.grants),
            "is_held": customer.openid in platform.state.held,
        }


def qr_code_json(code: QrCode) -> dict[str, Any]:
    """A QR code with the picture's address."""
    shown = {"ticket": code.ticket, "url": code.url, "scene": code.scene}
    times = {"created_at": iso(code.created_at), "expires_at": iso(code.expires_at)}
    return {**shown, **times, "is_text_scene": code.is_text_scene}


def newest(entries: Sequence[Call] | Sequence[Delivery], field: str) -> list[dict[str, Any]]:
    """The last `limit` entries, oldest first, filtered by the query argument named `field`."""
    wanted = request.args.get(field)
    limit = int(argument("limit", 100, MOST_LISTED))
    found = [entry for entry in entries if not wanted or getattr(entry, field) == wanted]
    return [{**asdict(entry), "at": iso(entry.at)} for entry in found[-limit:] if limit]


def acted_json(platform: Platform, openid: str, acted: tuple[Bubble, Parcel]) -> Response:
    """The bubble at once, or with `wait=1` as it is when its push has ended."""
    bubble, parcel = acted
    if request.args.get("wait") == "1":
        parcel.wait(platform.pace.longest_seconds)
        bubble = platform.find_bubble(openid, bubble.id) or bubble
    return jsonify(message=bubble_json(bubble))


def wait_seconds() -> float:
    """How long the reader is willing to wait for news."""
    return argument("wait", 0.0, MOST_WAIT_SECONDS)
