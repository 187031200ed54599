"""Lists of conversations in every order, by every filter, page by page.

Two ways, whatever is combined. A filter that leaves at most `NARROW` conversations is looked up by
its own index, and those few are sorted. Otherwise the index of the order is walked, for each
status (and priority) apart, until the page is full. So no list sorts or reads the whole table.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Integer,
    Select,
    Subquery,
    bindparam,
    case,
    false,
    func,
    literal,
    select,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.orm import Session, aliased

from wxdesk.contacts.models import Contact
from wxdesk.conversations.filters import (
    STATUSES,
    Condition,
    ConversationFilter,
    Order,
    Row,
    conditions_of,
    is_number,
    mentioned,
    mentions_of,
    status_in,
)
from wxdesk.conversations.models import (
    Conversation,
    ConversationTagging,
    Draft,
)
from wxdesk.conversations.rules import Priority
from wxdesk.plumbing.unindexed import unindexed

NARROW = 2_000
KEPT_WAYS = 500
PRIORITIES = tuple(Priority)

Key = tuple[Any, ...]
# A limit as a parameter, so that a statement serves pages of every length.
MOST: BindParameter[int] = bindparam("most", type_=Integer)
FENCE: BindParameter[int] = bindparam("fence", callable_=lambda: NARROW + 1, type_=Integer)


def find_keys(
    session: Session, wanted: ConversationFilter, order: Order, after: Key | None, limit: int
) -> Sequence[Key]:
    """`(id, *key)` of at most `limit` conversations after the key `after`, in order."""
    ways = _ways(wanted, order, after)
    if after is None and wanted.due_before is None:
        ways = iter(_first_ways(wanted, order))
    for way in ways:
        if way.count is None or (session.scalar(way.count) or 0) <= NARROW:
            return [tuple(row) for row in session.execute(way.page, {"most": limit})]
    return []


@dataclass(frozen=True, slots=True)
class _Way:
    """A statement that gives a page; it is taken if `count` finds few enough, or is None."""

    count: Select[Any] | None
    page: Select[Any]


@lru_cache(KEPT_WAYS)
def _first_ways(wanted: ConversationFilter, order: Order) -> tuple[_Way, ...]:
    """Of first pages, which are asked for all the time: building takes as long as running."""
    return tuple(_ways(wanted, order, None))


def _ways(wanted: ConversationFilter, order: Order, after: Key | None) -> Iterator[_Way]:
    """The narrow filters, those that leave least first, then the walk."""
    for narrow in _narrowings(wanted, order):
        fenced = narrow.limit(FENCE).subquery()
        yield _Way(_counted(narrow), _sorted(fenced, wanted, order, after))
    parts = list(_walked(wanted, order, after))
    if len(parts) == 1:
        yield _Way(None, parts[0].limit(MOST))
    elif parts:
        both = union_all(*(select(part.limit(MOST).subquery()) for part in parts)).subquery()
        keys = [column for column in both.c if column.name.startswith("key_")]
        yield _Way(None, _ordered(select(both), keys, order).limit(MOST))


def _counted(narrow: Select[Conversation]) -> Select[int]:
    few = narrow.with_only_columns(Conversation.id).limit(FENCE).subquery()
    return select(func.count()).select_from(few)


def count_up_to(session: Session, wanted: ConversationFilter, most: int) -> int:
    """How many there are, counted to `most`."""
    narrow = next(_narrowings(wanted, Order.NEWEST), None)
    if narrow is None:
        narrow = _of_status(wanted)
    query = narrow.with_only_columns(Conversation.id).where(
        unindexed(Conversation.status).in_(wanted.statuses or STATUSES),
        *conditions_of(Conversation, wanted, is_walk=True),
    )
    counted = select(func.count()).select_from(query.limit(most).subquery())
    return session.scalar(counted) or 0


def list_ids(
    session: Session, wanted: ConversationFilter, *, after_id: int, limit: int
) -> list[int]:
    """Ids of conversations in the order of their ids, from the one after `after_id`."""
    few = _few(session, wanted, Order.NEWEST)
    row: Row = Conversation if few is None else aliased(Conversation, few)
    query = select(row.id).where(
        unindexed(row.status).in_(wanted.statuses or STATUSES),
        *conditions_of(row, wanted, is_walk=True),
    )
    return list(session.scalars(query.where(row.id > after_id).order_by(row.id).limit(limit)))


def _few(session: Session, wanted: ConversationFilter, order: Order) -> Subquery | None:
    """The rows that the first narrow filter leaves, behind a fence no planner looks through."""
    for narrow in _narrowings(wanted, order):
        if (session.scalar(_counted(narrow)) or 0) <= NARROW:
            return narrow.limit(FENCE).subquery()
    return None


def _narrowings(wanted: ConversationFilter, order: Order) -> Iterator[Select[Conversation]]:
    """The filters that have an index of their own, those that leave least first."""
    yield from _by_people(wanted)
    yield from _by_marks(wanted)
    is_in_order = order is Order.DEADLINE
    if _leads(wanted) and is_in_order:
        return  # its index has the order too
    its = Conversation
    if wanted.assignee_id is not None:
        yield _of_status(wanted, is_number(its.assignee_id, wanted.assignee_id))
    if wanted.team_id is not None:
        yield _of_status(wanted, is_number(its.team_id, wanted.team_id))
    if wanted.account_id is not None:
        yield _of_status(wanted, its.account_id == wanted.account_id)
    if wanted.is_closing_soon and not is_in_order:
        yield _of_status(wanted, its.urgency_rank == 0)
    if wanted.priority is not None and order is not Order.PRIORITY:
        yield _of_status(wanted, its.priority == wanted.priority)


def _by_marks(wanted: ConversationFilter) -> Iterator[Select[Conversation]]:
    its = Conversation
    if wanted.is_spam:
        yield _of_status(wanted, its.is_spam == true())
    if wanted.is_breached and wanted.is_spam is False:
        yield _of_status(wanted, its.is_breached == true(), its.is_spam == false())
    if wanted.due_before is not None:
        yield select(its).where(its.is_breached == false(), its.due_at <= wanted.due_before)
    if wanted.tag_id is not None:
        tagging = aliased(ConversationTagging)
        same = tagging.conversation_id == its.id
        yield select(its).join(tagging, same).where(tagging.tag_id == wanted.tag_id)


def _of_status(wanted: ConversationFilter, *conditions: Condition) -> Select[Conversation]:
    return select(Conversation).where(status_in(Conversation, wanted), *conditions)


def _by_people(wanted: ConversationFilter) -> Iterator[Select[Conversation]]:
    its = Conversation
    if wanted.contact_id is not None:
        yield select(its).where(its.contact_id == wanted.contact_id)
    if wanted.openid is not None:
        theirs = select(Contact.id).where(Contact.openid == wanted.openid)
        yield select(its).where(its.contact_id.in_(theirs))
    if wanted.drafts_of is not None:
        drafts = select(Draft.conversation_id).where(Draft.agent_id == wanted.drafts_of)
        yield select(its).where(its.id.in_(drafts))
    for agent_id, is_unseen in mentioned(wanted):
        yield select(its).where(its.id.in_(mentions_of(agent_id, is_unseen=is_unseen)))


def _sorted(
    few: Subquery, wanted: ConversationFilter, order: Order, after: Key | None
) -> Select[Any]:
    row = aliased(Conversation, few)
    columns = _columns(row, order)
    query = select(row.id, *_labelled(columns)).where(
        status_in(row, wanted), *conditions_of(row, wanted)
    )
    if after is not None:
        query = query.where(_comes_after(columns, order, after))
    return _ordered(query, columns, order).limit(MOST)


def _walked(wanted: ConversationFilter, order: Order, after: Key | None) -> Iterator[Select[Any]]:
    """One query for each status, and in the order of priority for each priority."""
    its = Conversation
    for status in wanted.statuses or STATUSES:
        query = select(its).where(its.status == status)
        if order is not Order.PRIORITY:
            yield _walk(query, wanted, order, after)
            continue
        for rank, priority in enumerate(PRIORITIES):
            if wanted.priority in (None, priority) and (after is None or rank >= after[0]):
                key = after if after is not None and rank == after[0] else None
                yield _walk(query.where(its.priority == priority), wanted, order, key, rank)


def _walk(
    query: Select[Conversation],
    wanted: ConversationFilter,
    order: Order,
    after: Key | None,
    priority_rank: int | None = None,
) -> Select[Any]:
    """The rows of one stretch of the order's index, filtered on the way."""
    leads = _leads(wanted) if order is Order.DEADLINE else ()
    columns = _columns(Conversation, order)
    keys = _labelled(columns)
    if priority_rank is not None:
        columns = columns[1:]
        after = after[1:] if after is not None else None
        keys = [literal(priority_rank).label("key_0"), *keys[1:]]
    query = query.with_only_columns(Conversation.id, *keys).where(
        *(condition for _column, condition in leads),
        *conditions_of(Conversation, wanted, is_walk=True),
    )
    if wanted.is_closing_soon and order is Order.DEADLINE:
        query = query.where(Conversation.urgency_rank == 0)
    if after is not None:
        query = query.where(_comes_after(columns, order, after))
    return _ordered(query, (*(column for column, _condition in leads), *columns), order)


def _leads(wanted: ConversationFilter) -> Sequence[tuple[ColumnElement[Any], Condition]]:
    """The equal column before the order in an index: of the assignee, else of the team."""
    its = Conversation
    if wanted.assignee_id is not None:
        return ((its.assignee_id, is_number(its.assignee_id, wanted.assignee_id)),)  # type: ignore[return-value]
    if wanted.team_id is not None:
        return ((its.team_id, is_number(its.team_id, wanted.team_id)),)  # type: ignore[return-value]
    return ()


def _columns(row: Row, order: Order) -> tuple[ColumnElement[Any], ...]:
    queue: tuple[Any, ...] = (row.urgency_rank, row.urgent_at, row.queued_at, row.id)
    columns: dict[Order, tuple[Any, ...]] = {
        Order.DEADLINE: queue,
        Order.WAITING: (row.queued_at, row.id),
        Order.NEWEST: (row.last_message_at, row.id),
        Order.PRIORITY: (_priority_rank(row), *queue),
    }
    return columns[order]


def _priority_rank(row: Row) -> ColumnElement[int]:
    ranks = {priority: rank for rank, priority in enumerate(PRIORITIES)}
    return case(ranks, value=row.priority, else_=len(ranks))


def _labelled(columns: Sequence[ColumnElement[Any]]) -> list[ColumnElement[Any]]:
    return [column.label(f"key_{number}") for number, column in enumerate(columns)]


def _comes_after(
    columns: Sequence[ColumnElement[Any]], order: Order, after: Key
) -> ColumnElement[bool]:
    if order is Order.NEWEST:
        return tuple_(*columns) < tuple_(*after)
    return tuple_(*columns) > tuple_(*after)


def _ordered(
    query: Select[Any], columns: Sequence[ColumnElement[Any]], order: Order
) -> Select[Any]:
    if order is Order.NEWEST:
        return query.order_by(*(column.desc() for column in columns))
    return query.order_by(*columns)
