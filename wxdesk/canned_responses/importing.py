"""Prepared answers as a CSV file, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from wxdesk.audit.operations import note
from wxdesk.canned_responses.models import CannedResponse
from wxdesk.canned_responses.operations import (
    WRITTEN,
    CannedForm,
    Writer,
    check_may_write,
    problems,
    refuse_crowd,
    tidy,
)
from wxdesk.canned_responses.queries import list_owned
from wxdesk.plumbing.csv_files import CsvRow, read_table, write_table
from wxdesk.plumbing.errors import ConflictError, InvalidInputError
from wxdesk.plumbing.imports import Change, Plan, PlannedRow
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.words import say

COLUMNS: dict[str, tuple[str, ...]] = {
    "shortcut": ("快捷词",),
    "title": ("标题",),
    "text": ("内容",),
    "folder": ("文件夹",),
}
NEEDED = ("shortcut", "text")
CHINESE_HEADING = tuple(names[0] for names in COLUMNS.values())
LONGEST_DETAIL = 60

Planned = tuple[PlannedRow, CannedForm]


def export(rows: Iterable[CannedResponse], *, is_chinese: bool) -> str:
    """A CSV file of these answers."""
    heading = CHINESE_HEADING if is_chinese else tuple(COLUMNS)
    return write_table(heading, [[getattr(row, name) for name in WRITTEN] for row in rows])


def plan_of(existing: Sequence[CannedResponse], data: bytes) -> Plan:
    """What the file would do to these; InvalidInputError("file") when it can't be read."""
    return Plan(tuple(row for row, _ in _planned(_by_shortcut(existing), data)))


def carry_out(
    uow: UnitOfWork, writer: Writer, data: bytes, digest: str, *, is_personal: bool
) -> Plan:
    """Do what was shown, all of it; ConflictError when it would be something else by now."""
    owner_id = writer.agent_id if is_personal else None
    check_may_write(writer, owner_id)
    existing = _by_shortcut(list_owned(uow.session, owner_id))
    planned = _planned(existing, data)
    plan = Plan(tuple(row for row, _ in planned))
    if plan.digest != digest:
        raise ConflictError(say("the list has changed since: look at the file again"))
    if not plan.is_possible:
        raise InvalidInputError("file", say("mend the wrong rows first: nothing was imported"))
    refuse_crowd(uow, owner_id, plan.count(Change.NEW))
    for row, form in planned:
        if row.change is not Change.SAME:
            _put(uow, existing.get(form.shortcut), form, owner_id)
    if owner_id is None:
        counts = {"new": plan.count(Change.NEW), "changed": plan.count(Change.CHANGED)}
        note(uow, "canned.imported", "canned", actor_id=writer.agent_id, counts=counts)
    return plan


def _put(
    uow: UnitOfWork, row: CannedResponse | None, form: CannedForm, owner_id: int | None
) -> None:
    if row is None:
        row = CannedResponse(owner_id=owner_id, use_count=0, created_at=uow.now)
        uow.session.add(row)
    for name in WRITTEN:
        setattr(row, name, getattr(form, name))
    row.updated_at = uow.now


def _planned(existing: Mapping[str, CannedResponse], data: bytes) -> list[Planned]:
    seen: dict[str, int] = {}
    found = []
    for row in read_table(data, COLUMNS, NEEDED):
        form = tidy(CannedForm(**{name: row.cells.get(name, "") for name in WRITTEN}))
        problem = _problem(form, seen)
        seen.setdefault(form.shortcut, row.number)
        found.append((_row(row, form, existing.get(form.shortcut), problem), form))
    return found


def _problem(form: CannedForm, seen: Mapping[str, int]) -> str | None:
    if form.shortcut in seen:
        return say("the same shortcut as in row %(number)d", number=seen[form.shortcut])
    return next(iter(problems(form).values()), None)


def _row(
    row: CsvRow, form: CannedForm, before: CannedResponse | None, problem: str | None
) -> PlannedRow:
    name, detail = form.shortcut, form.text[:LONGEST_DETAIL]
    if problem:
        return PlannedRow(row.number, Change.WRONG, name, detail, problem)
    if before is None:
        return PlannedRow(row.number, Change.NEW, name, detail)
    old, new = ([getattr(it, column) for column in WRITTEN] for it in (before, form))
    change = Change.SAME if old == new else Change.CHANGED
    return PlannedRow(row.number, change, name, detail, before=repr(old))


def _by_shortcut(rows: Iterable[CannedResponse]) -> dict[str, CannedResponse]:
    return {row.shortcut: row for row in rows}
