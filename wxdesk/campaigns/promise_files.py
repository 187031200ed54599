"""Promised prizes as a CSV file for whoever packs and posts them, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from wxdesk.campaigns.models import Promise
from wxdesk.campaigns.promises import PromiseChange, PromiseView, apply, cleaned_change
from wxdesk.campaigns.rules import PromiseState
from wxdesk.plumbing.csv_files import CsvRow, read_table, write_table
from wxdesk.plumbing.errors import ConflictError, InvalidInputError
from wxdesk.plumbing.http import whole_number
from wxdesk.plumbing.imports import Change, Plan, PlannedRow
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.words import say

COLUMNS: dict[str, tuple[str, ...]] = {
    "number": ("编号",),
    "place": ("名次",),
    "prize": ("奖品",),
    "customer": ("客户",),
    "state": ("状态",),
    "tracking": ("运单号",),
    "note": ("备注",),
}
NEEDED = ("number", "state")
CHINESE_STATES = {
    PromiseState.PROMISED: "待处理",
    PromiseState.PREPARING: "备货中",
    PromiseState.SENT: "已寄出",
    PromiseState.DELIVERED: "已送达",
    PromiseState.CANCELLED: "已取消",
}


def export(promises: Iterable[PromiseView], *, is_chinese: bool) -> str:
    """A CSV file of these promises."""
    heading = tuple(names[0] for names in COLUMNS.values()) if is_chinese else tuple(COLUMNS)
    return write_table(
        heading,
        [
            (
                str(it.id),
                str(it.place),
                it.prize,
                it.remark,
                CHINESE_STATES[it.state] if is_chinese else it.state.value,
                it.tracking,
                it.note,
            )
            for it in promises
        ],
    )


def plan_of(session: Session, campaign_id: int, data: bytes) -> Plan:
    """What the file would do; InvalidInputError("file") when it can't be read."""
    rows = read_table(data, COLUMNS, NEEDED)
    return _planned(_existing(session, campaign_id, rows), rows)


def carry_out(
    uow: UnitOfWork, campaign_id: int, data: bytes, digest: str, *, actor_id: int
) -> Plan:
    """Do what was shown, all of it; ConflictError when it would be something else by now."""
    rows = read_table(data, COLUMNS, NEEDED)
    existing = _existing(uow.session, campaign_id, rows, is_locked=True)
    plan = _planned(existing, rows)
    if plan.digest != digest:
        raise ConflictError(say("the list has changed since: look at the file again"))
    if not plan.is_possible:
        raise InvalidInputError("file", say("mend the wrong rows first: nothing was imported"))
    for row in rows:
        promise = existing[whole_number(row.cells["number"]) or 0]
        apply(uow, promise, _change(row, promise), actor_id=actor_id)
    return plan


def state_named(text: str) -> PromiseState | None:
    """By its name in either language."""
    wanted = text.strip().casefold()
    for state in PromiseState:
        if wanted in (state.value, CHINESE_STATES[state]):
            return state
    return None


def _planned(existing: Mapping[int, Promise], rows: list[CsvRow]) -> Plan:
    seen: dict[int, int] = {}
    return Plan(tuple(_planned_row(existing, row, seen) for row in rows))


def _planned_row(existing: Mapping[int, Promise], row: CsvRow, seen: dict[int, int]) -> PlannedRow:
    number = whole_number(row.cells["number"]) or 0
    promise = existing.get(number)
    problem = _problem(row, promise, seen.get(number))
    seen.setdefault(number, row.number)
    if promise is None or problem is not None:
        return PlannedRow(row.number, Change.WRONG, row.cells["number"][:40], "", problem)
    change = _change(row, promise)
    old, new = ((it.state.value, it.tracking, it.note) for it in (promise, change))
    detail = " · ".join(each for each in new if each)
    kind = Change.SAME if old == new else Change.CHANGED
    return PlannedRow(row.number, kind, f"{number} {promise.prize}", detail, before=repr(old))


def _problem(row: CsvRow, promise: Promise | None, earlier: int | None) -> str | None:
    if promise is None:
        return say("this campaign has no promised prize of this number")
    if earlier is not None:
        return say("the same number as in row %(number)d", number=earlier)
    if state_named(row.cells["state"]) is None:
        states = ", ".join(PromiseState)
        return say("the state is one of: %(values)s", values=states)
    try:
        _change(row, promise)
    except InvalidInputError as error:
        return error.sentence
    return None


def _change(row: CsvRow, promise: Promise) -> PromiseChange:
    """Columns that the file lacks stay as they are."""
    return cleaned_change(
        PromiseChange(
            state_named(row.cells["state"]) or promise.state,
            row.cells.get("note", promise.note),
            row.cells.get("tracking", promise.tracking),
        )
    )


def _existing(
    session: Session, campaign_id: int, rows: list[CsvRow], *, is_locked: bool = False
) -> dict[int, Promise]:
    numbers = {whole_number(row.cells["number"]) or 0 for row in rows}
    query = (
        select(Promise)
        .where(Promise.campaign_id == campaign_id, Promise.id.in_(sorted(numbers)))
        .order_by(Promise.id)
    )
    if is_locked:
        query = query.with_for_update()
    return {it.id: it for it in session.scalars(query)}
