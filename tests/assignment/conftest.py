"""Teams, browsers that are open, and customers who wait, for the tests of assignment."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from cast import customer_writes
from sqlalchemy import select, update

from wxdesk.accounts.models import Account
from wxdesk.agents import presence
from wxdesk.agents.models import Agent
from wxdesk.agents.rules import AssignmentMode
from wxdesk.assignment import jobs
from wxdesk.assignment.teams import TeamForm, create_team
from wxdesk.conversations.models import Conversation, Message
from wxdesk.runtime import Runtime

_numbers = itertools.count(1)


@dataclass
class Desk:
    """An account whose new conversations go to a team, and its people."""

    runtime: Runtime
    account: Account
    team_id: int | None = None

    def make_team(
        self,
        *member_ids: int,
        mode: AssignmentMode = AssignmentMode.ROUND_ROBIN,
        name: str = "售前",
        prefers_last_agent: bool = False,
        grace: int = 120,
        silent: int = 0,
        calendar_id: int | None = None,
    ) -> int:
        """A team that gets the account's new conversations."""
        form = TeamForm(name, mode, prefers_last_agent, grace, silent, member_ids, calendar_id)
        with self.runtime.unit_of_work() as uow:
            self.team_id = create_team(uow, form, actor_id=None).id
            uow.session.execute(
                update(Account).where(Account.id == self.account.id).values(team_id=self.team_id)
            )
        return self.team_id

    def come_online(self, *agent_ids: int) -> None:
        """Each opens one browser, and the sweep sees it."""
        self.beat(*agent_ids)
        jobs.sweep_presence()

    def beat(self, *agent_ids: int, tab: str = "tab", is_active: bool = True) -> None:
        for agent_id in agent_ids:
            presence.beat(
                self.runtime.redis, agent_id, tab, is_active=is_active, now=self.runtime.clock()
            )

    def set(self, agent_id: int, **values: object) -> None:
        with self.runtime.unit_of_work() as uow:
            uow.session.execute(update(Agent).where(Agent.id == agent_id).values(**values))

    def writes(self, count: int = 1) -> list[int]:
        """So many new customers write, one after the other; ids of their conversations."""
        ids = []
        for _ in range(count):
            message = customer_writes(
                self.runtime, self.account, openid=f"oCustomer{next(_numbers)}"
            )
            ids.append(message.conversation_id)
            self.runtime.clock.advance(seconds=1)
        return ids

    def assignees(self, ids: Sequence[int]) -> list[int | None]:
        """Who has each, in the order of the ids."""
        return [self.conversation(one).assignee_id for one in ids]

    def conversation(self, conversation_id: int) -> Conversation:
        with self.runtime.reading() as session:
            return session.get_one(Conversation, conversation_id)

    def agent(self, agent_id: int) -> Agent:
        with self.runtime.reading() as session:
            return session.get_one(Agent, agent_id)

    def lines(self, conversation_id: int) -> list[dict]:
        """What happened to a conversation, as its thread tells."""
        with self.runtime.reading() as session:
            rows = session.scalars(
                select(Message)
                .where(Message.conversation_id == conversation_id, Message.kind == "activity")
                .order_by(Message.id)
            )
            return [row.payload for row in rows]

    def actions(self, conversation_id: int) -> list[str]:
        return [line["action"] for line in self.lines(conversation_id)]


@pytest.fixture
def desk(runtime: Runtime, account: Account, team) -> Desk:
    """The standing cast is hired; nobody is online, and no sweep doubts Redis."""
    found = Desk(runtime, account)
    settle(found)
    return found


def settle(desk: Desk) -> None:
    """Sweep until a missing heartbeat means that somebody is gone."""
    for _ in range(5):
        jobs.sweep_presence()
        desk.runtime.clock.advance(seconds=20)
    jobs.sweep_presence()
