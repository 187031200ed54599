"""Tags and teams that policies name, and changes of both at once."""

import pytest
from cast import conversation_of, customer_writes
from sqlalchemy import select

from sla.desk import beside, office, policy
from wxdesk.agents.models import Team
from wxdesk.assignment.teams import delete_team
from wxdesk.calendars.hours import read_intervals
from wxdesk.calendars.operations import CalendarForm, change_calendar, remove_days, set_days
from wxdesk.calendars.rules import DayKind, OwnDay
from wxdesk.conversations.models import ConversationTagging
from wxdesk.conversations.operations import changed, get_locked
from wxdesk.conversations.tagging import change_tags, create_tag, delete_tag, merge_tags
from wxdesk.plumbing.errors import ConflictError
from wxdesk.sla import operations
from wxdesk.sla.checking import check_due
from wxdesk.sla.queries import list_policies, policy_versions
from wxdesk.sla.rules import Action, Conditions, Deed, PolicyForm, Stage, Targets, When

LATE = When.BREACHED_MINUTES


def tags(runtime, *names: str) -> list[int]:
    with runtime.unit_of_work() as uow:
        return [create_tag(uow, name).id for name in names]


def puts(*actions: Action) -> tuple[Stage, ...]:
    return (Stage("s1", None, LATE, 0, actions),)


def put_on(uow, conversation_id: int, name: str) -> None:
    conversation, contact = get_locked(uow, conversation_id)
    change_tags(uow, conversation, add=[name], remove=[], by=None, may_make=False)
    changed(uow, conversation, contact)


def taggings(runtime) -> list[int]:
    with runtime.reading() as session:
        return list(session.scalars(select(ConversationTagging.tag_id)))


class TestMergedTags:
    def test_policies_get_a_version_with_the_tag_that_stays_and_can_be_saved(self, runtime):
        gone, stays, other = tags(runtime, "退钱", "退款", "物流")
        conditions = Conditions(tag_ids=frozenset({gone, other}))
        stages = puts(Action(Deed.TAG, tag_id=gone), Action(Deed.TAG, tag_id=other))
        made = policy(runtime, "A", Targets(60), conditions=conditions, stages=stages)
        policy(runtime, "B", Targets(60), conditions=Conditions(tag_ids=frozenset({other})))
        with runtime.unit_of_work() as uow:
            merge_tags(uow, gone, stays)
        with runtime.reading() as session:
            first, second = list_policies(session)
            versions = policy_versions(session, made.id)
        assert (first.version, second.version) == (2, 1)
        assert first.promise.conditions.tag_ids == {stays, other}
        assert [it.tag_id for it in first.promise.stages[0].actions] == [stays, other]
        assert versions[1].promise.conditions.tag_ids == {gone, other}
        with runtime.unit_of_work() as uow:
            form = PolicyForm("A", {"normal": Targets(90)}, first.promise.conditions)
            assert operations.change_policy(uow, made.id, form).version == 3

    def test_an_archived_policy_stays_as_it_was(self, runtime):
        gone, stays = tags(runtime, "退钱", "退款")
        conditions = Conditions(tag_ids=frozenset({gone}))
        made = policy(runtime, "A", Targets(60), conditions=conditions)
        with runtime.unit_of_work() as uow:
            operations.archive_policy(uow, made.id)
        with runtime.unit_of_work() as uow:
            merge_tags(uow, gone, stays)
        with runtime.reading() as session:
            assert [it.version for it in policy_versions(session, made.id)] == [1]


class TestRemoval:
    @pytest.mark.parametrize("is_active", [True, False])
    @pytest.mark.parametrize("where", ["conditions", "stages"])
    def test_a_tag_that_a_policy_names_stays(self, runtime, account, where, is_active):
        (tag_id,) = tags(runtime, "急")
        message = customer_writes(runtime, account)
        with runtime.unit_of_work() as uow:
            put_on(uow, message.conversation_id, "急")
        values = {
            "conditions": Conditions(tag_ids=frozenset({tag_id})),
            "stages": puts(Action(Deed.TAG, tag_id=tag_id)),
        }
        policy(runtime, "VIP", Targets(60), is_active=is_active, **{where: values[where]})
        with pytest.raises(ConflictError, match="VIP"), runtime.unit_of_work() as uow:
            delete_tag(uow, tag_id)
        assert taggings(runtime) == [tag_id]

    @pytest.mark.parametrize("where", ["conditions", "stages"])
    def test_a_team_that_a_policy_names_stays(self, runtime, where):
        with runtime.unit_of_work() as uow:
            team = Team(name="VIP", created_at=uow.now)
            uow.session.add(team)
        values = {
            "conditions": Conditions(team_ids=frozenset({team.id})),
            "stages": puts(Action(Deed.REASSIGN, to=team.id)),
        }
        policy(runtime, "quick", Targets(60), **{where: values[where]})
        with pytest.raises(ConflictError, match="quick"), runtime.unit_of_work() as uow:
            delete_team(uow, team.id, actor_id=None)
        with runtime.reading() as session:
            assert session.get(Team, team.id) is not None

    def test_what_only_an_archived_policy_names_goes(self, runtime):
        (tag_id,) = tags(runtime, "急")
        made = policy(runtime, "A", Targets(60), stages=puts(Action(Deed.TAG, tag_id=tag_id)))
        with runtime.unit_of_work() as uow:
            operations.archive_policy(uow, made.id)
        with runtime.unit_of_work() as uow:
            assert delete_tag(uow, tag_id) == 0

    def test_many_policies_are_not_all_named(self, runtime):
        (tag_id,) = tags(runtime, "急")
        for number in range(6):
            conditions = Conditions(tag_ids=frozenset({tag_id}))
            policy(runtime, f"P{number}", Targets(60), conditions=conditions)
        with pytest.raises(ConflictError, match="P4 …;"), runtime.unit_of_work() as uow:
            delete_tag(uow, tag_id)


def change_week(uow, calendar_id: int) -> None:
    form = CalendarForm("x", "Asia/Shanghai", (read_intervals("08:00-20:00"),) * 7)
    change_calendar(uow, calendar_id, form, actor_id=None)


def close_a_day(uow, calendar_id: int) -> None:
    day = OwnDay(DayKind.CLOSED)
    set_days(uow, calendar_id, {uow.now.date(): day}, actor_id=None)


def open_a_day(uow, calendar_id: int) -> None:
    remove_days(uow, calendar_id, {uow.now.date()}, actor_id=None)


class TestAtOnce:
    @pytest.mark.parametrize("change", [change_week, close_a_day, open_a_day])
    def test_a_calendar_is_saved_while_a_policy_with_it_is_saved(self, runtime, change):
        calendar_id = office(runtime)
        if change is open_a_day:
            with runtime.unit_of_work() as uow:
                close_a_day(uow, calendar_id)
        form = PolicyForm("A", {"normal": Targets(60)}, calendar_id=calendar_id)
        beside(
            runtime,
            lambda uow: change(uow, calendar_id),
            lambda uow: operations.create_policy(uow, form),
        )
        with runtime.reading() as session:
            assert [it.name for it in list_policies(session)] == ["A"]

    def test_a_tag_is_merged_while_a_stage_puts_it_on(self, runtime, account, clock):
        gone, stays = tags(runtime, "迟", "超时")
        policy(runtime, "A", Targets(60), stages=puts(Action(Deed.TAG, tag_id=gone)))
        customer_writes(runtime, account)
        clock.advance(minutes=2)
        beside(
            runtime,
            lambda uow: merge_tags(uow, gone, stays),
            lambda uow: check_due(uow, 10),
        )
        for _ in range(2):  # what the change had to leave is followed first, then done
            with runtime.unit_of_work() as uow:
                check_due(uow, 10)
        assert taggings(runtime) == [stays]

    @pytest.mark.parametrize("is_merged", [True, False])
    def test_an_agent_puts_a_tag_on_while_it_goes(self, runtime, account, is_merged):
        gone, stays = tags(runtime, "迟", "超时")
        message = customer_writes(runtime, account)
        beside(
            runtime,
            lambda uow: put_on(uow, message.conversation_id, "迟"),
            lambda uow: merge_tags(uow, gone, stays) if is_merged else delete_tag(uow, gone),
        )
        assert taggings(runtime) == ([stays] if is_merged else [])
        assert conversation_of(runtime).due_at is not None
