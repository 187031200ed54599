"""The control API under /sim: set up accounts, act as customers, order faults, read the logs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, jsonify, request

from wxdesk.plumbing.clock import iso
from wxdesk.simulator import control_input as given_by
from wxdesk.simulator.courier import Parcel
from wxdesk.simulator.errors import BadInputError
from wxdesk.simulator.platform import Platform
from wxdesk.simulator.records import Account, Bubble, Call, Customer, Delivery

MOST_LISTED = 1000
MOST_LISTED_CUSTOMERS = 500


def create_blueprint(platform: Platform) -> Blueprint:
    """The routes of /sim."""
    control = Blueprint("control", __name__, url_prefix="/sim")
    _add_account_routes(control, platform)
    _add_customer_routes(control, platform)
    _add_acting_routes(control, platform)
    _add_fault_routes(control, platform)
    _add_log_routes(control, platform)
    return control


def _add_account_routes(control: Blueprint, platform: Platform) -> None:
    @control.get("/accounts")
    def list_accounts() -> Response:
        with platform.state.changed:
            accounts = list(platform.state.accounts.values())
        return jsonify(accounts=[_account_json(account) for account in accounts])

    @control.post("/accounts")
    def register_account() -> Response:
        account = platform.register_account(given_by.account_in(given_by.payload()))
        return jsonify(_account_json(account))

    @control.post("/accounts/<original_id>/customers")
    def add_customer(original_id: str) -> Response:
        given = given_by.payload()
        customer = platform.add_customer(
            original_id,
            openid=given_by.openid_in(given),
            name=given_by.text_of(given, "name", default="")[:40] or None,
            is_following=given_by.flag_of(given, "is_following", default=True),
        )
        return jsonify(_customer_json(platform, customer))

    @control.post("/accounts/<original_id>/verify")
    def verify(original_id: str) -> Response:
        is_ok, reason = platform.verify_webhook(original_id)
        return jsonify(ok=is_ok, reason=reason)


def _add_customer_routes(control: Blueprint, platform: Platform) -> None:
    @control.get("/customers")
    def list_customers() -> Response:
        since, wait = given_by.since_argument(), _wait_seconds()
        version = platform.wait_for_any_change(since, wait) if wait else platform.state.version
        with platform.state.changed:
            customers = sorted(platform.state.customers.values(), key=lambda c: -c.version)
            shown = customers[:MOST_LISTED_CUSTOMERS]
            listed = [_customer_json(platform, customer) for customer in shown]
        return jsonify(since=version, customers=listed)

    @control.get("/customers/<openid>/messages")
    def list_messages(openid: str) -> Response:
        changes = platform.changes(openid, given_by.since_argument(), _wait_seconds())
        return jsonify(
            since=changes.version,
            customer=_customer_json(platform, changes.customer),
            messages=[_bubble_json(bubble) for bubble in changes.bubbles],
        )


def _add_acting_routes(control: Blueprint, platform: Platform) -> None:
    @control.post("/customers/<openid>/messages")
    def write(openid: str) -> Response:
        text = given_by.text_of(given_by.payload(), "text")
        return _acted(platform, openid, platform.write(openid, text))

    @control.post("/customers/<openid>/events")
    def happen(openid: str) -> Response:
        event, fields = given_by.event_in(given_by.payload())
        return _acted(platform, openid, platform.happen(openid, event, fields))

    @control.post("/customers/<openid>/raw")
    def send_raw(openid: str) -> Response:
        given = given_by.payload()
        msg_type, fields = given_by.text_of(given, "msg_type"), given_by.fields_in(given)
        return _acted(platform, openid, platform.send_raw(openid, msg_type, fields))

    @control.post("/redeliver")
    def redeliver() -> Response:
        given = given_by.payload()
        openid, message_id = given_by.text_of(given, "openid"), str(given.get("message_id", ""))
        return _acted(platform, openid, platform.redeliver(openid, message_id))


def _add_fault_routes(control: Blueprint, platform: Platform) -> None:
    @control.get("/faults")
    def list_faults() -> Response:
        with platform.state.changed:
            return jsonify(faults=[asdict(fault) for fault in platform.state.faults.planned()])

    @control.post("/faults")
    def plan_fault() -> Response:
        fault = given_by.fault_in(given_by.payload())
        with platform.state.changed:
            if not platform.state.faults.add(fault):
                raise BadInputError("times", "too many faults are planned already")
            return jsonify(asdict(fault))

    @control.delete("/faults")
    def clear_faults() -> Response:
        with platform.state.changed:
            platform.state.faults.clear()
        return jsonify(faults=[])


def _add_log_routes(control: Blueprint, platform: Platform) -> None:
    @control.get("/calls")
    def list_calls() -> Response:
        with platform.state.changed:
            calls: Sequence[Call] = list(platform.state.calls)
        return jsonify(calls=_newest(calls, "api"))

    @control.get("/deliveries")
    def list_deliveries() -> Response:
        with platform.state.changed:
            deliveries: Sequence[Delivery] = list(platform.state.deliveries)
        return jsonify(deliveries=_newest(deliveries, "openid"))


def _acted(platform: Platform, openid: str, acted: tuple[Bubble, Parcel]) -> Response:
    """The bubble at once, or with `wait=1` as it is when its push has ended."""
    bubble, parcel = acted
    if request.args.get("wait") == "1":
        parcel.wait(platform.pace.longest_seconds)
        bubble = platform.find_bubble(openid, bubble.id) or bubble
    return jsonify(message=_bubble_json(bubble))


def _wait_seconds() -> float:
    return given_by.argument("wait", 0.0, given_by.MOST_WAIT_SECONDS)


def _newest(entries: Sequence[Call] | Sequence[Delivery], field: str) -> list[dict[str, Any]]:
    """The last `limit` entries, oldest first, filtered by the query argument named `field`."""
    wanted = request.args.get(field)
    limit = int(given_by.argument("limit", 100, MOST_LISTED))
    found = [entry for entry in entries if not wanted or getattr(entry, field) == wanted]
    return [{**asdict(entry), "at": iso(entry.at)} for entry in found[-limit:] if limit]


def _account_json(account: Account) -> dict[str, Any]:
    secret = {"app_secret", "token", "aes_key"}
    return {name: value for name, value in asdict(account).items() if name not in secret}


def _bubble_json(bubble: Bubble) -> dict[str, Any]:
    """A bubble without its XML; ids as text where JavaScript would round them."""
    shown = asdict(bubble)
    del shown["push"], shown["version"]
    return {**shown, "at": iso(bubble.at)}


def _customer_json(platform: Platform, customer: Customer) -> dict[str, Any]:
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
            "last": _bubble_json(last) if last else None,
            "replies_left": customer.window.left(now),
            "window_closes_at": iso(customer.window.closes_at(now)),
            "typing_seconds": (typing - now).total_seconds() if typing else 0,
        }
