"""The pool of prize codes: imported all or none, made void, and taken up again after a loss."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from redis import Redis, RedisError
from sqlalchemy import ColumnElement, and_, func, literal, or_, select, true, update
from sqlalchemy.dialects import sqlite

from wxdesk.audit.operations import note
from wxdesk.background_jobs import OFFER_CODES
from wxdesk.campaigns.code_files import (
    LONGEST_PRIZE,
    MOST_SHOWN,
    CodeFile,
    LineProblem,
    read_codes,
)
from wxdesk.campaigns.models import Campaign, PrizeCode
from wxdesk.campaigns.offering import lock_pool
from wxdesk.campaigns.rules import CodeState
from wxdesk.plumbing.db import insert_rows
from wxdesk.plumbing.errors import ConflictError, InvalidInputError, NotFoundError
from wxdesk.plumbing.gates import Gatekeeper
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.words import say

PAGE = 5_000
LONGEST_BATCH = 80


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import added."""

    batch: str
    count: int


def import_codes(
    uow: UnitOfWork,
    campaign_id: int,
    data: bytes | CodeFile,
    *,
    prize: str = "",
    batch: str = "",
    actor_id: int | None = None,
) -> Imported:
    """Add all codes of a file to the pool, or none.

    A draft becomes a campaign with codes by this; one that went live without them stays so.
    Read a large file before the transaction (`read_codes`): it would keep other writers waiting.
    `prize` is for lines that name none; `batch` names this import. InvalidInputError("codes") has
    the first wrong lines in `extra` ({"problems": [{"line", "problem"}], "problem_count"}).
    """
    campaign = _locked(uow, campaign_id)
    if campaign.approved_at is not None and not campaign.has_codes:
        raise InvalidInputError(  # its answers would not tell anybody their code
            "codes",
            say("it answers without codes: stop it, and let its form say that it has codes"),
        )
    if len(prize) > LONGEST_PRIZE:
        raise InvalidInputError(
            "prize", say("a prize has at most %(most)d characters", most=LONGEST_PRIZE)
        )
    file = data if isinstance(data, CodeFile) else read_codes(data)
    if file.problem_count:
        raise _wrong_lines(file.problems, file.problem_count)
    name = batch.strip()[:LONGEST_BATCH] or uow.now.strftime("%Y-%m-%d %H:%M")
    before, last_id = _pool(uow, campaign_id)
    codes = iter(file.codes)
    while page := list(islice(codes, PAGE)):
        pairs = [(code, file.prizes.get(code, prize.strip())) for code in page]
        _insert(uow, campaign_id, name, pairs)
    if _pool(uow, campaign_id)[0] - before < len(file.codes):
        raise _known_codes(uow, campaign_id, file, last_id)
    campaign.has_codes = True
    note(
        uow,
        "campaign.codes_imported",
        f"campaign:{campaign_id}",
        actor_id=actor_id,
        count=len(file.codes),
        name=name,
    )
    _may_be_offered(uow, campaign_id)
    return Imported(name, len(file.codes))


def void_unused(
    uow: UnitOfWork,
    campaign_id: int,
    *,
    redis: Redis,
    batch: str | None = None,
    actor_id: int | None = None,
) -> int:
    """Nobody gets these codes any more, of one import or of all, unless they are given; how many.

    ConflictError while Redis, which may give some of them, can't be asked.
    """
    _locked(uow, campaign_id)
    try:
        in_reach = _taken_from_redis(uow, Gatekeeper(redis, campaign_id))
    except RedisError as error:
        raise ConflictError(
            say("Redis does not answer: nobody can say now which codes are given. Try again.")
        ) from error
    query = update(PrizeCode).where(PrizeCode.campaign_id == campaign_id, in_reach)
    if batch is not None:
        query = query.where(PrizeCode.batch == batch)
    count = _changed(uow, query.values(state=CodeState.VOID))
    subject = f"campaign:{campaign_id}"
    note(uow, "campaign.codes_voided", subject, actor_id=actor_id, count=count, name=batch or "")
    _may_be_offered(uow, campaign_id)
    return count


def _taken_from_redis(uow: UnitOfWork, keeper: Gatekeeper) -> ColumnElement[bool]:
    """Redis gives none until codes are offered anew; what picks those that nobody can have.

    Free and lost ones, and of the offered ones those that lay in its list, or are not there yet;
    the others are in a stream, and will be given.
    """
    keeper.hint_more()  # so that nobody is told meanwhile that codes are sold out
    keeper.put_aside()
    offered = and_(
        PrizeCode.campaign_id == keeper.keys.campaign_id, PrizeCode.state == CodeState.OFFERED
    )
    names = uow.session.scalars(select(PrizeCode.lease).where(offered).distinct())
    unpushed = [name for name in names if name is not None and not keeper.is_pushed(name)]
    return or_(
        PrizeCode.state.in_([CodeState.FREE, CodeState.LOST]),
        and_(offered, or_(PrizeCode.code.in_(keeper.aside_codes()), PrizeCode.lease.in_(unpushed))),
    )


def release_lost(uow: UnitOfWork, campaign_id: int, *, actor_id: int | None = None) -> int:
    """A person says that nobody has the lost codes: they may be given again; how many."""
    _locked(uow, campaign_id)
    query = update(PrizeCode).where(
        PrizeCode.campaign_id == campaign_id,
        PrizeCode.state == CodeState.LOST,
        PrizeCode.entry_id.is_(None),
    )
    count = _changed(uow, query.values(state=CodeState.FREE, lease=None, offered_at=None))
    note(uow, "campaign.codes_released", f"campaign:{campaign_id}", actor_id=actor_id, count=count)
    _may_be_offered(uow, campaign_id)
    return count


def _locked(uow: UnitOfWork, campaign_id: int) -> Campaign:
    """One at a time changes the pool; what is offered meanwhile waits a moment."""
    lock_pool(uow, campaign_id)
    campaign = uow.session.get(Campaign, campaign_id)
    if campaign is None:
        raise NotFoundError(say("there is no campaign %(id)d", id=campaign_id))
    return campaign


def _may_be_offered(uow: UnitOfWork, campaign_id: int) -> None:
    """From the commit on nobody is told that codes are sold out."""
    uow.then(lambda redis: Gatekeeper(redis, campaign_id).hint_more())
    uow.ring(OFFER_CODES)


def _changed(uow: UnitOfWork, statement: Any) -> int:
    result = uow.session.execute(statement.execution_options(synchronize_session=False))
    return int(result.rowcount)  # type: ignore[attr-defined]


def _pool(uow: UnitOfWork, campaign_id: int) -> tuple[int, int]:
    """How many codes there are, and the last one's id."""
    query = select(func.count(), func.coalesce(func.max(PrizeCode.id), 0))
    count, last_id = uow.session.execute(query.where(PrizeCode.campaign_id == campaign_id)).one()
    return int(count), int(last_id)


def _insert(
    uow: UnitOfWork, campaign_id: int, batch: str, pairs: Sequence[tuple[str, str]]
) -> None:
    """Codes with their prizes; those that the pool has are passed over.

    SQLite has one writer at a time, and takes a list as JSON ten times as fast as row by row.
    """
    state = CodeState.FREE
    if uow.session.get_bind().dialect.name != "sqlite":
        rows = [
            {"campaign_id": campaign_id, "code": code, "prize": prize, "batch": batch}
            | {"state": state}
            for code, prize in pairs
        ]
        insert_rows(uow.session, PrizeCode, rows, passes_known=True)
        return
    each = func.json_each(json.dumps(pairs)).table_valued("value").c.value
    source = select(
        literal(campaign_id),
        func.json_extract(each, "$[0]"),
        func.json_extract(each, "$[1]"),
        literal(batch),
        literal(state.value),
    ).where(true())  # else SQLite takes what follows for a part of a join
    names = ["campaign_id", "code", "prize", "batch", "state"]
    statement = sqlite.insert(PrizeCode).from_select(names, source)
    uow.session.execute(statement.on_conflict_do_nothing())


def _known_codes(
    uow: UnitOfWork, campaign_id: int, file: CodeFile, last_id: int
) -> InvalidInputError:
    """Some were in the pool before; what was added is rolled back with this error."""
    known: list[str] = []
    codes = iter(file.codes)
    while page := list(islice(codes, PAGE)):
        query = select(PrizeCode.code).where(
            PrizeCode.campaign_id == campaign_id,
            PrizeCode.code.in_(page),
            PrizeCode.id <= last_id,
        )
        known += uow.session.scalars(query)
    sentence = say("this campaign has this code already")
    lines = sorted(file.codes[code] for code in known)
    problems = [LineProblem(line, sentence) for line in lines[:MOST_SHOWN]]
    return _wrong_lines(problems, len(known))


def _wrong_lines(problems: Sequence[LineProblem], count: int) -> InvalidInputError:
    first = problems[0]
    return InvalidInputError(
        "codes",
        say(
            "%(count)d lines can't be taken, the first is line %(line)d: %(problem)s",
            count=count,
            line=first.number,
            problem=first.sentence,
        ),
        problems=[{"line": it.number, "problem": it.sentence} for it in problems],
        problem_count=count,
    )
