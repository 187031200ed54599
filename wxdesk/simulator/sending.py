"""The rules of custom/send and custom/typing, in the order in which WeChat checks them."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

from wxdesk.simulator.errors import ApiError
from wxdesk.simulator.records import Account, Customer
from wxdesk.simulator.state import State

MOST_BYTES = 2048
RECENT = timedelta(seconds=30)
ESCAPE = re.compile(r"(?<!\\)((?:\\\\)*)\\u(?=[0-9a-fA-F]{4})")


def send(state: State, account: Account, body: bytes) -> str:
    """Show a customer-service message on the phone; the openid that got it."""
    order = _allowed(account, body)
    with state.changed:
        customer = _receiver(state, account, order)
        text = _text(order)
        left = customer.window.left(state.clock())
        if left is None:
            raise ApiError(45015, "response out of time limit or subscription is canceled")
        if left == 0:
            raise ApiError(45047, "out of response count limit")
        customer.window = customer.window.after_reply()
        state.add_reply(customer, "text", text, via="customer_service")
        return customer.openid


def type_to(state: State, account: Account, body: bytes) -> str:
    """Show or hide that the account is typing; the openid that sees it."""
    order = _allowed(account, body)
    with state.changed:
        customer = _receiver(state, account, order)
        command = order.get("command")
        if command not in ("Typing", "CancelTyping"):
            raise ApiError(45072, "invalid command")
        now = state.clock()
        last = customer.last_message_at()
        if command == "Typing" and (last is None or now - last > RECENT):
            raise ApiError(45080, "no message in either direction within 30 seconds")
        if command == "Typing" and customer.is_typed_to(now):
            raise ApiError(45081, "already typing")
        state.set_typing(customer, is_typing=command == "Typing")
        return customer.openid


def parse(body: bytes) -> dict[str, Any]:
    r"""The JSON object in the body; \uXXXX escapes stay as written, as WeChat shows them."""
    if not body:
        raise ApiError(44002, "empty post data")
    try:
        order = json.loads(ESCAPE.sub(r"\1\\\\u", body.decode()))
    except ValueError as error:
        raise ApiError(47001, "data format error") from error
    if not isinstance(order, dict):
        raise ApiError(47001, "data format error")
    return order


def _allowed(account: Account, body: bytes) -> dict[str, Any]:
    if not account.is_verified:
        raise ApiError(48001, "api unauthorized")
    return parse(body)


def _receiver(state: State, account: Account, order: dict[str, Any]) -> Customer:
    openid = order.get("touser")
    customer = state.customers.get(openid) if isinstance(openid, str) else None
    if customer is None or customer.original_id != account.original_id:
        raise ApiError(40003, "invalid openid")
    return customer


def _text(order: dict[str, Any]) -> str:
    if order.get("msgtype") != "text":
        raise ApiError(40008, "invalid message type")
    part = order.get("text")
    text = part.get("content") if isinstance(part, dict) else None
    if not isinstance(text, str) or not text.strip():
        raise ApiError(44004, "empty content")
    if len(text.encode()) > MOST_BYTES:
        raise ApiError(45002, "content size out of limit")
    return text
