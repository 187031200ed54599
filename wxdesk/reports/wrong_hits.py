"""Wrong hits: a rule answered, the customer wrote again soon, and a person had to answer."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, func, select
from sqlalchemy.orm import Session

from wxdesk.plumbing.unindexed import unindexed
from wxdesk.reports.behind import Narrows, Source, source
from wxdesk.reports.clock_figures import RESPONSES, fits
from wxdesk.reports.lateness import began_in
from wxdesk.reports.rules import Filters
from wxdesk.sla.models import SlaClock
from wxdesk.sla.rules import ClockState
from wxdesk.words import say

WRONG_WITHIN = 600  # seconds from the automatic answer until the customer began to wait
WRONG_MEANS = say(
    "Automatic answers after which the customer wrote again within 10 minutes and was then"
    " answered by a person; each counts once, in the period in which the customer began to wait."
)


def count_wrong_hits(
    session: Session, filters: Filters, *columns: SQLColumnExpression[Any]
) -> Counter[tuple[Any, ...]]:
    """By the columns of SlaClock; `()` for the sum."""
    labelled: list[Any] = [each.label(f"by_{number}") for number, each in enumerate(columns)]
    query = select(*labelled, func.count(SlaClock.after_message_id.distinct()))
    if labelled:
        query = query.group_by(*labelled)
    rows = session.execute(query.where(*is_wrong_hit(filters)))
    return Counter({tuple(key): count for *key, count in rows if count})


@source("wrong_hits")
def wrong_hits(filters: Filters, narrows: Narrows, _now: datetime) -> Source:
    """The wait after each wrong hit: where several waits follow one answer, the first."""
    narrows.check("rule", "version", "account")
    its = SlaClock
    where = [
        *is_wrong_hit(filters),
        *narrows.is_column("rule", its.after_rule_id),
        *narrows.is_column("version", its.after_rule_version),
        *narrows.is_column("account", its.account_id),
    ]
    firsts = select(func.min(its.id)).where(*where).group_by(its.after_message_id)
    return Source(
        id=its.id,
        at=its.started_at,
        contact_id=its.contact_id,
        where=(its.id.in_(firsts),),
        conversation_id=its.conversation_id,
        agent_id=its.agent_id,
        what=its.clock,
        state=its.state,
        seconds=its.seconds,
    )


def is_wrong_hit(filters: Filters) -> list[ColumnElement[bool]]:
    its = SlaClock
    return [
        *began_in(filters.period),
        unindexed(its.clock).in_(RESPONSES),
        *fits(filters),
        its.after_rule_id.is_not(None),
        its.after_seconds <= WRONG_WITHIN,
        its.state == ClockState.MET,
    ]
