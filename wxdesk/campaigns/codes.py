"""The pool of prize codes: imported all or none, made void, and taken up again after a loss.

An import may take many transactions, so that nobody waits for it. Its row in prize_code_imports
keeps what is written out of the pool until all of it is there, and goes with the last one.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice
from typing import Any

from redis import Redis, RedisError
from sqlalchemy import ColumnElement, and_, delete, func, literal, or_, select, update
from sqlalchemy.dialects import sqlite
from sqlalchemy.orm import Session

from wxdesk.audit.operations import note
from wxdesk.background_jobs import OFFER_CODES
from wxdesk.campaigns.code_files import (
    LONGEST_PRIZE,
    MOST_SHOWN,
    CodeFile,
    LineProblem,
    read_codes,
)
from wxdesk.campaigns.models import Campaign, CodeImport, PrizeCode
from wxdesk.campaigns.offering import lock_pool
from wxdesk.campaigns.pool import in_pool
from wxdesk.campaigns.rules import CodeState
from wxdesk.conversations.rules import printable
from wxdesk.plumbing.db import insert_rows
from wxdesk.plumbing.errors import ConflictError, InvalidInputError, NotFoundError
from wxdesk.plumbing.gates import Gatekeeper
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.words import say

PIECE = 2_000  # codes in one transaction: SQLite writes them in some 30 ms
DEAD_AFTER = timedelta(seconds=60)
LONGEST_BATCH = 80


@dataclass(frozen=True, slots=True)
class Wish:
    """How a file is taken in: `prize` is for lines that name none; `batch` names this import."""

    prize: str = ""
    batch: str = ""
    actor_id: int | None = None


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import added."""

    batch: str
    count: int


@dataclass(frozen=True, slots=True)
class Begun:
    """An import that nobody sees before it is finished; `mark` is whoever writes it."""

    campaign_id: int
    mark: str
    file: CodeFile
    wish: Wish


def import_codes(
    uow: UnitOfWork,
    campaign_id: int,
    data: bytes | CodeFile,
    *,
    prize: str = "",
    batch: str = "",
    actor_id: int | None = None,
) -> Imported:
    """Add all codes of a file to the pool, or none, in this transaction: for small files.

    Large ones would keep all other writers waiting (code_import.import_file). A draft becomes a
    campaign with codes by this; one that went live without them stays so.
    InvalidInputError("codes") has the first wrong lines in `extra` ({"problems": [{"line",
    "problem"}], "problem_count"}); ConflictError while another file is taken in.
    """
    file = data if isinstance(data, CodeFile) else read_codes(data)
    begun = begin_import(uow, campaign_id, file, Wish(prize, batch, actor_id))
    refuse_known(uow.session, begun)
    for piece in pieces_of(begun):
        add_piece(uow, begun, piece)
    return finish_import(uow, begun)


def begin_import(uow: UnitOfWork, campaign_id: int, file: CodeFile, wish: Wish) -> Begun:
    """From here to the end nobody else adds codes to this campaign. Errors as `import_codes`."""
    campaign = _locked(uow, campaign_id)
    _refuse_codeless(campaign)
    if len(wish.prize) > LONGEST_PRIZE:
        raise InvalidInputError(
            "prize", say("a prize has at most %(most)d characters", most=LONGEST_PRIZE)
        )
    if file.problem_count:
        raise _wrong_lines(file.problems, file.problem_count)
    if uow.session.get(CodeImport, campaign_id) is not None:
        raise ConflictError(
            say("another file is being taken into this campaign: try again in a minute")
        )
    name = printable(wish.batch).strip()[:LONGEST_BATCH] or uow.now.strftime("%Y-%m-%d %H:%M")
    begun = Begun(campaign_id, secrets.token_hex(8), file, replace(wish, batch=name))
    uow.session.add(
        CodeImport(
            campaign_id=campaign_id,
            mark=begun.mark,
            after_id=_last_id(uow.session, campaign_id),
            total=len(file.codes),
            beat_at=uow.now,
        )
    )
    uow.session.flush()
    return begun


def refuse_known(session: Session, begun: Begun) -> None:
    """InvalidInputError("codes") with the lines of codes that the campaign has already."""
    known: list[str] = []
    for piece in pieces_of(begun):
        query = select(PrizeCode.code).where(
            PrizeCode.campaign_id == begun.campaign_id, PrizeCode.code.in_(piece)
        )
        known += session.scalars(query)
    if known:
        sentence = say("this campaign has this code already")
        lines = sorted(begun.file.codes[code] for code in known)
        problems = [LineProblem(line, sentence) for line in lines[:MOST_SHOWN]]
        raise _wrong_lines(problems, len(known))


def pieces_of(begun: Begun) -> Iterator[list[str]]:
    """The codes in the order of the file, as many at a time as other writers may wait for."""
    codes = iter(begun.file.codes)
    while piece := list(islice(codes, PIECE)):
        yield piece


def add_piece(uow: UnitOfWork, begun: Begun, codes: Sequence[str]) -> None:
    """Write some of the codes; ConflictError when the import was taken for dead meanwhile."""
    lock_pool(uow, begun.campaign_id)
    _beat(uow, begun, len(codes))
    prize = begun.wish.prize.strip()
    pairs = [(code, begun.file.prizes.get(code, prize)) for code in codes]
    _insert(uow, begun.campaign_id, begun.wish.batch, pairs)


def finish_import(uow: UnitOfWork, begun: Begun) -> Imported:
    """From the commit on all of it is in the pool. Errors as `add_piece`."""
    campaign = _locked(uow, begun.campaign_id)
    _refuse_codeless(campaign)
    _beat(uow, begun, 0)
    uow.session.execute(delete(CodeImport).where(*_is(begun.campaign_id, begun.mark)))
    campaign.has_codes = True
    name, count = begun.wish.batch, len(begun.file.codes)
    note(
        uow,
        "campaign.codes_imported",
        f"campaign:{begun.campaign_id}",
        actor_id=begun.wish.actor_id,
        count=count,
        name=name,
    )
    _may_be_offered(uow, begun.campaign_id)
    return Imported(name, count)


def break_off(uow: UnitOfWork, campaign_id: int, mark: str) -> None:
    """Nothing more of this import is written; what was is taken out (`remove_piece`)."""
    lock_pool(uow, campaign_id)
    _changed(uow, update(CodeImport).where(*_is(campaign_id, mark)).values(is_broken=True))


def break_off_dead(uow: UnitOfWork) -> list[int]:
    """Break imports off that nobody has worked on for a minute; all campaigns with a broken one."""
    dead = update(CodeImport).where(CodeImport.beat_at < uow.now - DEAD_AFTER)
    _changed(uow, dead.values(is_broken=True))
    query = select(CodeImport.campaign_id).where(CodeImport.is_broken)
    return list(uow.session.scalars(query.order_by(CodeImport.campaign_id)))


def remove_piece(uow: UnitOfWork, campaign_id: int) -> bool:
    """Take some codes of a broken import out; False when nothing is left of it."""
    lock_pool(uow, campaign_id)
    row = uow.session.get(CodeImport, campaign_id, populate_existing=True)
    if row is None or not row.is_broken:
        return False
    some = select(PrizeCode.id).where(
        PrizeCode.campaign_id == campaign_id,
        PrizeCode.state == CodeState.FREE,
        PrizeCode.id > row.after_id,
    )
    removed = _changed(uow, delete(PrizeCode).where(PrizeCode.id.in_(some.limit(PIECE))))
    row.done -= removed
    if not removed:
        uow.session.delete(row)
    return removed > 0


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
    query = update(PrizeCode).where(in_pool(campaign_id), in_reach)
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
    campaign = uow.session.get(
        Campaign, campaign_id, with_for_update={"key_share": True}, populate_existing=True
    )
    if campaign is None:
        raise NotFoundError(say("there is no campaign %(id)d", id=campaign_id))
    return campaign


def _last_id(session: Session, campaign_id: int) -> int:
    """The campaign's own: another's may be taken out, and SQLite gives their ids again.

    State by state, for which the index has the answer at its end.
    """
    highest = select(func.max(PrizeCode.id)).where(PrizeCode.campaign_id == campaign_id)
    return max(session.scalar(highest.where(PrizeCode.state == it)) or 0 for it in CodeState)


def _may_be_offered(uow: UnitOfWork, campaign_id: int) -> None:
    """From the commit on nobody is told that codes are sold out."""
    uow.then(lambda redis: Gatekeeper(redis, campaign_id).hint_more())
    uow.ring(OFFER_CODES)


def _changed(uow: UnitOfWork, statement: Any) -> int:
    result = uow.session.execute(statement.execution_options(synchronize_session=False))
    return int(result.rowcount)  # type: ignore[attr-defined]


def _refuse_codeless(campaign: Campaign) -> None:
    if campaign.approved_at is not None and not campaign.has_codes:
        raise InvalidInputError(  # its answers would not tell anybody their code
            "codes",
            say("it answers without codes: stop it, and let its form say that it has codes"),
        )


def _is(campaign_id: int, mark: str) -> tuple[ColumnElement[bool], ...]:
    return CodeImport.campaign_id == campaign_id, CodeImport.mark == mark


def _beat(uow: UnitOfWork, begun: Begun, count: int) -> None:
    query = update(CodeImport).where(*_is(begun.campaign_id, begun.mark), ~CodeImport.is_broken)
    if not _changed(uow, query.values(done=CodeImport.done + count, beat_at=uow.now)):
        raise ConflictError(
            say("taking the file in stood still for a minute and was broken off: try it again")
        )


def _insert(
    uow: UnitOfWork, campaign_id: int, batch: str, pairs: Sequence[tuple[str, str]]
) -> None:
    """Codes with their prizes. SQLite takes a list as JSON ten times as fast as row by row."""
    state = CodeState.FREE
    if uow.session.get_bind().dialect.name != "sqlite":
        rows = [
            {"campaign_id": campaign_id, "code": code, "prize": prize, "batch": batch}
            | {"state": state}
            for code, prize in pairs
        ]
        insert_rows(uow.session, PrizeCode, rows)
        return
    each = func.json_each(json.dumps(pairs)).table_valued("value").c.value
    source = select(
        literal(campaign_id),
        func.json_extract(each, "$[0]"),
        func.json_extract(each, "$[1]"),
        literal(batch),
        literal(state.value),
    )
    names = ["campaign_id", "code", "prize", "batch", "state"]
    statement = sqlite.insert(PrizeCode).from_select(names, source)
    uow.session.execute(statement)


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
