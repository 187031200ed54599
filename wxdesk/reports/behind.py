"""The conversations behind a number. Every number names a source here and what narrows it.

A module of figures registers its sources by `@source("name")`; catalog.py imports all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, null, or_, select
from sqlalchemy.orm import Session

from wxdesk.accounts.models import Account
from wxdesk.agents.models import Agent
from wxdesk.contacts.models import Contact
from wxdesk.plumbing.errors import InvalidInputError, NotFoundError
from wxdesk.plumbing.http import whole_number
from wxdesk.reports.rules import Behind, Filters
from wxdesk.words import say

MOST_ROWS = 500
Cursor = tuple[datetime, int]
Expression = SQLColumnExpression[Any]
NOTHING: Expression = null()


@dataclass(frozen=True, slots=True)
class Source:
    """Rows of one table, as expressions over its columns; `where` may hold subqueries.

    The list is ordered by `at`, then `id`, newest first. `seconds` may be NULL.
    """

    id: Expression
    at: Expression
    contact_id: Expression
    where: tuple[ColumnElement[bool], ...]
    conversation_id: Expression = NOTHING
    agent_id: Expression = NOTHING
    what: Expression = NOTHING
    state: Expression = NOTHING
    seconds: Expression = NOTHING


@dataclass(frozen=True, slots=True)
class BehindRow:
    """One line of the list; `what` and `state` are values of enums or kinds of messages.

    `conversation_id` is None for what never came into one (a rule answered it).
    `customer_remark` is empty where agents have given no name.
    """

    id: int
    at: datetime
    conversation_id: int | None
    contact_id: int
    customer_remark: str
    account_id: int
    account_name: str
    agent_id: int | None
    agent_name: str | None
    what: str | None
    state: str | None
    seconds: int | None


@dataclass(frozen=True, slots=True)
class BehindPage:
    rows: tuple[BehindRow, ...]
    next_cursor: Cursor | None


@dataclass(frozen=True, slots=True)
class Narrows:
    """What narrows a source, read with checks; the names that were not asked for are refused."""

    given: Mapping[str, str]

    def number(self, name: str) -> int | None:
        """A whole number; None when it is not there."""
        text = self.given.get(name)
        if text is None:
            return None
        number = whole_number(text)
        if number is None:
            raise InvalidInputError(name, say("a whole number is needed"))
        return number

    def choice(self, name: str, *values: str) -> str | None:
        text = self.given.get(name)
        if text is not None and text not in values:
            raise InvalidInputError(name, say("one of: %(values)s", values=", ".join(values)))
        return text

    def is_column(self, name: str, column: Expression) -> list[ColumnElement[bool]]:
        """The column has this id; 0 means that it has none."""
        number = self.number(name)
        if number is None:
            return []
        return [column.is_(None) if number == 0 else column == number]

    def check(self, *names: str) -> None:
        """InvalidInputError for a name that the source does not know."""
        for name in self.given:
            if name not in names:
                raise InvalidInputError(name[:40], say("there is no filter of this name"))


Builder = Callable[[Filters, Narrows, datetime], Source]
SOURCES: dict[str, Builder] = {}


def source(name: str) -> Callable[[Builder], Builder]:
    """Register a source under the name that Behind uses."""

    def register(build: Builder) -> Builder:
        SOURCES[name] = build
        return build

    return register


def list_behind(
    session: Session,
    filters: Filters,
    behind: Behind,
    *,
    now: datetime,
    cursor: Cursor | None = None,
    limit: int = 50,
) -> BehindPage:
    """A page, newest first; NotFoundError for an unknown name, InvalidInputError for a bad one."""
    build = SOURCES.get(behind.name)
    if build is None:
        raise NotFoundError(say("there is no list of this name"))
    its = build(filters, Narrows(behind.narrows), now)
    limit = max(1, min(limit, MOST_ROWS))
    query = _query(its).limit(limit + 1)
    if cursor is not None:
        at, last_id = cursor
        query = query.where(or_(its.at < at, (its.at == at) & (its.id < last_id)))
    rows = tuple(BehindRow(*row) for row in session.execute(query))
    is_more = len(rows) > limit
    rows = rows[:limit]
    return BehindPage(rows, (rows[-1].at, rows[-1].id) if is_more else None)


def _query(its: Source) -> Any:
    return (
        select(
            its.id,
            its.at,
            its.conversation_id,
            its.contact_id,
            Contact.remark,
            Contact.account_id,
            Account.name,
            its.agent_id,
            Agent.name,
            its.what,
            its.state,
            its.seconds,
        )
        .join(Contact, Contact.id == its.contact_id)
        .join(Account, Account.id == Contact.account_id)
        .outerjoin(Agent, Agent.id == its.agent_id)
        .where(*its.where)
        .order_by(its.at.desc(), its.id.desc())
    )
