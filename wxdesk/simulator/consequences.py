"""What a customer's act changes for them: whether they follow, and the reply window."""

from __future__ import annotations

from collections.abc import Mapping

from wxdesk.simulator.errors import BadInputError
from wxdesk.simulator.records import Customer
from wxdesk.simulator.state import State
from wxdesk.simulator.windows import CLOSED, OPENING_EVENTS


def wrote(state: State, customer: Customer, *, is_menu_tap: bool) -> None:
    """A message opens the reply window; BadInputError from who does not follow."""
    if not customer.is_following:
        raise BadInputError("openid", "does not follow the account, so can't write to it")
    now = state.clock()
    window = customer.window
    customer.window = window.after_event(now) if is_menu_tap else window.after_message(now)


def happened(state: State, customer: Customer, fields: Mapping[str, object]) -> None:
    """An event: following, leaving, and the reply window that some events open."""
    event, key = str(fields.get("Event", "")).lower(), str(fields.get("EventKey", ""))
    if event == "subscribe":
        _follow(state, customer, key)
    if event == "unsubscribe":
        customer.is_following, customer.window = False, CLOSED
        customer.subscribed_at, customer.tag_ids = None, []
    if event in OPENING_EVENTS:
        customer.window = customer.window.after_event(state.clock())


def _follow(state: State, customer: Customer, key: str) -> None:
    scene = key.removeprefix("qrscene_") if key.startswith("qrscene_") else ""
    customer.is_following, customer.subscribed_at = True, state.clock()
    customer.qr_scene = scene
    customer.subscribe_scene = "ADD_SCENE_QR_CODE" if scene else "ADD_SCENE_SEARCH"
