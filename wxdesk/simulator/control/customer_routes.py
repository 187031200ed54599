"""/sim/customers: who there is, what is on their phones, and what they do."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from wxdesk.simulator import acting
from wxdesk.simulator.control import messages_given, reading, shapes
from wxdesk.simulator.errors import BadInputError
from wxdesk.simulator.platform import Platform

MOST_LISTED_CUSTOMERS = 500
MOST_REDELIVERIES = 100
MOST_GRANTS = 1000


def add_routes(control: Blueprint, platform: Platform) -> None:
    """Every route about customers."""
    _add_reading(control, platform)
    _add_people(control, platform)
    _add_sending(control, platform)
    _add_doing(control, platform)
    _add_order(control, platform)


def _add_reading(control: Blueprint, platform: Platform) -> None:
    @control.get("/customers")
    def list_customers() -> Response:
        since, wait = reading.since_argument(), shapes.wait_seconds()
        version = platform.wait_for_any_change(since, wait) if wait else platform.state.version
        with platform.state.changed:
            customers = sorted(platform.state.customers.values(), key=lambda c: -c.version)
            shown = customers[:MOST_LISTED_CUSTOMERS]
            listed = [shapes.customer_json(platform, customer) for customer in shown]
        return jsonify(since=version, customers=listed)

    @control.get("/customers/<openid>/messages")
    def list_messages(openid: str) -> Response:
        changes = platform.changes(openid, reading.since_argument(), shapes.wait_seconds())
        return jsonify(
            since=changes.version,
            customer=shapes.customer_json(platform, changes.customer),
            messages=[shapes.bubble_json(bubble) for bubble in changes.bubbles],
        )


def _add_people(control: Blueprint, platform: Platform) -> None:
    @control.post("/accounts/<original_id>/customers")
    def add_customer(original_id: str) -> Response:
        given = reading.payload()
        customer = platform.add_customer(
            original_id,
            openid=reading.openid_in(given),
            name=reading.text_of(given, "name", default="")[:40] or None,
            is_following=reading.flag_of(given, "is_following", default=True),
        )
        return jsonify(shapes.customer_json(platform, customer))

    @control.post("/customers/<openid>/settings")
    def change_customer(openid: str) -> Response:
        given = reading.payload()
        with platform.state.changed:
            customer = platform.state.customer(openid)
            customer.name = reading.text_of(given, "name", default=customer.name)[:40]
            customer.unionid = reading.text_of(given, "unionid", default=customer.unionid)[:64]
            customer.remark = reading.text_of(given, "remark", default=customer.remark)[:29]
            for flag in ("is_blacklisted", "refuses_messages"):
                default = getattr(customer, flag)
                setattr(customer, flag, reading.flag_of(given, flag, default=default))
            platform.state.touch(customer)
        return jsonify(shapes.customer_json(platform, customer))

    @control.post("/customers/<openid>/grants")
    def grant(openid: str) -> Response:
        given = reading.payload()
        template_id = reading.text_of(given, "template_id")
        times = reading.whole_of(given, "times", 1, MOST_GRANTS)
        is_accepted = reading.flag_of(given, "is_accepted", default=True)
        acted = platform.grant(openid, template_id, times if is_accepted else 0)
        return shapes.acted_json(platform, openid, acted)


def _add_sending(control: Blueprint, platform: Platform) -> None:
    @control.post("/customers/<openid>/messages")
    def write(openid: str) -> Response:
        acted = messages_given.message_sent(platform, openid)
        return shapes.acted_json(platform, openid, acted)

    @control.post("/customers/<openid>/events")
    def happen(openid: str) -> Response:
        acted = messages_given.event_happened(platform, openid)
        return shapes.acted_json(platform, openid, acted)

    @control.post("/customers/<openid>/raw")
    def send_raw(openid: str) -> Response:
        given = reading.payload()
        msg_type, fields = reading.text_of(given, "msg_type"), reading.fields_in(given)
        acted = platform.send_raw(openid, msg_type, fields)
        return shapes.acted_json(platform, openid, acted)


def _add_doing(control: Blueprint, platform: Platform) -> None:
    @control.post("/customers/<openid>/scan")
    def scan(openid: str) -> Response:
        given = reading.payload()
        names = [name for name in ("ticket", "url", "scene") if name in given]
        if len(names) != 1:
            raise BadInputError("ticket", "give one of ticket, url and scene")
        wanted = reading.text_of(given, names[0])
        return shapes.acted_json(platform, openid, acting.scan(platform, openid, wanted))

    @control.post("/customers/<openid>/menu")
    def tap_menu(openid: str) -> Response:
        places = reading.list_of(reading.payload(), "item", 2)
        if not all(isinstance(place, int) for place in places):
            raise BadInputError("item", "must hold the places of the button and of its item")
        return shapes.acted_json(platform, openid, acting.tap_menu(platform, openid, places))


def _add_order(control: Blueprint, platform: Platform) -> None:
    @control.post("/redeliver")
    def redeliver() -> Response:
        given = reading.payload()
        openid, message_id = reading.text_of(given, "openid"), str(given.get("message_id", ""))
        times = reading.whole_of(given, "times", 1, MOST_REDELIVERIES)
        at_once = reading.flag_of(given, "at_once", default=False)
        acted = platform.redeliver(openid, message_id, max(times, 1), at_once=at_once)
        return shapes.acted_json(platform, openid, acted)

    @control.post("/customers/<openid>/hold")
    def hold(openid: str) -> Response:
        platform.hold(openid)
        return jsonify(held=platform.held(openid))

    @control.get("/customers/<openid>/held")
    def list_held(openid: str) -> Response:
        return jsonify(held=platform.held(openid))

    @control.post("/customers/<openid>/release")
    def release(openid: str) -> Response:
        given = reading.payload()
        numbers = given.get("order", [])
        if numbers == "reversed":
            numbers = list(reversed(platform.held(openid)))
        if not isinstance(numbers, list) or not all(isinstance(n, int) for n in numbers):
            raise BadInputError("order", 'must be a list of bubble ids, or "reversed"')
        sent = [parcel.push.bubble_id for parcel in platform.release(openid, numbers)]
        return jsonify(released=sent)
