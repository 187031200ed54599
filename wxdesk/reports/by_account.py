"""The report by official account: what came in, who answered it, and how quickly."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from wxdesk.accounts.queries import list_names
from wxdesk.conversations.models import Conversation
from wxdesk.reports.duration_parts import AUTO_ANSWERED, BY_PEOPLE, BY_RULES, RECEIVED
from wxdesk.reports.groups import NO_MESSAGES, OPEN_NOW, Group, build_groups, count_open
from wxdesk.reports.rules import Behind, Column, Filters, Report, Unit, Value
from wxdesk.reports.volumes import Volumes, count_messages, has_messages
from wxdesk.sla.models import SlaClock
from wxdesk.words import say

MESSAGES = (
    Column("received", say("Messages in"), Unit.COUNT, RECEIVED),
    Column("auto_answered", say("Answered by a rule"), Unit.COUNT, AUTO_ANSWERED),
    Column("by_rules", say("Answers of rules"), Unit.COUNT, BY_RULES),
    Column("by_people", say("Answers of people"), Unit.COUNT, BY_PEOPLE),
)
BEHIND = {"received": "in", "auto_answered": "auto_answered", "by_people": "by_people"}


def build(session: Session, filters: Filters, now: datetime) -> Report:
    """The report "accounts"."""
    names = {account.id: account.name for account in list_names(session)}
    open_now = count_open(session, filters, Conversation.account_id)
    counted = {}
    if has_messages(filters):
        counted = {key[0]: it for key, it in count_messages(session, filters, "account_id").items()}

    def more_of(account_id: int | None) -> Sequence[Value]:
        messages = _messages(filters, counted.get(account_id or 0, Volumes()))
        return *messages, open_now.get(account_id, 0)

    group = Group(
        name="accounts",
        title=say("Official accounts"),
        label=say("Account"),
        column=SlaClock.account_id,
        narrow="account",
        names=names,
        members=filters.account_ids or names,
        none_is="",
        more=(*MESSAGES, OPEN_NOW),
        more_of=more_of,
        more_behind=_behind,
        notes=() if has_messages(filters) else (NO_MESSAGES,),
    )
    return build_groups(session, filters, now, group)


def _messages(filters: Filters, it: Volumes) -> tuple[Value, ...]:
    """None for what the filters leave nothing of: with agents only what these wrote is known."""
    if not has_messages(filters):
        return (None, None, None, None)
    if filters.agent_ids:
        return (None, None, None, it.by_people)
    return (it.received, it.auto_answered, it.by_rules, it.by_people)


def _behind(account_id: str) -> dict[str, Behind]:
    return {
        column: Behind("messages", {"what": what, "account": account_id})
        for column, what in BEHIND.items()
    }
