"""Tags of conversations as a CSV file, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from wxdesk.contacts.inputs import cleaned
from wxdesk.conversations.models import ConversationTag
from wxdesk.conversations.rules import COLOURS
from wxdesk.conversations.tagging import MOST_TAGS, TagView, fold, name_problem
from wxdesk.plumbing.csv_files import read_table, write_table
from wxdesk.plumbing.errors import ConflictError, InvalidInputError
from wxdesk.plumbing.imports import Change, Plan, PlannedRow
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.words import say

COLUMNS: dict[str, tuple[str, ...]] = {"name": ("名称",), "colour": ("颜色", "color")}
NEEDED = ("name",)
CHINESE_HEADING = tuple(names[0] for names in COLUMNS.values())


def export(tags: Iterable[TagView], *, is_chinese: bool) -> str:
    """A CSV file of these tags."""
    heading = CHINESE_HEADING if is_chinese else tuple(COLUMNS)
    return write_table(heading, [(tag.name, tag.colour) for tag in tags])


def plan_of(session: Session, data: bytes) -> Plan:
    """What the file would do; InvalidInputError("file") when it can't be read."""
    return _planned(_existing(session), data)


def carry_out(uow: UnitOfWork, data: bytes, digest: str) -> Plan:
    """Do what was shown, all of it; ConflictError when it would be something else by now."""
    existing = _existing(uow.session)
    plan = _planned(existing, data)
    if plan.digest != digest:
        raise ConflictError(say("the list has changed since: look at the file again"))
    if not plan.is_possible:
        raise InvalidInputError("file", say("mend the wrong rows first: nothing was imported"))
    if len(existing) + plan.count(Change.NEW) > MOST_TAGS:
        raise ConflictError(say("there are %(most)d tags at most", most=MOST_TAGS))
    for row in plan.rows:
        if row.change is Change.NEW:
            uow.session.add(ConversationTag(name=row.name, colour=row.detail, created_at=uow.now))
        elif row.change is Change.CHANGED:
            existing[fold(row.name)].colour = row.detail
    uow.announce("inbox")
    return plan


def _planned(existing: Mapping[str, ConversationTag], data: bytes) -> Plan:
    """A known name gets the colour of the file; an empty cell leaves it, or takes the first."""
    seen: dict[str, int] = {}
    found = []
    for row in read_table(data, COLUMNS, NEEDED):
        name, colour = cleaned(row.cells["name"]), row.cells.get("colour", "").strip().lower()
        before = existing.get(fold(name))
        detail = colour or (before.colour if before else COLOURS[0])
        problem = _problem(name, detail, seen)
        if problem:
            change = Change.WRONG
        elif before is None:
            change = Change.NEW
        else:
            change = Change.SAME if before.colour == detail else Change.CHANGED
        seen.setdefault(fold(name), row.number)
        old = before.colour if before else ""
        found.append(PlannedRow(row.number, change, name, detail, problem, old))
    return Plan(tuple(found))


def _problem(name: str, colour: str, seen: Mapping[str, int]) -> str | None:
    if problem := name_problem(name):
        return problem
    if fold(name) in seen:
        return say("the same name as in row %(number)d", number=seen[fold(name)])
    if colour not in COLOURS:
        return say("the colour is one of: %(values)s", values=", ".join(COLOURS))
    return None


def _existing(session: Session) -> dict[str, ConversationTag]:
    return {fold(tag.name): tag for tag in session.scalars(select(ConversationTag))}
