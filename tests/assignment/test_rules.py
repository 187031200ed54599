"""Who gets the next conversation, and what counts as being here."""

from datetime import UTC, datetime, timedelta

import pytest

from wxdesk.agents.preferences import PREFERENCES, preferences_of, problem_with
from wxdesk.agents.rules import AssignmentMode, Presence, Tabs, presence_of, trusted_from
from wxdesk.assignment.rules import Candidate, Standing, choose, presences

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TURN, LEAST = AssignmentMode.ROUND_ROBIN, AssignmentMode.LEAST_LOADED


def candidate(agent_id: int, load: int = 0, capacity: int = 10, minutes_ago: int | None = None):
    at = None if minutes_ago is None else NOW - timedelta(minutes=minutes_ago)
    return Candidate(agent_id, load, capacity, at)


def chosen(candidates, mode, **who) -> int | None:
    found = choose(candidates, mode, **who)
    return found.agent_id if found else None


class TestChoosing:
    def test_in_turn_whoever_waited_longest_is_next_and_newcomers_come_first(self):
        people = [candidate(1, minutes_ago=5), candidate(2, minutes_ago=9), candidate(3)]
        assert chosen(people[:2], TURN) == 2
        assert chosen(people, TURN) == 3

    def test_the_least_loaded_goes_by_the_share_of_the_capacity(self):
        assert chosen([candidate(1, load=3, capacity=4), candidate(2, load=5)], LEAST) == 2

    def test_equal_loads_go_in_turn(self):
        people = [candidate(1, 2, minutes_ago=1), candidate(2, 2, minutes_ago=3)]
        assert chosen(people, LEAST) == 2

    @pytest.mark.parametrize("mode", [TURN, LEAST])
    def test_nobody_gets_more_than_their_capacity(self, mode):
        assert chosen([candidate(1, load=10)], mode) is None
        assert chosen([candidate(1, load=0, capacity=0)], mode) is None

    def test_the_last_agent_goes_first_with_room_and_else_by_the_order(self):
        people = [candidate(1, minutes_ago=9), candidate(2, minutes_ago=1)]
        assert chosen(people, TURN, preferred=2) == 2
        people[1] = candidate(2, load=10, minutes_ago=1)
        assert chosen(people, TURN, preferred=2) == 1

    def test_who_was_silent_gets_it_back_only_if_nobody_else_has_room(self):
        silent, full = candidate(1), candidate(2, load=10)
        assert chosen([silent, candidate(2, load=9)], TURN, avoided=1, preferred=1) == 2
        assert chosen([silent, full], TURN, avoided=1) == 1
        assert chosen([candidate(1, load=10), full], TURN, avoided=1) is None
        assert chosen([silent], TURN, avoided=1) == 1

    def test_a_team_that_takes_by_hand_gives_nothing(self):
        assert chosen([candidate(1)], AssignmentMode.OFF) is None


class TestPresence:
    @pytest.mark.parametrize(
        ("availability", "tabs", "expected"),
        [
            ("online", Tabs(is_open=True, is_used=True), "online"),
            ("online", Tabs(is_open=True), "away"),
            ("online", Tabs(is_used=True), "offline"),
            ("away", Tabs(is_open=True, is_used=True), "away"),
            ("away", Tabs(), "offline"),
            ("offline", Tabs(is_open=True, is_used=True), "offline"),
        ],
    )
    def test_it_follows_from_the_choice_and_the_tabs(self, availability, tabs, expected):
        assert presence_of(Presence(availability), tabs) is Presence(expected)

    def standing(self, presence="online", availability="online", *, is_active=True) -> Standing:
        return Standing(1, is_active, Presence(availability), Presence(presence))

    def test_only_changes_are_named(self):
        tabs = {1: Tabs(is_open=True, is_used=True)}
        assert presences([self.standing()], tabs, may_trust_absence=True) == {}
        found = presences([self.standing("offline")], tabs, may_trust_absence=True)
        assert found == {1: Presence.ONLINE}

    def test_without_trust_only_a_choice_or_a_deactivation_takes_somebody_off(self):
        look = lambda one: presences([one], {}, may_trust_absence=False)  # noqa: E731
        assert look(self.standing()) == {}
        assert look(self.standing(availability="offline")) == {1: Presence.OFFLINE}
        assert look(self.standing(is_active=False)) == {1: Presence.OFFLINE}

    def test_after_a_gap_between_sweeps_absence_means_nothing_for_a_heartbeats_life(self):
        early = NOW - timedelta(seconds=5)
        assert trusted_from(early, early, NOW) == early
        assert trusted_from(None, None, NOW) == NOW + timedelta(seconds=90)
        gap = NOW - timedelta(seconds=31)
        assert trusted_from(gap, gap, NOW) == NOW + timedelta(seconds=90)


class TestPreferences:
    def test_there_is_a_default_for_each_and_what_is_kept_wins_if_it_is_still_good(self):
        kept = {"undo_seconds": 0, "order": "no such order", "gone": 1}
        found = preferences_of(kept)
        assert found["undo_seconds"] == 0
        assert found["order"] == "deadline"
        assert found.keys() == PREFERENCES.keys()

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("send_key", "shift"),
            ("send_key", 1),
            ("undo_seconds", 11),
            ("undo_seconds", True),
            ("sound_repeat", 1),
            ("slow_alarm_minutes", 0),
            ("no_such", 1),
        ],
    )
    def test_what_can_not_be_chosen(self, name, value):
        assert problem_with(name, value)

    def test_every_default_can_be_chosen(self):
        assert not [name for name, one in PREFERENCES.items() if problem_with(name, one.default)]
