"""What several reports say in the same words: names of clocks, causes, teams; comparisons."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from sqlalchemy.orm import Session

from wxdesk.accounts.queries import list_names
from wxdesk.agents.queries import list_agents, list_teams
from wxdesk.conversations.rules import Priority
from wxdesk.reports.filters import before_of
from wxdesk.reports.rules import Filters, Value
from wxdesk.sla.rules import BreachCause, Clock
from wxdesk.words import say

Kind = TypeVar("Kind")

CLOCKS = {
    Clock.FIRST_RESPONSE: say("First response"),
    Clock.NEXT_RESPONSE: say("Next response"),
    Clock.RESOLUTION: say("Resolution"),
}
CAUSES = {
    BreachCause.OUT_OF_HOURS: say("Out of hours"),
    BreachCause.ASSIGNED_SILENT: say("Assigned and silent"),
    BreachCause.NOBODY_ONLINE: say("Nobody online"),
    BreachCause.AT_CAPACITY: say("All at capacity"),
    BreachCause.NOT_TAKEN: say("Not taken"),
}
NOT_JUDGED = say("Not judged yet")
PRIORITIES = {
    Priority.URGENT: say("Urgent"),
    Priority.HIGH: say("High"),
    Priority.NORMAL: say("Normal"),
    Priority.LOW: say("Low"),
}
NO_TEAM = say("No team")
NOBODY = say("Nobody")
NOTHING_YET = say("Nothing happened in this period yet.")
SINCE_WAITING = say("Counted in the period in which the customer began to wait.")


@dataclass(frozen=True, slots=True)
class Names:
    """By id; what is not known any more is shown by its number."""

    accounts: dict[int, str]
    teams: dict[int, str]
    agents: dict[int, str]

    def account(self, account_id: int) -> str:
        return self.accounts.get(account_id, f"#{account_id}")

    def team(self, team_id: int | None) -> str:
        return NO_TEAM if team_id is None else self.teams.get(team_id, f"#{team_id}")

    def agent(self, agent_id: int | None) -> str:
        return NOBODY if agent_id is None else self.agents.get(agent_id, f"#{agent_id}")


@dataclass(frozen=True, slots=True)
class Pair(Generic[Kind]):
    """The same numbers of the period and of the one before; None when nobody compares."""

    now: Kind
    before: Kind | None

    def earlier(self, take: Callable[[Kind], Value]) -> Value:
        return None if self.before is None else take(self.before)


def read_names(session: Session) -> Names:
    return Names(
        {account.id: account.name for account in list_names(session)},
        {team.id: team.name for team in list_teams(session)},
        {agent.id: agent.name for agent in list_agents(session, with_inactive=True)},
    )


def compared(filters: Filters, now: datetime, read: Callable[[Filters], Kind]) -> Pair[Kind]:
    """Read the period, and the one before where the filters ask for it."""
    before = before_of(filters, now)
    return Pair(read(filters), None if before is None else read(before))


def share(part: int, whole: int) -> float | None:
    """None for 0/0."""
    return part / whole if whole else None
