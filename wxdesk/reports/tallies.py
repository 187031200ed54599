"""The roll-up of messages: counted by id, behind the newest, and again where something changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from wxdesk.conversations.models import Message
from wxdesk.conversations.rules import Direction
from wxdesk.plumbing.db import write_in_order
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.reports.counted import BY_KIND, BY_SENDER, Table, raw_counted
from wxdesk.reports.local_time import instant_of
from wxdesk.reports.models import MessageTally, SenderTally, StaleTally, TallyPosition

THE_ROW = 1


def count_new(uow: UnitOfWork, limit: int) -> int:
    """Add up to about `limit` messages (by id) that are in no tally yet; returns how many ids."""
    position = _locked_position(uow)
    last_id = uow.session.scalar(
        select(func.max(Message.id)).where(
            Message.id.in_(
                select(Message.id)
                .where(Message.id > position.message_id)
                .order_by(Message.id)
                .limit(limit)
            )
        )
    )
    if last_id is None:
        return 0
    _add(uow.session, Message.id > position.message_id, Message.id <= last_id)
    counted = last_id - position.message_id
    position.message_id = last_id
    return int(counted)


def recount_stale(uow: UnitOfWork, limit: int) -> int:
    """Count up to `limit` stale quarters again; returns how many."""
    position = _locked_position(uow)
    quarters = uow.session.scalars(
        select(StaleTally.quarter)
        .order_by(StaleTally.quarter)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    for quarter in quarters:
        _recount(uow.session, quarter, position.message_id)
    uow.session.execute(delete(StaleTally).where(StaleTally.quarter.in_(quarters)))
    return len(quarters)


def has_uncounted(session: Session) -> bool:
    """Whether there is anything to count."""
    position = session.scalar(select(func.max(TallyPosition.message_id))) or 0
    newer = select(Message.id).where(Message.id > position).limit(1)
    stale = select(StaleTally.quarter).limit(1)
    return session.scalar(newer) is not None or session.scalar(stale) is not None


def _recount(session: Session, quarter: int, up_to_id: int) -> None:
    for table in (MessageTally, SenderTally):
        session.execute(delete(table).where(table.quarter == quarter))
    _add(
        session,
        Message.received_at >= instant_of(quarter),
        Message.received_at < instant_of(quarter + 1),
        Message.id <= up_to_id,
    )


def _add(session: Session, *conditions: Any) -> None:
    is_outgoing = Message.direction == Direction.OUTGOING
    _add_to(session, MessageTally, BY_KIND, conditions)
    _add_to(session, SenderTally, BY_SENDER, (*conditions, is_outgoing))


def _add_to(session: Session, table: Table, key: Sequence[str], conditions: Sequence[Any]) -> None:
    rows = raw_counted(*conditions)
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    made: Any = (sqlite.insert if is_sqlite else postgresql.insert)(table)
    made = made.from_select([*key, "messages"], rows.select(*(rows.columns[name] for name in key)))
    session.execute(
        made.on_conflict_do_update(
            index_elements=list(key), set_={"messages": table.messages + made.excluded.messages}
        )
    )


def _locked_position(uow: UnitOfWork) -> TallyPosition:
    """One counts at a time; the row is made when it is missing."""
    write_in_order(uow.session, MessageTally.__tablename__)
    found = uow.session.get(TallyPosition, THE_ROW, populate_existing=True)
    if found is None:
        found = TallyPosition(id=THE_ROW, message_id=0)
        uow.session.add(found)
    return found
