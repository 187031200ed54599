"""The report by team: what came to each of them, and how quickly it was answered."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from wxdesk.agents.queries import list_teams
from wxdesk.conversations.models import Conversation
from wxdesk.reports.groups import OPEN_NOW, Group, build_groups, count_open
from wxdesk.reports.parts import NO_TEAM
from wxdesk.reports.rules import Filters, Report
from wxdesk.sla.models import SlaClock
from wxdesk.words import say

HOW = say(
    "A wait belongs to the team that the conversation was with when it ended, or is with now. "
    "Messages have no team: the waits tell how much came in."
)


def build(session: Session, filters: Filters, now: datetime) -> Report:
    """The report "teams"."""
    names = {team.id: team.name for team in list_teams(session)}
    open_now = count_open(session, filters, Conversation.team_id)
    group = Group(
        name="teams",
        title=say("Teams"),
        label=say("Team"),
        column=SlaClock.team_id,
        narrow="team",
        names=names,
        members=filters.team_ids or names,
        none_is=NO_TEAM,
        more=(OPEN_NOW,),
        more_of=lambda team_id: (open_now.get(team_id, 0),),
        notes=(HOW,),
    )
    return build_groups(session, filters, now, group)
