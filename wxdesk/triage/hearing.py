"""What rules hear of a push, the same at the webhook and when a stored message is looked at. Pure.

A code that brings a new follower is a scan first; then a follow. A tapped menu is its id first, and
then its words. What no rule takes may get the notices that go by the customer or the hour.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from wxdesk.satisfaction.rules import read_choice
from wxdesk.triage.rules import Heard, Trigger

FOLLOW, SCAN, CLICK = "subscribe", "scan", "click"
CLICKS = frozenset({CLICK, "scancode_push", "scancode_waitmsg"})
QR_PREFIX = "qrscene_"
LONGEST_KEY = 128
NOTICES = (Trigger.FIRST_MESSAGE, Trigger.OUT_OF_HOURS, Trigger.NOBODY_ONLINE)


def heard_of(
    *, kind: str, event: str, text: str, fields: Mapping[str, Any] | None, openid: str, at: datetime
) -> Heard | None:
    """A push or a stored message, as rules see it; None for what no rule may answer.

    That is what customers say about our service, and all events but follows, scans and clicks.
    `event` "" is read from the fields. Pictures and voices have no text.
    """
    values = fields or {}
    if kind == "event":
        return _event(event or _text_of(values, "Event"), values, openid, at)
    menu_id = _text_of(values, "bizmsgmenuid")
    if read_choice(menu_id) is not None:
        return None
    return Heard(at, openid, text=text if kind == "text" else "", menu_id=menu_id)


def stages(heard: Heard) -> tuple[Trigger, ...]:
    """Which triggers are tried, one after the other; the first that has a rule is answered."""
    if heard.event == FOLLOW:
        return (Trigger.SCAN, Trigger.FOLLOW) if heard.event_key else (Trigger.FOLLOW,)
    if heard.event:
        return (Trigger.SCAN if heard.event == SCAN else Trigger.MENU_CLICK,)
    taps = (Trigger.MENU_TAP,) if heard.menu_id else ()
    texts = (Trigger.TEXT,) if heard.text else ()
    return (*taps, *texts, *NOTICES)


def _event(event: str, values: Mapping[str, Any], openid: str, at: datetime) -> Heard | None:
    name, key = event.lower(), _text_of(values, "EventKey")
    if name == FOLLOW:
        scene = key.removeprefix(QR_PREFIX) if key.startswith(QR_PREFIX) else ""
        return Heard(at, openid, event=FOLLOW, event_key=scene)
    if name == SCAN:
        return Heard(at, openid, event=SCAN, event_key=key)
    if name in CLICKS:
        return Heard(at, openid, event=CLICK, event_key=key)
    return None


def _text_of(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name, "")
    return str(value)[:LONGEST_KEY] if isinstance(value, str | int) else ""
