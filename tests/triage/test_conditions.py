"""Times and customers that a rule is for, and how the conditions of two rules lie to each other."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxdesk.triage.conditions import Unmet, are_apart, covers, unmet_by, unmet_time
from wxdesk.triage.rules import Conditions, CustomerFacts, Newness

SHANGHAI = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 3, 2, tzinfo=SHANGHAI)


def at(day: int, clock: str) -> datetime:
    """An instant of the week of Monday 2026-03-02 in Shanghai; days count from 1."""
    hours, minutes = clock.split(":")
    return (MONDAY + timedelta(days=day - 1, hours=int(hours), minutes=int(minutes))).astimezone(
        UTC
    )


NIGHT = Conditions(weekdays=(5,), minutes_from=22 * 60, minutes_until=2 * 60)


@pytest.mark.parametrize(
    ("conditions", "instant", "unmet"),
    [
        (Conditions(starts_at=at(1, "09:00")), at(1, "08:59"), Unmet.STARTS_AT),
        (Conditions(starts_at=at(1, "09:00")), at(1, "09:00"), None),
        (Conditions(ends_at=at(1, "09:00")), at(1, "08:59"), None),
        (Conditions(ends_at=at(1, "09:00")), at(1, "09:00"), Unmet.ENDS_AT),
        (Conditions(weekdays=(1,)), at(1, "00:00"), None),
        (Conditions(weekdays=(1,)), at(2, "00:00"), Unmet.WEEKDAYS),
        (Conditions(minutes_from=540, minutes_until=1080), at(3, "17:59"), None),
        (Conditions(minutes_from=540, minutes_until=1080), at(3, "18:00"), Unmet.HOURS),
        (Conditions(minutes_from=540), at(3, "23:59"), None),
        (Conditions(minutes_until=540), at(3, "09:00"), Unmet.HOURS),
        (NIGHT, at(5, "22:00"), None),
        (NIGHT, at(6, "01:59"), None),
        (NIGHT, at(6, "02:00"), Unmet.WEEKDAYS),
        (NIGHT, at(5, "01:00"), Unmet.HOURS),
        (Conditions(weekdays=(7,), minutes_from=1380, minutes_until=60), at(1, "00:30"), None),
    ],
)
def test_times_are_those_of_the_desk(conditions, instant, unmet):
    assert unmet_time(conditions, instant, SHANGHAI) is unmet


@pytest.mark.parametrize(
    ("conditions", "customer", "unmet"),
    [
        (Conditions(newness=Newness.NEW), CustomerFacts(is_new=True), None),
        (Conditions(newness=Newness.NEW), CustomerFacts(is_new=False), Unmet.NEWNESS),
        (Conditions(newness=Newness.RETURNING), CustomerFacts(is_new=True), Unmet.NEWNESS),
        (Conditions(contact_tag_ids=(1, 2)), CustomerFacts(tag_ids=frozenset({2, 3})), None),
        (Conditions(contact_tag_ids=(1,)), CustomerFacts(), Unmet.CONTACT_TAGS),
        (Conditions(qr_scenes=("a", "b")), CustomerFacts(qr_scene="b"), None),
        (Conditions(qr_scenes=("a",)), CustomerFacts(), Unmet.QR_SCENES),
        (Conditions(qr_scenes=("a",)), None, Unmet.CUSTOMER_UNKNOWN),
        (Conditions(), None, None),
    ],
)
def test_customers_are_those_that_are_meant(conditions, customer, unmet):
    assert unmet_by(conditions, customer) is unmet


HOURS = st.none() | st.integers(0, 23).map(lambda hour: hour * 60)
SOME = st.builds(
    Conditions,
    starts_at=st.none() | st.integers(1, 3).map(lambda day: at(day, "12:00")),
    ends_at=st.none() | st.integers(4, 7).map(lambda day: at(day, "12:00")),
    weekdays=st.sets(st.integers(1, 7)).map(lambda days: tuple(sorted(days))),
    minutes_from=HOURS,
    minutes_until=st.none() | st.integers(1, 24).map(lambda hour: hour * 60),
    newness=st.sampled_from(list(Newness)),
    contact_tag_ids=st.sets(st.integers(1, 3)).map(tuple),
    qr_scenes=st.sets(st.sampled_from("ab")).map(tuple),
)
CUSTOMERS = st.builds(
    CustomerFacts,
    is_new=st.booleans(),
    tag_ids=st.frozensets(st.integers(1, 3)),
    qr_scene=st.sampled_from(["", "a", "b"]),
)


@given(SOME, SOME, st.integers(0, 8 * 24 * 4), CUSTOMERS)
def test_what_is_told_of_two_rules_is_true_of_every_message(one, other, quarter, customer):
    instant = MONDAY.astimezone(UTC) + timedelta(minutes=15 * quarter)

    def holds(conditions: Conditions) -> bool:
        unmet = unmet_time(conditions, instant, SHANGHAI) or unmet_by(conditions, customer)
        return unmet is None

    if covers(one, other) and holds(other):
        assert holds(one)
    if are_apart(one, other):
        assert not (holds(one) and holds(other))
    assert covers(one, one)
