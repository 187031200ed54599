"""What changes about prepared answers: written, changed, used, removed."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select, update

from wxdesk.audit.operations import note
from wxdesk.canned_responses.models import CannedResponse
from wxdesk.canned_responses.queries import count_canned, no_such_canned
from wxdesk.canned_responses.rules import (
    LONGEST_FOLDER,
    LONGEST_TEXT,
    LONGEST_TITLE,
    MOST_PARTS,
    MOST_PERSONAL,
    MOST_SHARED,
    shortcut_of,
    shortcut_problem,
    title_of,
    unknown_variables,
)
from wxdesk.contacts.inputs import cleaned
from wxdesk.plumbing.errors import ConflictError, InvalidInputError, NotAllowedError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.wechat.push import ILLEGAL
from wxdesk.wechat.splitting import MOST_BYTES, split_text
from wxdesk.words import say

WRITTEN = ("shortcut", "title", "text", "folder")


@dataclass(frozen=True, slots=True)
class CannedForm:
    """A prepared answer as somebody typed it."""

    shortcut: str
    title: str
    text: str
    folder: str = ""


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes: their own, and with `may_share` what all agents share."""

    agent_id: int
    may_share: bool


def tidy(form: CannedForm) -> CannedForm:
    """As it is stored."""
    text = ILLEGAL.sub("", form.text).replace("\r\n", "\n").strip()
    return CannedForm(
        shortcut=shortcut_of(form.shortcut),
        title=title_of(cleaned(form.title), text),
        text=text,
        folder=cleaned(form.folder),
    )


def problems(form: CannedForm) -> dict[str, str]:
    """Field to sentence, for each field that can't be taken; empty when all is well."""
    form = tidy(form)
    found: dict[str, str] = {}
    if problem := shortcut_problem(form.shortcut):
        found["shortcut"] = problem
    if len(form.title) > LONGEST_TITLE:
        found["title"] = say("at most %(most)d characters", most=LONGEST_TITLE)
    if len(form.folder) > LONGEST_FOLDER:
        found["folder"] = say("at most %(most)d characters", most=LONGEST_FOLDER)
    if problem := _text_problem(form.text):
        found["text"] = problem
    return found


def create_canned(
    uow: UnitOfWork, form: CannedForm, writer: Writer, *, is_personal: bool
) -> CannedResponse:
    """Store a new one. InvalidInputError names the field that can't be taken."""
    form = _acceptable(form)
    owner_id = writer.agent_id if is_personal else None
    check_may_write(writer, owner_id)
    refuse_crowd(uow, owner_id, 1)
    _refuse_double(uow, form.shortcut, owner_id)
    row = CannedResponse(
        owner_id=owner_id,
        use_count=0,
        created_at=uow.now,
        updated_at=uow.now,
        **{name: getattr(form, name) for name in WRITTEN},
    )
    uow.session.add(row)
    uow.session.flush()
    return row


def change_canned(
    uow: UnitOfWork, canned_id: int, form: CannedForm, writer: Writer
) -> CannedResponse:
    """Replace what is written; the owner, and how often it was used, stay."""
    form = _acceptable(form)
    row = locked(uow, canned_id, writer)
    if row.shortcut != form.shortcut:
        _refuse_double(uow, form.shortcut, row.owner_id)
    for name in WRITTEN:
        setattr(row, name, getattr(form, name))
    row.updated_at = uow.now
    return row


def delete_canned(uow: UnitOfWork, canned_id: int, writer: Writer) -> None:
    """Remove one; NotFoundError if there is none. Of a shared one the audit log tells."""
    row = locked(uow, canned_id, writer)
    if row.owner_id is None:
        actor, subject = writer.agent_id, f"canned:{canned_id}"
        note(uow, "canned.deleted", subject, actor_id=actor, name=row.shortcut)
    uow.session.delete(row)


def note_use(uow: UnitOfWork, canned_id: int, agent_id: int) -> None:
    """An answer that was made of it was sent."""
    used = uow.session.execute(
        update(CannedResponse)
        .where(
            CannedResponse.id == canned_id,
            CannedResponse.owner_id.is_(None) | (CannedResponse.owner_id == agent_id),
        )
        .values(use_count=CannedResponse.use_count + 1, used_at=uow.now)
        .execution_options(synchronize_session=False)
    )
    if used.rowcount != 1:  # type: ignore[attr-defined]
        raise no_such_canned(canned_id)


def locked(uow: UnitOfWork, canned_id: int, writer: Writer) -> CannedResponse:
    """One that this person may change, locked until the commit."""
    row = uow.session.get(CannedResponse, canned_id, with_for_update=True, populate_existing=True)
    if row is None or row.owner_id not in (None, writer.agent_id):
        raise no_such_canned(canned_id)
    check_may_write(writer, row.owner_id)
    return row


def refuse_crowd(uow: UnitOfWork, owner_id: int | None, more: int) -> None:
    """ConflictError when there would be more than anybody can look through."""
    most = MOST_SHARED if owner_id is None else MOST_PERSONAL
    if count_canned(uow.session, owner_id) + more > most:
        raise ConflictError(say("there are %(most)d canned responses at most", most=most))


def check_may_write(writer: Writer, owner_id: int | None) -> None:
    """NotAllowedError when this person may not write this owner's answers."""
    if owner_id is None and not writer.may_share:
        raise NotAllowedError("shared.write")


def _text_problem(text: str) -> str | None:
    if not text:
        return say("the text is empty")
    if len(text) > LONGEST_TEXT:
        return say("at most %(most)d characters", most=LONGEST_TEXT)
    if unknown := unknown_variables(text):
        return say("there is no variable {{%(name)s}}", name=unknown[0])
    parts = len(split_text(text))
    if parts > MOST_PARTS:
        return say(
            "the text takes %(n)d messages of %(bytes)d bytes; %(most)d at most",
            n=parts,
            bytes=MOST_BYTES,
            most=MOST_PARTS,
        )
    return None


def _acceptable(form: CannedForm) -> CannedForm:
    for field, sentence in problems(form).items():
        raise InvalidInputError(field, sentence)
    return tidy(form)


def _refuse_double(uow: UnitOfWork, shortcut: str, owner_id: int | None) -> None:
    owner = CannedResponse.owner_id
    whose = owner.is_(None) if owner_id is None else owner == owner_id
    query = select(CannedResponse.id).where(CannedResponse.shortcut == shortcut, whose).limit(1)
    if uow.session.scalar(query) is not None:
        raise InvalidInputError("shortcut", say("there is one with this shortcut already"))
