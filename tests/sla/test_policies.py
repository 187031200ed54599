"""Policies: their order, versions, what is refused, and that running clocks follow each change."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from cast import conversation_of, customer_writes, entry

from sla.desk import clocks, make_calendar, policy
from wxdesk.inbox.operations import resolve
from wxdesk.intake.operations import record
from wxdesk.plumbing.errors import ConflictError, InvalidInputError, NotFoundError
from wxdesk.plumbing.live import Live
from wxdesk.sla import operations, recomputing
from wxdesk.sla.jobs import check_deadlines
from wxdesk.sla.queries import clocks_of, list_policies, policy_versions
from wxdesk.sla.rules import (
    Action,
    Clock,
    ClockState,
    Conditions,
    Deed,
    PolicyForm,
    Stage,
    Targets,
    When,
    Whom,
)

MINUTE = timedelta(minutes=1)
FIRST = timedelta(minutes=5)
WARN = Stage(
    "w1",
    Clock.FIRST_RESPONSE,
    When.PERCENT,
    75,
    (Action(Deed.NOTIFY, whom=(Whom.ASSIGNEE,)), Action(Deed.REASSIGN, to=None)),
)


def form(name: str = "All", seconds: int = 120, **values: object) -> PolicyForm:
    return PolicyForm(name=name, targets={"normal": Targets(seconds)}, **values)


def change(runtime, policy_id, to):
    with runtime.unit_of_work() as uow:
        return operations.change_policy(uow, policy_id, to)


class TestVersions:
    def test_a_change_is_another_version_and_the_old_one_stays_readable(self, runtime, clock):
        made = policy(runtime, "All", Targets(120))
        clock.advance(minutes=1)
        change(runtime, made.id, form("Everybody", 60, stages=(WARN,)))
        with runtime.reading() as session:
            (current,) = list_policies(session)
            versions = policy_versions(session, made.id)
        assert (current.name, current.version) == ("Everybody", 2)
        assert current.promise.stages == (WARN,)
        assert [
            (it.version, it.promise.targets["normal"].first_response_seconds) for it in versions
        ] == [
            (2, 60),
            (1, 120),
        ]

    def test_saving_the_same_again_and_switching_off_make_no_version(self, runtime, account, clock):
        made = policy(runtime, "All", Targets(120), pauses=True)
        customer_writes(runtime, account)
        change(runtime, made.id, form())
        assert conversation_of(runtime).due_at == clock.now + 2 * MINUTE
        changed = change(runtime, made.id, form(is_active=False))
        assert (changed.version, changed.is_active) == (1, False)
        assert conversation_of(runtime).due_at == clock.now + FIRST

    def test_a_report_can_say_which_version_applied_to_what_has_ended(
        self, runtime, account, team, clock
    ):
        made = policy(runtime, "All", Targets(120))
        message = customer_writes(runtime, account)
        with runtime.unit_of_work() as uow:
            resolve(uow, message.conversation_id)
        change(runtime, made.id, form(seconds=60))
        assert {(it.policy_id, it.policy_version) for it in clocks(runtime)} == {(made.id, 1)}


class TestOrder:
    def test_moving_one_changes_which_promise_wins_at_once(self, runtime, account, clock):
        policy(runtime, "slow", Targets(600))
        quick = policy(runtime, "quick", Targets(60))
        customer_writes(runtime, account)
        assert conversation_of(runtime).due_at == clock.now + 10 * MINUTE
        with runtime.unit_of_work() as uow:
            operations.move_policy(uow, quick.id, 1)
        assert conversation_of(runtime).due_at == clock.now + MINUTE
        with runtime.reading() as session:
            assert [it.name for it in list_policies(session)] == ["quick", "slow"]

    def test_an_archived_one_promises_nothing_and_can_not_be_changed(self, runtime, account, clock):
        made = policy(runtime, "All", Targets(60))
        customer_writes(runtime, account)
        with runtime.unit_of_work() as uow:
            operations.archive_policy(uow, made.id)
        assert conversation_of(runtime).due_at == clock.now + FIRST
        with pytest.raises(NotFoundError):
            change(runtime, made.id, form())

    def test_there_is_a_most(self, runtime, monkeypatch):
        monkeypatch.setattr(operations, "MOST_POLICIES", 1)
        policy(runtime, "one", Targets(60))
        with pytest.raises(ConflictError):
            policy(runtime, "two", Targets(60))


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("values", "field"),
        [
            ({"name": "  "}, "name"),
            ({"targets": {}}, "targets"),
            ({"targets": {"normal": Targets(), "vip": Targets()}}, "targets"),
            ({"targets": {"normal": Targets(59)}}, "targets.normal.first_response_seconds"),
            (
                {"targets": {"normal": Targets(), "high": Targets(60, 60, 61 * 86400)}},
                "targets.high.resolution_seconds",
            ),
            ({"calendar_id": 999}, "calendar_id"),
            ({"conditions": Conditions(account_ids=frozenset({999}))}, "account_ids"),
            ({"conditions": Conditions(team_ids=frozenset({999}))}, "team_ids"),
            ({"conditions": Conditions(tag_ids=frozenset({999}))}, "tag_ids"),
            ({"conditions": Conditions(contact_tag_ids=frozenset({999}))}, "contact_tag_ids"),
            ({"conditions": Conditions(campaign_ids=frozenset({1}))}, "campaign_ids"),
            ({"conditions": Conditions(priorities=frozenset({"x"}))}, "priorities"),
            ({"stages": (WARN, WARN)}, "stages"),
            ({"stages": (Stage("w", None, When.PERCENT, 100, WARN.actions),)}, "stages.0"),
            ({"stages": (Stage("w", None, When.MINUTES_LEFT, -1, WARN.actions),)}, "stages.0"),
            ({"stages": (Stage("w", None, When.PERCENT, 50, ()),)}, "stages.0"),
            (
                {"stages": (Stage("w", None, When.PERCENT, 50, (Action(Deed.TAG, tag_id=9),)),)},
                "stages.0",
            ),
            (
                {"stages": (Stage("w", None, When.PERCENT, 5, (Action(Deed.WEBHOOK, url="x"),)),)},
                "stages.0",
            ),
            (
                {"stages": (Stage("w", None, When.PERCENT, 5, (Action(Deed.REASSIGN, to=9),)),)},
                "stages.0",
            ),
        ],
    )
    def test_the_field_is_named(self, runtime, values, field):
        given = {"name": "x", "targets": {"normal": Targets()}} | values
        with pytest.raises(InvalidInputError) as caught, runtime.unit_of_work() as uow:
            operations.create_policy(uow, PolicyForm(**given))
        assert caught.value.field == field
        with runtime.reading() as session:
            assert list_policies(session) == []

    def test_hours_that_never_open_with_the_reason(self, runtime):
        calendar_id = make_calendar(runtime, [None] * 7)
        with pytest.raises(InvalidInputError) as caught, runtime.unit_of_work() as uow:
            operations.create_policy(uow, form(calendar_id=calendar_id))
        assert caught.value.field == "calendar_id"
        assert "no opening hours" in caught.value.sentence


class TestManyRunningClocks:
    def test_more_than_are_followed_at_once_are_followed_by_the_next_check(
        self, runtime, account, clock, monkeypatch
    ):
        monkeypatch.setattr(recomputing, "BATCH", 2)
        monkeypatch.setattr(recomputing, "MOST_AT_ONCE", 4)
        with runtime.unit_of_work() as uow:
            record(uow, [entry(runtime, account, openid=f"o{n}") for n in range(9)])
        policy(runtime, "All", Targets(60))

        def waiting() -> int:
            found = [it for it in clocks(runtime) if it.clock is Clock.FIRST_RESPONSE]
            return sum(it.deadline_at == clock.now + MINUTE for it in found)

        assert waiting() == 4
        check_deadlines()
        assert waiting() == 9

    def test_whoever_looks_sees_that_deadlines_moved(self, runtime, account):
        message = customer_writes(runtime, account)
        before = conversation_of(runtime).version
        seen = Live(runtime.redis).last_id()
        policy(runtime, "All", Targets(60))
        assert conversation_of(runtime).version > before
        told = {topic for _, topics in Live(runtime.redis).since(seen) for topic in topics}
        assert f"conversation:{message.conversation_id}" in told


class TestAtOnce:
    def test_no_clock_that_begins_meanwhile_keeps_the_old_promise(self, runtime, account, clock):
        """Customers write and the check runs while supervisors change the promises."""
        made = policy(runtime, "All", Targets(600))

        def write(letter: str) -> None:
            for number in range(10):
                customer_writes(runtime, account, openid=f"{letter}{number}")

        def change_often(_: str) -> None:
            for seconds in range(60, 66):
                change(runtime, made.id, form(seconds=seconds))

        actions = [write, write, change_often, lambda _: check_deadlines()]
        with ThreadPoolExecutor(len(actions)) as pool:
            list(pool.map(lambda each: each[0](each[1]), zip(actions, "opqr", strict=True)))
        check_deadlines()  # those in other hands at the moment of a change were marked
        waits = [it for it in clocks(runtime) if it.clock is Clock.FIRST_RESPONSE]
        assert len(waits) == 20
        assert {it.policy_version for it in waits} == {7}
        assert {it.deadline_at - it.started_at for it in waits} == {timedelta(seconds=65)}


class TestClocksOf:
    def test_a_page_of_the_inbox_gets_every_running_clock_with_its_warning(
        self, runtime, account, clock
    ):
        made = policy(runtime, "All", Targets(400, 600, 3600), stages=(WARN,))
        message = customer_writes(runtime, account)
        with runtime.reading() as session:
            found = clocks_of(session, [message.conversation_id, 10**9])
        first, resolution = sorted(found[message.conversation_id], key=lambda it: it.clock)
        assert (first.clock, first.state) == (Clock.FIRST_RESPONSE, ClockState.RUNNING)
        assert first.warn_at == clock.now + 5 * MINUTE
        assert (first.policy_name, first.policy_id, first.policy_version) == ("All", made.id, 1)
        assert (resolution.deadline_at, resolution.warn_at) == (clock.now + 60 * MINUTE, None)
