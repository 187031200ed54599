"""The report by agent: what each of them answered and resolved, and how quickly."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from wxdesk.agents.queries import list_agents
from wxdesk.conversations.models import Conversation
from wxdesk.conversations.rules import SenderKind
from wxdesk.reports.groups import NO_MESSAGES, OPEN_NOW, Group, build_groups, count_open
from wxdesk.reports.rules import Behind, Column, Filters, Report, Unit, Value
from wxdesk.reports.volumes import count_messages, has_messages
from wxdesk.sla.models import SlaClock
from wxdesk.words import say

WRITTEN = Column(
    "written",
    say("Answers written"),
    Unit.COUNT,
    say(
        "Messages that the person sent to customers in the period; those that were taken back in "
        "time don't count, parts of a long text count one by one."
    ),
)
HOW = say(
    "A wait belongs to the person whose answer ended it, an episode to whoever resolved it; what "
    "nobody has ended yet belongs to nobody here."
)


def build(session: Session, filters: Filters, now: datetime) -> Report:
    """The report "agents"."""
    people = {agent.id: agent for agent in list_agents(session, with_inactive=True)}
    open_now = count_open(session, filters, Conversation.assignee_id)
    written = _written(session, filters)
    answering = {agent.id for agent in people.values() if agent.is_active and agent.may_reply}
    chosen = set(filters.agent_ids) or answering | set(written or ())

    def more_of(agent_id: int | None) -> Sequence[Value]:
        answers = None if written is None or agent_id is None else written.get(agent_id, 0)
        return answers, open_now.get(agent_id, 0)

    group = Group(
        name="agents",
        title=say("Agents"),
        label=say("Agent"),
        column=SlaClock.agent_id,
        narrow="agent",
        names={agent.id: agent.name for agent in people.values()},
        members=chosen,
        none_is=say("Nobody"),
        more=(WRITTEN, OPEN_NOW),
        more_of=more_of,
        more_behind=_behind_written,
        notes=(HOW,) if has_messages(filters) else (HOW, NO_MESSAGES),
    )
    return build_groups(session, filters, now, group)


def _written(session: Session, filters: Filters) -> dict[int, int] | None:
    """By agent; None where messages can't be counted so."""
    if not has_messages(filters):
        return None
    found = count_messages(session, filters, "sender_kind", "sender_id")
    return {
        sender_id: volumes.by_people
        for (kind, sender_id), volumes in found.items()
        if kind == SenderKind.AGENT.value and volumes.by_people
    }


def _behind_written(agent_id: str) -> dict[str, Behind]:
    if agent_id == "0":
        return {}
    return {"written": Behind("messages", {"what": "by_people", "agent": agent_id})}
