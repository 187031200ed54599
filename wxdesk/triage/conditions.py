"""Whether a rule's conditions hold, and how those of two rules lie to each other. Pure.

Days and hours are compared as sets of the week's minutes, as one number with a bit for each.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, tzinfo
from enum import StrEnum
from functools import lru_cache

from wxdesk.triage.rules import Conditions, CustomerFacts, Newness

DAY = 24 * 60
WEEK = 7 * DAY
WHOLE_WEEK = (1 << WEEK) - 1


class Unmet(StrEnum):
    """Which condition does not hold; `customer_unknown`: the database could not be asked."""

    STARTS_AT = "starts_at"
    ENDS_AT = "ends_at"
    WEEKDAYS = "weekdays"
    HOURS = "hours"
    CONTACT_TAGS = "contact_tags"
    NEWNESS = "newness"
    QR_SCENES = "qr_scenes"
    CUSTOMER_UNKNOWN = "customer_unknown"


def unmet_time(it: Conditions, at: datetime, zone: tzinfo) -> Unmet | None:
    """The first condition on time that fails at this instant."""
    if it.starts_at is not None and at < it.starts_at:
        return Unmet.STARTS_AT
    if it.ends_at is not None and at >= it.ends_at:
        return Unmet.ENDS_AT
    if not it.weekdays and it.minutes_from is None and it.minutes_until is None:
        return None
    local = at.astimezone(zone)
    minute = local.weekday() * DAY + local.hour * 60 + local.minute
    if minutes_of(it) >> minute & 1:
        return None
    is_day = minutes_of(replace(it, minutes_from=None, minutes_until=None)) >> minute & 1
    return Unmet.HOURS if is_day else Unmet.WEEKDAYS


def unmet_by(it: Conditions, customer: CustomerFacts | None) -> Unmet | None:
    """The first condition on the customer that fails; None is a customer nobody can tell about."""
    if not it.needs_customer:
        return None
    if customer is None:
        return Unmet.CUSTOMER_UNKNOWN
    if it.newness is not Newness.ANY and customer.is_new != (it.newness is Newness.NEW):
        return Unmet.NEWNESS
    if it.contact_tag_ids and customer.tag_ids.isdisjoint(it.contact_tag_ids):
        return Unmet.CONTACT_TAGS
    if it.qr_scenes and customer.qr_scene not in it.qr_scenes:
        return Unmet.QR_SCENES
    return None


def covers(wide: Conditions, narrow: Conditions) -> bool:
    """Whether the first hold whenever the second do."""
    return (
        _starts(wide) <= _starts(narrow)
        and _ends(wide) >= _ends(narrow)
        and not minutes_of(narrow) & ~minutes_of(wide)
        and wide.newness in (Newness.ANY, narrow.newness)
        and _holds_all(wide.contact_tag_ids, narrow.contact_tag_ids)
        and _holds_all(wide.qr_scenes, narrow.qr_scenes)
    )


def are_apart(one: Conditions, other: Conditions) -> bool:
    """Whether both can never hold for the same message. A customer can have several tags."""
    return (
        _ends(one) <= _starts(other)
        or _ends(other) <= _starts(one)
        or not minutes_of(one) & minutes_of(other)
        or {one.newness, other.newness} == {Newness.NEW, Newness.RETURNING}
        or bool(one.qr_scenes and other.qr_scenes and not set(one.qr_scenes) & set(other.qr_scenes))
    )


def minutes_of(it: Conditions) -> int:
    """The week's minutes in which it may answer; a night belongs to the day on which it began."""
    return _minutes(it.weekdays, it.minutes_from or 0, it.minutes_until)


@lru_cache(maxsize=1_000)
def _minutes(weekdays: tuple[int, ...], first: int, until: int | None) -> int:
    end = DAY if until is None else until
    length = end - first if end > first else end + DAY - first
    day = ((1 << length) - 1) << first
    found = 0
    for weekday in weekdays or range(1, 8):
        found |= day << ((weekday - 1) * DAY)
    return found & WHOLE_WEEK | found >> WEEK


def _starts(it: Conditions) -> float:
    return it.starts_at.timestamp() if it.starts_at else float("-inf")


def _ends(it: Conditions) -> float:
    return it.ends_at.timestamp() if it.ends_at else float("inf")


def _holds_all(wide: tuple[object, ...], narrow: tuple[object, ...]) -> bool:
    return not wide or (bool(narrow) and set(narrow) <= set(wide))
