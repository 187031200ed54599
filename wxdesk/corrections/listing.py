"""Listing the people who got a wrong answer: once each, whenever it was recorded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import cast

from sqlalchemy import ColumnElement, Integer, Table, and_, bindparam, case, literal, select, update

from wxdesk.conversations.models import Message
from wxdesk.corrections.choosing import is_chosen
from wxdesk.corrections.models import Correction, CorrectionRecipient
from wxdesk.corrections.queries import choice_of
from wxdesk.corrections.rules import CorrectionState, Reach, RecipientState
from wxdesk.plumbing.db import BigId, insert_rows
from wxdesk.plumbing.unit_of_work import UnitOfWork

COLLECT_BATCH = 5_000

Its = CorrectionRecipient
ITS = cast(Table, Its.__table__)


def collect(uow: UnitOfWork, row: Correction) -> bool:
    """List the people of the next 5,000 wrong answers; whether there may be more.

    The correction is locked. With the last ones a new correction is ready.
    """
    answers = uow.session.execute(
        select(Message.id, Message.contact_id, Message.received_at)
        .where(
            is_chosen(choice_of(row)),
            Message.id > row.collected_to_id,
            Message.id <= row.last_id,
        )
        .order_by(Message.id)
        .limit(COLLECT_BATCH)
    ).all()
    _list_people(uow, row.id, [(each[0], each[1], each[2]) for each in answers])
    if len(answers) == COLLECT_BATCH:
        row.collected_to_id = answers[-1].id
        return True
    row.collected_to_id = row.last_id
    if row.state is CorrectionState.COLLECTING:
        row.state = CorrectionState.READY
    return False


def is_there(uow: UnitOfWork, row: Correction, newest: int) -> bool:
    """Whether answers were recorded since `last_id`, up to `newest`."""
    later: ColumnElement[bool] = and_(Message.id > row.last_id, Message.id <= newest)
    query = select(Message.id).where(is_chosen(choice_of(row)), later).limit(1)
    return uow.session.scalar(query) is not None


def list_missed(uow: UnitOfWork, row: Correction) -> bool:
    """List those whose wrong answer left only after it was looked for; whether there were any."""
    is_listed = select(Its.contact_id).where(
        Its.correction_id == row.id, Its.contact_id == Message.contact_id
    )
    answers = uow.session.execute(
        select(Message.id, Message.contact_id, Message.received_at)
        .where(is_chosen(choice_of(row)), ~is_listed.exists())
        .order_by(Message.id)
        .limit(COLLECT_BATCH)
    ).all()
    _list_people(uow, row.id, [(each[0], each[1], each[2]) for each in answers])
    return bool(answers)


def _list_people(
    uow: UnitOfWork, correction_id: int, answers: Sequence[tuple[int, int, datetime]]
) -> None:
    """Answers by their ids; who is listed already has got one more.

    Who was left out because a person had helped them is listed again: they got it after that.
    """
    people: dict[int, dict[str, object]] = {}
    got: dict[int, list[int]] = {}
    for message_id, contact_id, received_at in answers:
        got.setdefault(contact_id, []).append(message_id)
        people.setdefault(
            contact_id,
            {
                "correction_id": correction_id,
                "contact_id": contact_id,
                "wrong_message_id": message_id,
                "wrong_count": 0,
                "got_at": received_at,
                "reach": Reach.NOW,
                "state": RecipientState.LISTED,
                "is_doubtful": False,
            },
        )
    if not people:
        return
    insert_rows(uow.session, Its, list(people.values()), passes_known=True)
    last, count = bindparam("last", type_=BigId), bindparam("count", type_=Integer)
    is_newer = last > ITS.c.wrong_message_id
    was_helped = and_(ITS.c.state == RecipientState.LEFT_OUT, ITS.c.reach == Reach.HELPED, is_newer)
    uow.session.connection().execute(
        update(ITS)
        .where(ITS.c.correction_id == correction_id, ITS.c.contact_id == bindparam("whom"))
        .values(
            wrong_count=ITS.c.wrong_count + count,
            wrong_message_id=case((is_newer, last), else_=ITS.c.wrong_message_id),
            state=case(
                (was_helped, literal(RecipientState.LISTED, ITS.c.state.type)),
                else_=ITS.c.state,
            ),
        ),
        [{"whom": whom, "last": max(ids), "count": len(ids)} for whom, ids in got.items()],
    )
