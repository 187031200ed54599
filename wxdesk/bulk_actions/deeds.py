"""What is to be done to each conversation of a run, read from JSON and checked once for all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from wxdesk.agents.models import Agent
from wxdesk.agents.queries import team_names
from wxdesk.agents.rules import may
from wxdesk.bulk_actions.rules import BulkAction
from wxdesk.contacts.inputs import cleaned_names
from wxdesk.conversations.models import ConversationTag
from wxdesk.conversations.rules import LONGEST_SNOOZE, Priority, printable
from wxdesk.inbox.then import instant_of
from wxdesk.outbound.rules import text_problem
from wxdesk.plumbing.clock import iso
from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.plumbing.http import LARGEST_ID
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.wechat.splitting import MOST_BYTES
from wxdesk.words import say

MOST_NAMES = 20


@dataclass(frozen=True, slots=True)
class Deed:
    """One action with its arguments; which of them count depends on the action.

    `even_waiting`: end or snooze also where a customer waits for an answer. `has_team`: the team
    is changed, to none with `team_id` None. `is_held`: who can't be answered gets the answer when
    they write again.
    """

    action: BulkAction
    even_waiting: bool = False
    until: datetime | None = None
    assignee_id: int | None = None
    team_id: int | None = None
    has_team: bool = False
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    priority: Priority = Priority.NORMAL
    is_spam: bool = True
    text: str = ""
    is_held: bool = False


def read_deed(action: BulkAction, given: Mapping[str, Any], agent_id: int) -> Deed:
    """Of the JSON object `arguments`; InvalidInputError names `arguments.<name>`."""
    unknown = sorted(set(map(str, given)) - set(NAMES[action]))
    if unknown:
        raise _wrong(unknown[0][:40], say("there is no argument of this name"))
    if action is BulkAction.RESOLVE:
        return Deed(action, even_waiting=_flag(given, "even_waiting"))
    if action is BulkAction.SNOOZE:
        return _snooze(given)
    if action is BulkAction.ASSIGN:
        return _assign(given, agent_id)
    if action is BulkAction.TAG:
        return _tag(given)
    if action is BulkAction.PRIORITY:
        return Deed(action, priority=_priority(given))
    if action is BulkAction.SPAM:
        return Deed(action, is_spam=_flag(given, "is_spam", is_needed=True))
    return _reply(given)


def stored(deed: Deed) -> dict[str, Any]:
    """The arguments again, as `read_deed` takes them at any time."""
    it = deed
    every: dict[str, Any] = {
        "even_waiting": it.even_waiting,
        "until": iso(it.until),
        "assignee": it.assignee_id,
        "add": list(it.add),
        "remove": list(it.remove),
        "priority": it.priority.value,
        "is_spam": it.is_spam,
        "text": it.text,
        "hold": it.is_held,
    }
    if it.has_team:
        every["team"] = it.team_id
    return {name: every[name] for name in NAMES[it.action] if name in every}


def check(uow: UnitOfWork, deed: Deed, agent: Agent) -> None:
    """Refuse at the start what could succeed for no conversation."""
    if deed.until is not None and not uow.now < deed.until <= uow.now + LONGEST_SNOOZE:
        raise _wrong("until", say("a time within the next year is needed"))
    if deed.assignee_id is not None:
        assignee = uow.session.get(Agent, deed.assignee_id)
        if (
            assignee is None
            or not assignee.is_active
            or not may(assignee.role, "conversations.reply")
        ):
            raise _wrong("assignee", say("there is no such agent"))
    if deed.team_id is not None and not team_names(uow.session, [deed.team_id]):
        raise _wrong("team", say("there is no such team"))
    if deed.add and not may(agent.role, "shared.write"):
        known = {name.casefold() for name in uow.session.scalars(select(ConversationTag.name))}
        for name in deed.add:
            if name.casefold() not in known:
                raise _wrong("add", say("there is no tag %(name)s", name=name))


def _snooze(given: Mapping[str, Any]) -> Deed:
    if "until" not in given:
        raise _wrong("until", say("a time, or null: until the customer writes"))
    return Deed(
        BulkAction.SNOOZE,
        until=instant_of(given["until"], "arguments.until"),
        even_waiting=_flag(given, "even_waiting"),
    )


def _assign(given: Mapping[str, Any], agent_id: int) -> Deed:
    if "assignee" not in given and "team" not in given:
        raise _wrong("assignee", say('"me", an agent\'s id, or null'))
    assignee = given.get("assignee")
    return Deed(
        BulkAction.ASSIGN,
        assignee_id=agent_id if assignee == "me" else _number(given, "assignee"),
        team_id=_number(given, "team"),
        has_team="team" in given,
    )


def _tag(given: Mapping[str, Any]) -> Deed:
    add, remove = _names(given, "add"), _names(given, "remove")
    if not add and not remove:
        raise _wrong("add", say("a list of names is needed"))
    return Deed(BulkAction.TAG, add=add, remove=remove)


def _reply(given: Mapping[str, Any]) -> Deed:
    text = given.get("text")
    if not isinstance(text, str):
        raise _wrong("text", say("a text is needed"))
    text = printable(text.encode("utf-8", "ignore").decode().replace("\r\n", "\n"))
    if problem := text_problem(text):
        raise _wrong("text", problem)
    if len(text.encode()) > MOST_BYTES:
        raise _wrong("text", say("WeChat takes %(most)d bytes a message", most=MOST_BYTES))
    return Deed(BulkAction.REPLY, text=text, is_held=_flag(given, "hold"))


def _priority(given: Mapping[str, Any]) -> Priority:
    try:
        return Priority(given.get("priority", ""))
    except ValueError:
        values = ", ".join(Priority)
        raise _wrong("priority", say("one of: %(values)s", values=values)) from None


def _flag(given: Mapping[str, Any], name: str, *, is_needed: bool = False) -> bool:
    value = given.get(name)
    if value is None and not is_needed:
        return False
    if not isinstance(value, bool):
        raise _wrong(name, say("true or false is needed"))
    return value


def _number(given: Mapping[str, Any], name: str) -> int | None:
    value = given.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= LARGEST_ID:
        raise _wrong(name, say("a whole number is needed"))
    return value


def _names(given: Mapping[str, Any], name: str) -> tuple[str, ...]:
    names = given.get(name) or []
    is_list = isinstance(names, list) and len(names) <= MOST_NAMES
    if not is_list or not all(isinstance(each, str) for each in names):
        raise _wrong(name, say("a list of names is needed"))
    return tuple(cleaned_names(names))


def _wrong(name: str, sentence: str) -> InvalidInputError:
    return InvalidInputError(f"arguments.{name}", sentence)


NAMES: dict[BulkAction, tuple[str, ...]] = {
    BulkAction.RESOLVE: ("even_waiting",),
    BulkAction.SNOOZE: ("until", "even_waiting"),
    BulkAction.ASSIGN: ("assignee", "team"),
    BulkAction.TAG: ("add", "remove"),
    BulkAction.PRIORITY: ("priority",),
    BulkAction.SPAM: ("is_spam",),
    BulkAction.REPLY: ("text", "hold"),
}
