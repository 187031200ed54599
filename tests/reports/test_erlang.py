"""Erlang C against published tables and examples, and against the formula as it is printed."""

from fractions import Fraction
from math import exp, factorial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxdesk.reports.erlang import (
    MOST_AGENTS,
    Load,
    Target,
    erlang_b,
    erlang_c,
    needed,
    service,
)

LOADS = st.builds(
    Load,
    per_hour=st.floats(min_value=0.1, max_value=500),
    handling_seconds=st.floats(min_value=5, max_value=900),
)
TARGETS = st.builds(
    Target,
    share=st.floats(min_value=0.05, max_value=0.99),
    seconds=st.floats(min_value=0, max_value=600),
)


@pytest.mark.parametrize(
    ("servers", "erlangs"),
    [(1, 0.0101), (5, 1.361), (10, 4.461), (20, 12.03), (50, 37.90), (100, 84.06)],
)
def test_one_in_a_hundred_is_blocked_where_the_published_erlang_b_table_says_so(servers, erlangs):
    """The column "1 %" of the Erlang B table that all textbooks of teletraffic print."""
    assert erlang_b(erlangs, servers) == pytest.approx(0.01, rel=2e-3)


@pytest.mark.parametrize(
    ("erlangs", "servers", "waiting"),
    [
        (0.5, 1, 0.5),  # one server: whoever comes waits as often as it is busy
        (1, 2, 1 / 3),
        (2, 3, 4 / 9),
        (4, 5, 0.5541),
        (8, 10, 0.4092),
        (10, 11, 0.6821182),  # CRAN's package ErlangC 0.1.0, its README
        (10, 14, 0.1741319),
        (48, 55, 0.239),  # Westbay Engineers, "The Erlang-C Formula", the worked example
    ],
)
def test_the_share_that_waits_is_that_of_published_examples(erlangs, servers, waiting):
    assert erlang_c(erlangs, servers) == pytest.approx(waiting, rel=2e-3)


def test_a_hundred_questions_in_half_an_hour_need_the_fourteen_of_the_published_example():
    """CRAN's package ErlangC 0.1.0: 100 in 30 minutes, 180 s each, 80 % within 20 s, at most 85 %
    busy: 14 agents; 13 would miss the 80 % by a hair."""
    load = Load(per_hour=200, handling_seconds=180)
    found = service(load, 14, 20)
    assert found.within == pytest.approx(0.88835, abs=1e-5)
    assert found.wait_seconds == pytest.approx(7.83593701177724)
    assert found.occupancy == pytest.approx(0.7142857, abs=1e-7)
    assert needed(load, Target(0.8, 20)) == 14
    assert service(load, 13, 20).within < 0.8


def test_the_worked_example_of_55_agents_comes_out():
    """Westbay Engineers: 360 in half an hour, 4 minutes each, 55 agents, 15 seconds."""
    found = service(Load(per_hour=720, handling_seconds=240), 55, 15)
    assert found.within == pytest.approx(0.845, abs=1e-3)
    assert found.wait_seconds == pytest.approx(8.2, abs=0.05)
    assert found.occupancy == pytest.approx(0.873, abs=1e-3)


@given(erlangs=st.integers(1, 30), more=st.integers(1, 20))
def test_the_share_that_waits_is_exactly_the_formula_of_the_textbook(erlangs, more):
    servers = erlangs + more
    last = Fraction(erlangs**servers, factorial(servers)) * Fraction(servers, more)
    others = sum(Fraction(erlangs**number, factorial(number)) for number in range(servers))
    assert erlang_c(erlangs, servers) == pytest.approx(float(last / (others + last)), rel=1e-9)


@given(load=LOADS, target=TARGETS)
def test_what_is_needed_keeps_the_target_and_one_fewer_does_not(load, target):
    servers = needed(load, target)
    assert servers is not None
    assert service(load, servers, target.seconds).within >= target.share
    assert service(load, servers - 1, target.seconds).within < target.share


@given(load=LOADS, more=st.integers(0, 5))
def test_more_people_never_make_anybody_wait_longer(load, more):
    servers = int(load.erlangs) + 1 + more
    few, many = service(load, servers, 30), service(load, servers + 1, 30)
    assert many.within >= few.within
    assert many.wait_seconds is not None
    assert few.wait_seconds is None or many.wait_seconds <= few.wait_seconds


def test_the_mean_wait_is_what_the_distribution_of_waits_sums_up_to():
    load, servers, step = Load(per_hour=60, handling_seconds=300), 7, 0.5
    waiting, rate = erlang_c(load.erlangs, servers), (servers - load.erlangs) / 300
    summed = sum(waiting * exp(-rate * number * step) * step for number in range(20_000))
    mean = service(load, servers, 30).wait_seconds
    assert mean == pytest.approx(summed, rel=1e-2)


def test_too_few_people_have_a_queue_without_end_and_no_mean_wait():
    found = service(Load(per_hour=120, handling_seconds=60), 2, 30)
    assert (found.within, found.wait_seconds, found.occupancy) == (0.0, None, 1.0)


def test_nobody_is_needed_where_nobody_asks():
    quiet = Load(per_hour=0, handling_seconds=120)
    assert needed(quiet, Target(0.8, 20)) == 0
    assert service(quiet, 0, 20).within == 1.0
    assert service(quiet, 0, 20).occupancy is None


def test_a_load_beyond_all_bounds_is_told_and_not_counted_for_ever():
    assert needed(Load(per_hour=3600, handling_seconds=MOST_AGENTS), Target(0.8, 20)) is None
