"""What the API tells of a conversation's three clocks, and the queue that follows from them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cast import agent_answers, conversation_of, customer_writes
from sqlalchemy import select

from wxdesk.conversations.lifecycle import pend, set_priority
from wxdesk.conversations.rules import Priority
from wxdesk.inbox.operations import claim_next, resolve
from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.operations import claim_delivery
from wxdesk.outbound.settling import settle_sent
from wxdesk.plumbing.clock import iso
from wxdesk.sla.jobs import check_deadlines
from wxdesk.sla.operations import create_policy
from wxdesk.sla.rules import Action, Clock, Deed, PolicyForm, Stage, Targets, When, Whom

WARN = Action(Deed.NOTIFY, (Whom.ASSIGNEE,))


@pytest.fixture
def promise(runtime):
    """First response in 10 minutes, the next in 20, resolved in an hour; a warning at 40 %."""
    form = PolicyForm(
        "会员",
        {
            Priority.NORMAL: Targets(600, 1200, 3600),
            Priority.LOW: Targets(7200, None, None),
        },
        stages=(Stage("w1", Clock.FIRST_RESPONSE, When.PERCENT, 40, (WARN,)),),
    )
    with runtime.unit_of_work() as uow:
        return create_policy(uow, form).id


def shown(api, message) -> dict:
    return api.get(f"/conversations/{message.conversation_id}").json


def is_accepted(runtime, answer_id: int) -> None:
    """WeChat takes the answer now."""
    with runtime.unit_of_work() as uow:
        query = select(DeliveryRow.id).where(DeliveryRow.message_id == answer_id)
        delivery_id = uow.session.scalars(query).one()
        assert claim_delivery(uow, delivery_id) is not None
        settle_sent(uow, delivery_id)


def after(moment, **units: float) -> str | None:
    return iso(moment + timedelta(**units))


def test_without_a_policy_the_resolution_runs_and_promises_nothing(runtime, account, lin):
    found = shown(lin, customer_writes(runtime, account))
    assert found["deadlines"]["first_response"] == found["due_at"]
    assert found["deadlines"]["resolution"] is None
    assert found["clocks"]["resolution"]["state"] == "running"
    assert found["clocks"]["resolution"]["deadline_at"] is None
    assert found["clocks"]["next_response"] is None
    assert found["clocks"]["first_response"]["policy"] is None


def test_each_clock_says_when_it_is_due_from_when_to_warn_and_whose_promise_it_is(
    runtime, account, lin, clock, promise
):
    began = clock.now
    found = shown(lin, customer_writes(runtime, account))
    first, resolution = found["clocks"]["first_response"], found["clocks"]["resolution"]
    assert found["deadlines"] == {
        "first_response": after(began, minutes=10),
        "next_response": None,
        "resolution": after(began, hours=1),
    }
    assert found["due_at"] == after(began, minutes=10)
    assert first["started_at"] == iso(began)
    assert first["warn_at"] == after(began, minutes=4)
    assert resolution["warn_at"] is None
    assert first["policy"] == {"id": promise, "name": "会员", "version": 1}


def test_an_answered_clock_is_met_and_the_resolution_is_what_comes_next(
    runtime, account, lin, team, clock, promise
):
    began = clock.now
    message = customer_writes(runtime, account)
    answer_id = agent_answers(runtime, message, team.lin)
    clock.advance(minutes=3)
    is_accepted(runtime, answer_id)
    found = shown(lin, message)
    assert found["clocks"]["first_response"]["state"] == "met"
    assert found["clocks"]["first_response"]["met_at"] == after(began, minutes=3)
    assert found["due_at"] == found["deadlines"]["resolution"] == after(began, hours=1)


def test_a_late_end_is_shown_as_late(runtime, account, lin, team, clock, promise):
    began = clock.now
    message = customer_writes(runtime, account)
    clock.advance(minutes=61)
    check_deadlines()
    with runtime.unit_of_work() as uow:
        resolve(uow, message.conversation_id, agent_id=team.lin)
    found = shown(lin, message)["clocks"]
    assert found["resolution"]["state"] == "met"
    assert found["resolution"]["met_at"] == after(began, minutes=61)
    assert found["resolution"]["breached_at"] == after(began, hours=1)
    assert found["first_response"]["state"] == "stopped"
    assert found["first_response"]["breached_at"] == after(began, minutes=10)


def test_a_resting_conversation_has_no_deadline_and_says_what_is_left(
    runtime, account, lin, team, clock, promise
):
    message = customer_writes(runtime, account)
    clock.advance(minutes=3)
    with runtime.unit_of_work() as uow:
        pend(uow, message.conversation_id, agent_id=team.lin)
    clock.advance(hours=5)
    check_deadlines()
    found = shown(lin, message)
    assert found["status"] == "pending"
    assert found["is_breached"] is False
    assert found["due_at"] is None
    assert set(found["deadlines"].values()) == {None}
    assert found["clocks"]["first_response"]["state"] == "paused"
    assert found["clocks"]["first_response"]["remaining_seconds"] == 7 * 60
    assert found["clocks"]["resolution"]["remaining_seconds"] == 57 * 60


def test_the_next_one_is_who_is_due_first_be_it_for_the_resolution(
    runtime, account, lin, team, clock, promise
):
    answered = customer_writes(runtime, account, openid="oAnswered")
    answer_id = agent_answers(runtime, answered, team.mei)
    is_accepted(runtime, answer_id)
    lin.post(f"/conversations/{answered.conversation_id}/assign", {"assignee": None})
    clock.advance(minutes=55)  # the resolution is due in 5 minutes
    asking = customer_writes(runtime, account, openid="oAsking")  # the answer in 10
    listed = lin.get("/conversations").json["items"]
    assert [item["openid"] for item in listed] == ["oAnswered", "oAsking"]
    with runtime.unit_of_work() as uow:
        assert claim_next(uow, team.lin) == answered.conversation_id
    with runtime.unit_of_work() as uow:
        assert claim_next(uow, team.lin) == asking.conversation_id


def test_a_priority_without_a_promise_goes_behind_all_that_have_one(
    runtime, account, team, clock, promise
):
    first = customer_writes(runtime, account, openid="oFirst")
    with runtime.unit_of_work() as uow:
        set_priority(uow, first.conversation_id, Priority.LOW, agent_id=team.lin)
    clock.advance(minutes=1)
    second = customer_writes(runtime, account, openid="oSecond")
    assert conversation_of(runtime, "oFirst").due_at > conversation_of(runtime, "oSecond").due_at
    with runtime.unit_of_work() as uow:
        assert claim_next(uow, team.lin) == second.conversation_id
