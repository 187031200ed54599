"""The rules of a page in the order in which they are tried, with its search and its filters."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, case, or_, select, tuple_
from sqlalchemy.orm import Session

from wxdesk.triage.models import AutoReplyRule
from wxdesk.triage.rules import Trigger

ORDER = (
    Trigger.SCAN,
    Trigger.FOLLOW,
    Trigger.MENU_CLICK,
    Trigger.MENU_TAP,
    Trigger.TEXT,
    Trigger.FIRST_MESSAGE,
    Trigger.OUT_OF_HOURS,
    Trigger.NOBODY_ONLINE,
    Trigger.WAITING,
)
Key = tuple[int, int, int, int]


class RuleState(StrEnum):
    ACTIVE = "active"
    OFF = "off"
    ARCHIVED = "archived"


@dataclass(frozen=True, slots=True)
class RuleFilter:
    """`state` None: all but archived ones; `words` in the name or a keyword."""

    account_id: int | None = None
    state: RuleState | None = None
    trigger: Trigger | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class RulePage:
    """Ids in the order of the page; `next_key` of the last when more follow."""

    ids: list[int]
    next_key: Key | None


_STAGE = case({trigger: place for place, trigger in enumerate(ORDER)}, value=AutoReplyRule.trigger)
_KEY = (AutoReplyRule.account_id, _STAGE, -AutoReplyRule.priority, AutoReplyRule.id)


def page_of(session: Session, wanted: RuleFilter, after: Key | None, limit: int) -> RulePage:
    """By account, then as they are tried: kind of trigger, higher priority, older."""
    query: Select[int, int, int, int] = select(*_KEY).where(*_conditions(wanted))
    if after is not None:
        query = query.where(tuple_(*_KEY) > after)
    rows = session.execute(query.order_by(*_KEY).limit(limit + 1))
    found: list[Key] = [(row[0], row[1], row[2], row[3]) for row in rows]
    next_key = found[limit - 1] if len(found) > limit else None
    return RulePage([key[3] for key in found[:limit]], next_key)


def _conditions(wanted: RuleFilter) -> list[ColumnElement[bool]]:
    is_archived = wanted.state is RuleState.ARCHIVED
    archived_at = AutoReplyRule.archived_at
    found: list[ColumnElement[bool]] = [
        archived_at.is_not(None) if is_archived else archived_at.is_(None)
    ]
    if wanted.account_id is not None:
        found.append(AutoReplyRule.account_id == wanted.account_id)
    if wanted.state in (RuleState.ACTIVE, RuleState.OFF):
        found.append(AutoReplyRule.is_active.is_(wanted.state is RuleState.ACTIVE))
    if wanted.trigger is not None:
        found.append(AutoReplyRule.trigger == wanted.trigger)
    if words := wanted.words.strip():
        found.append(
            or_(
                AutoReplyRule.name.icontains(words, autoescape=True),
                AutoReplyRule.patterns.icontains(words, autoescape=True),
            )
        )
    return found
