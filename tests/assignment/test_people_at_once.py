"""Admins who act at the same moment."""

import threading

from sqlalchemy import select

from wxdesk.agents.models import Agent
from wxdesk.agents.rules import Role
from wxdesk.assignment import jobs, people
from wxdesk.conversations.assigning import claim
from wxdesk.plumbing.errors import InvalidInputError


def test_two_admins_who_remove_each_other_leave_one(desk, team):
    desk.set(team.zhou, role=Role.ADMIN)
    outcomes: list[str] = []
    together = threading.Barrier(2)

    def remove(agent_id: int, actor_id: int) -> None:
        together.wait()
        try:
            with desk.runtime.unit_of_work() as uow:
                people.deactivate(uow, agent_id, actor_id=actor_id)
            outcomes.append("done")
        except InvalidInputError:
            outcomes.append("refused")

    threads = [
        threading.Thread(target=remove, args=(team.admin, team.zhou)),
        threading.Thread(target=remove, args=(team.zhou, team.admin)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == ["done", "refused"]
    with desk.runtime.reading() as session:
        left = session.scalars(select(Agent.id).where(Agent.role == Role.ADMIN, Agent.is_active))
        assert len(left.all()) == 1


def test_who_is_deactivated_while_they_claim_keeps_nothing(desk, team):
    """Claims do not wait for the deactivation, and the sweep finds what slipped through."""
    ids = desk.writes(6)
    together = threading.Barrier(2)

    def take() -> None:
        together.wait()
        for one in ids:
            try:
                with desk.runtime.unit_of_work() as uow:
                    claim(uow, one, team.lin)
            except InvalidInputError:
                return

    thread = threading.Thread(target=take)
    thread.start()
    together.wait()
    with desk.runtime.unit_of_work() as uow:
        people.deactivate(uow, team.lin, actor_id=team.admin)
    thread.join(30)
    jobs.sweep_presence()
    assert desk.assignees(ids) == [None] * 6
