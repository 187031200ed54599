"""The rules of custom/send and custom/typing, in the order in which WeChat checks them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from wxdesk.simulator.api.contents import read_content
from wxdesk.simulator.api.frame import OK, Answer, Api, Asked
from wxdesk.simulator.errors import ApiError
from wxdesk.simulator.records import Customer

RECENT = timedelta(seconds=30)


def send(asked: Asked) -> Answer:
    """Show a customer-service message on the phone."""
    order = asked.order()
    customer = asked.customer(order.get("touser"))
    kind, shown = read_content(asked, order)
    shown.detail.update(_extras(asked, order))
    _check_receiver(asked, customer)
    customer.window = customer.window.after_reply()
    asked.platform.state.add_reply(customer, kind, shown, via="customer_service")
    return OK


def type_to(asked: Asked) -> Answer:
    """Show or hide that the account is typing."""
    order = asked.order()
    customer = asked.customer(order.get("touser"))
    command = order.get("command")
    if command not in ("Typing", "CancelTyping"):
        raise ApiError(45072, "invalid command")
    last = customer.last_message_at()
    if command == "Typing" and (last is None or asked.now - last > RECENT):
        raise ApiError(45080, "no message in either direction within 30 seconds")
    if command == "Typing" and customer.is_typed_to(asked.now):
        raise ApiError(45081, "already typing")
    asked.platform.state.set_typing(customer, is_typing=command == "Typing")
    return OK


def _check_receiver(asked: Asked, customer: Customer) -> None:
    if customer.is_blacklisted:
        raise ApiError(43019, "require remove blacklist")
    if customer.refuses_messages:
        raise ApiError(48002, "user refuse message")
    left = customer.window.left(asked.now)
    if left is None:
        raise ApiError(45015, "response out of time limit or subscription is canceled")
    if left == 0:
        raise ApiError(45047, "out of response count limit")


def _extras(asked: Asked, order: dict[str, Any]) -> dict[str, object]:
    """Who speaks: an agent of WeChat's own desk, or a machine."""
    extras: dict[str, object] = {}
    if "customservice" in order:
        extras["kf_account"] = _kf_account(asked, order["customservice"])
    if "aimsgcontext" in order:
        context = order["aimsgcontext"]
        flag = context.get("is_ai_msg") if isinstance(context, dict) else None
        if flag not in (0, 1):
            raise ApiError(47001, "data format error")
        extras["is_ai"] = flag == 1
    return extras


def _kf_account(asked: Asked, given: object) -> str:
    name = given.get("kf_account") if isinstance(given, dict) else None
    if not isinstance(name, str) or name not in asked.owner.kf_accounts:
        raise ApiError(65401, "invalid custom service account")
    return name


APIS = (
    Api("/cgi-bin/message/custom/send", send, daily=500_000),
    Api("/cgi-bin/message/custom/typing", type_to, daily=500_000),
)
