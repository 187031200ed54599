"""A company's own fields of its customers: made, ordered, removed, and given values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from wxdesk.audit.operations import note
from wxdesk.contacts.changes import get_changeable
from wxdesk.contacts.inputs import cleaned, cleaned_names
from wxdesk.contacts.models import Contact, ContactField, ContactFieldValue
from wxdesk.contacts.queries import get_contact
from wxdesk.contacts.rules import FieldKind
from wxdesk.plumbing.errors import ConflictError, InvalidInputError, NotFoundError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.words import say

NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,6})?")
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
LONGEST_NAME = 30
LONGEST_VALUE = 200
LONGEST_CHOICE = 40
MOST_CHOICES = 50
MOST_FIELDS = 50


@dataclass(frozen=True, slots=True)
class FieldView:
    """A field; `choices` of a choice only."""

    id: int
    name: str
    kind: FieldKind
    choices: tuple[str, ...]
    position: int


@dataclass(frozen=True, slots=True)
class FieldValue:
    """A field of one customer; None when nothing is known."""

    field: FieldView
    value: str | None


def list_fields(session: Session) -> list[FieldView]:
    """All fields in their order (at most 50)."""
    query = select(ContactField).order_by(ContactField.position, ContactField.id)
    return [_view(row) for row in session.scalars(query.limit(MOST_FIELDS))]


def get_field(session: Session, field_id: int) -> FieldView:
    """One field; NotFoundError if there is none."""
    row = session.get(ContactField, field_id)
    if row is None:
        raise _no_such_field(field_id)
    return _view(row)


def count_values(session: Session) -> dict[int, int]:
    """By field the number of customers of whom something is known."""
    rows = session.execute(
        select(ContactFieldValue.field_id, func.count()).group_by(ContactFieldValue.field_id)
    )
    return dict(rows.all())


def values_of(session: Session, contact_id: int) -> list[FieldValue]:
    """All fields of one customer in their order; NotFoundError if there is no such customer."""
    get_contact(session, contact_id)
    rows = session.execute(
        select(ContactFieldValue.field_id, ContactFieldValue.value).where(
            ContactFieldValue.contact_id == contact_id
        )
    )
    known: dict[int, str] = dict(rows.all())
    return [FieldValue(field, known.get(field.id)) for field in list_fields(session)]


def create_field(
    uow: UnitOfWork, name: str, kind: FieldKind, choices: Iterable[str] = ()
) -> ContactField:
    """A new field, the last one. InvalidInputError names what can't be taken."""
    fields = list_fields(uow.session)
    if len(fields) >= MOST_FIELDS:
        raise ConflictError(say("there are %(most)d fields at most", most=MOST_FIELDS))
    field = ContactField(
        name=_acceptable_name(fields, name, None),
        kind=kind,
        choices=_stored(_acceptable_choices(kind, choices)),
        position=len(fields),
    )
    uow.session.add(field)
    uow.session.flush()
    _renumber(uow, [*(field.id for field in fields), field.id])
    return field


def change_field(
    uow: UnitOfWork, field_id: int, *, name: str | None, choices: Iterable[str] | None
) -> ContactField:
    """Rename a field or change its choices. Values that are no choice any more stay as they are.

    The kind stays: what is known would not fit another one.
    """
    field = _locked(uow, field_id)
    if name is not None:
        field.name = _acceptable_name(list_fields(uow.session), name, field_id)
    if choices is not None:
        field.choices = _stored(_acceptable_choices(field.kind, choices))
    return field


def move_field(uow: UnitOfWork, field_id: int, position: int) -> None:
    """Put a field at this place, counted from 0; the others make room."""
    _locked(uow, field_id)
    ids = [field.id for field in list_fields(uow.session) if field.id != field_id]
    ids.insert(position, field_id)
    _renumber(uow, ids)


def delete_field(uow: UnitOfWork, field_id: int, *, by: int | None = None) -> int:
    """Remove a field and all that is known of it; of how many customers that was.

    Noted in the audit log.
    """
    field = _locked(uow, field_id)
    known = select(ContactFieldValue.contact_id).where(ContactFieldValue.field_id == field_id)
    uow.session.execute(
        update(Contact).where(Contact.id.in_(known)).values(is_indexed=False),
        execution_options={"synchronize_session": False},
    )
    removed = uow.session.execute(
        delete(ContactFieldValue)
        .where(ContactFieldValue.field_id == field_id)
        .execution_options(synchronize_session=False)
    )
    count = int(removed.rowcount)  # type: ignore[attr-defined]
    note(uow, "field.deleted", f"field:{field_id}", actor_id=by, name=field.name, customers=count)
    uow.session.delete(field)
    return count


def set_values(uow: UnitOfWork, contact_id: int, values: Mapping[int, str | None]) -> None:
    """Note or forget (None, "") what is known of a customer; InvalidInputError names the field.

    All or nothing. A value that is no choice any more may stay, but not be given anew.
    """
    get_changeable(uow, contact_id).is_indexed = False
    fields = {field.id: field for field in list_fields(uow.session)}
    known = {
        row.field_id: row
        for row in uow.session.scalars(
            select(ContactFieldValue).where(ContactFieldValue.contact_id == contact_id)
        )
    }
    for field_id, given in values.items():
        if field_id not in fields:
            raise InvalidInputError(str(field_id), say("there is no field %(id)d", id=field_id))
        row, value = known.get(field_id), cleaned(given or "")
        if row is not None and value == row.value:
            continue
        _set(uow, row, fields[field_id], contact_id, value)


def value_of(field: FieldView, value: str) -> str:
    """The value as it is stored; InvalidInputError, with the field's id, when it does not fit."""
    problem = None
    if field.kind is FieldKind.NUMBER:
        value = value.replace(",", "").replace("，", "")
        problem = None if NUMBER.fullmatch(value) else say("a number is needed")
    elif field.kind is FieldKind.DATE:
        problem = None if _is_date(value) else say("a date like 2026-03-02 is needed")
    elif field.kind is FieldKind.CHOICE:
        wanted = say("one of: %(values)s", values=", ".join(field.choices))
        problem = None if value in field.choices else wanted
    elif len(value) > LONGEST_VALUE:
        problem = say("at most %(most)d characters", most=LONGEST_VALUE)
    if problem:
        raise InvalidInputError(str(field.id), problem)
    return value


def _set(
    uow: UnitOfWork,
    row: ContactFieldValue | None,
    field: FieldView,
    contact_id: int,
    value: str,
) -> None:
    if not value:
        if row is not None:
            uow.session.delete(row)
        return
    value = value_of(field, value)
    if row is None:
        uow.session.add(ContactFieldValue(contact_id=contact_id, field_id=field.id, value=value))
    else:
        row.value = value


def _is_date(value: str) -> bool:
    if not DATE.fullmatch(value):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _acceptable_name(fields: Sequence[FieldView], name: str, field_id: int | None) -> str:
    name = cleaned(name)
    if not name or len(name) > LONGEST_NAME:
        raise InvalidInputError(
            "name", say("a name has 1 to %(most)d characters", most=LONGEST_NAME)
        )
    if any(field.name.casefold() == name.casefold() and field.id != field_id for field in fields):
        raise InvalidInputError("name", say("there is a field with this name already"))
    return name


def _acceptable_choices(kind: FieldKind, choices: Iterable[str]) -> list[str]:
    if kind is not FieldKind.CHOICE:
        return []
    found = cleaned_names(choices)
    if not 1 <= len(found) <= MOST_CHOICES:
        raise InvalidInputError("choices", say("1 to %(most)d choices", most=MOST_CHOICES))
    if any(len(choice) > LONGEST_CHOICE for choice in found):
        raise InvalidInputError(
            "choices", say("a choice has at most %(most)d characters", most=LONGEST_CHOICE)
        )
    return found


def _stored(choices: list[str]) -> dict[str, object] | None:
    return {"items": choices} if choices else None


def _renumber(uow: UnitOfWork, ids: Sequence[int]) -> None:
    places = {field_id: position for position, field_id in enumerate(ids)}
    for field in uow.session.scalars(select(ContactField).with_for_update()):
        field.position = places.get(field.id, len(places))


def _locked(uow: UnitOfWork, field_id: int) -> ContactField:
    field = uow.session.get(ContactField, field_id, with_for_update=True, populate_existing=True)
    if field is None:
        raise _no_such_field(field_id)
    return field


def _no_such_field(field_id: int) -> NotFoundError:
    return NotFoundError(say("there is no field %(id)d", id=field_id))


def _view(row: ContactField) -> FieldView:
    choices = tuple((row.choices or {}).get("items", ()))
    return FieldView(row.id, row.name, row.kind, choices, row.position)
