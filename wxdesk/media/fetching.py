"""The way of a file from WeChat: claimed once, settled once. The row is the work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from wxdesk.accounts.operations import note_problem
from wxdesk.background_jobs import FETCH_FILES
from wxdesk.conversations.models import Message
from wxdesk.conversations.queries import open_conversation_ids
from wxdesk.media.examining import Examined
from wxdesk.media.models import Attachment
from wxdesk.media.operations import columns_of
from wxdesk.media.queries import FileView, get_file
from wxdesk.media.rules import (
    ACCOUNT_PAUSE,
    CLAIM_LASTS,
    CRASHED,
    KEPT_AT_WECHAT,
    MOST_CRASHES,
    NO_TOOL,
    PAUSES,
    FileKind,
    FileState,
    may_retry,
    next_attempt,
)
from wxdesk.media.storing import names_of
from wxdesk.plumbing.errors import ConflictError, DeliveryError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.wechat.error_codes import Action, meaning_of, meaning_of_text
from wxdesk.words import say

MOST_TAKEN_UP = 500
LONGEST_REASON = 500
LONGEST_CODE = 40
NO_RIGHT = 48001


class NoRightError(DeliveryError):
    """The account is of a kind that WeChat gives no right to media: trying again can't help."""

    def __init__(self) -> None:
        super().__init__(meaning_of(NO_RIGHT).reason, code=str(NO_RIGHT), is_permanent=True)


@dataclass(frozen=True, slots=True)
class Claim:
    """A file that this process alone fetches now. `sha256` is set when it lies in the store."""

    id: int
    account_id: int
    message_id: int | None
    kind: FileKind
    media_id: str | None
    source_url: str | None
    sha256: str | None
    attempts: int
    claimed_at: datetime
    created_at: datetime


def claim_next(uow: UnitOfWork, account_id: int) -> Claim | None:
    """Take the account's file that waits longest; None when none is due."""
    attachment_id = uow.session.scalars(
        select(Attachment.id)
        .where(
            Attachment.state == FileState.WAITING,
            Attachment.account_id == account_id,
            Attachment.next_attempt_at <= uow.now,
        )
        .order_by(Attachment.next_attempt_at, Attachment.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    if attachment_id is None:
        return None
    claimed = uow.session.execute(
        update(Attachment)
        .where(Attachment.id == attachment_id, Attachment.state == FileState.WAITING)
        .values(state=FileState.FETCHING, claimed_at=uow.now, attempts=Attachment.attempts + 1)
        .execution_options(synchronize_session=False)
    )
    if claimed.rowcount != 1:  # type: ignore[attr-defined]
        return None
    row = uow.session.get_one(Attachment, attachment_id)
    return Claim(
        id=row.id,
        account_id=row.account_id,
        message_id=row.message_id,
        kind=row.kind,
        media_id=row.media_id,
        source_url=row.source_url,
        sha256=row.sha256,
        attempts=row.attempts,
        claimed_at=uow.now,
        created_at=row.created_at,
    )


def settle_ready(uow: UnitOfWork, claim: Claim, found: Examined, file_name: str) -> bool:
    """The contents are in the store; False if the row was taken over or deleted meanwhile."""
    values = {"state": FileState.READY, **columns_of(found, names_of(found))}
    if file_name:
        values["file_name"] = file_name
    return _settle(uow, claim, values)


def settle_failed(uow: UnitOfWork, claim: Claim, error: DeliveryError) -> bool:
    """It did not come: later, or never. False as above."""
    values: dict[str, object] = {
        "error_code": error.code[:LONGEST_CODE],
        "last_error": str(error)[:LONGEST_REASON],
    }
    if claim.sha256 is not None:
        values |= {"state": FileState.READY, "error_code": NO_TOOL}  # it is here, as it was
    elif is_for_admins(error):
        values |= _later(uow, claim, error, uow.now + ACCOUNT_PAUSE)
        values["attempts"] = max(0, claim.attempts - 1)
        note_problem(uow, claim.account_id, error.code, str(error))
    elif is_gone(error):
        values["state"] = FileState.GONE
        values["last_error"] = str(say("WeChat has deleted this file"))
    elif error.is_permanent:
        values["state"] = FileState.FAILED
    else:
        values |= _later(uow, claim, error, error.retry_at)
    return _settle(uow, claim, values)


def is_gone(error: DeliveryError) -> bool:
    """WeChat does not know the media id (any more)."""
    meaning = meaning_of_text(error.code)
    return meaning is not None and meaning.action is Action.UPLOAD_AGAIN


def is_for_admins(error: DeliveryError) -> bool:
    """Something about the account that an admin can mend before WeChat deletes the file."""
    meaning = meaning_of_text(error.code)
    if meaning is None or not error.is_permanent or isinstance(error, NoRightError):
        return False
    return meaning.action in (Action.ACCOUNT, Action.NEW_TOKEN)  # the latter: a wrong secret


def take_up_abandoned(uow: UnitOfWork) -> int:
    """Files whose process ended while fetching are due again; how many were given up instead.

    Given up is a file that did so three times, or that WeChat has deleted by now.
    """
    rows = uow.session.scalars(
        select(Attachment)
        .where(
            Attachment.state == FileState.FETCHING,
            Attachment.claimed_at < uow.now - CLAIM_LASTS,
        )
        .order_by(Attachment.claimed_at)
        .limit(MOST_TAKEN_UP)
        .with_for_update(skip_locked=True)
    ).all()
    given_up = 0
    for row in rows:
        row.crashes += 1
        is_late = row.sha256 is None and row.created_at <= uow.now - KEPT_AT_WECHAT
        if row.crashes < MOST_CRASHES and not is_late:
            row.state, row.next_attempt_at = FileState.WAITING, uow.now
            continue
        row.state = FileState.FAILED if row.sha256 is None else FileState.READY
        row.error_code = CRASHED
        row.last_error = str(say("each try was stopped in the middle"))
        _announce(uow, row.message_id)
        given_up += 1
    return given_up


def fetch_again(uow: UnitOfWork, attachment_id: int) -> FileView:
    """A person asks to try again now; ConflictError when that could change nothing."""
    view = get_file(uow.session, attachment_id)
    if not may_retry(view.state, 1, view.error_code):
        raise ConflictError(say("this file can't be fetched again"))
    uow.session.execute(
        update(Attachment)
        .where(Attachment.id == attachment_id, Attachment.state == view.state)
        .values(state=FileState.WAITING, attempts=0, crashes=0, next_attempt_at=uow.now)
        .execution_options(synchronize_session=False)
    )
    uow.session.expire_all()
    uow.ring(FETCH_FILES)
    _announce(uow, view.message_id)
    return get_file(uow.session, attachment_id)


def _later(
    uow: UnitOfWork, claim: Claim, error: DeliveryError, not_before: datetime | None
) -> dict[str, object]:
    """After a pause, while WeChat still has it; `not_before` holds for the whole account."""
    at = next_attempt(claim.attempts, uow.now, claim.created_at)
    if at is None and not error.is_uncounted:
        return {
            "state": FileState.GONE,
            "last_error": str(say("it could not be fetched before WeChat deleted it")),
        }
    at = at or uow.now + PAUSES[0]
    if not_before is not None:
        at = max(at, not_before)
        _hold_account(uow, claim.account_id, not_before)
    values: dict[str, object] = {"state": FileState.WAITING, "next_attempt_at": at}
    if error.is_uncounted:
        values["attempts"] = max(0, claim.attempts - 1)
    return values


def _hold_account(uow: UnitOfWork, account_id: int, until: datetime) -> None:
    """The account may make no such call before: its other files wait as well."""
    uow.session.execute(
        update(Attachment)
        .where(
            Attachment.state == FileState.WAITING,
            Attachment.account_id == account_id,
            Attachment.next_attempt_at < until,
        )
        .values(next_attempt_at=until)
        .execution_options(synchronize_session=False)
    )


def _settle(uow: UnitOfWork, claim: Claim, values: dict[str, object]) -> bool:
    settled = uow.session.execute(
        update(Attachment)
        .where(
            Attachment.id == claim.id,
            Attachment.state == FileState.FETCHING,
            Attachment.claimed_at == claim.claimed_at,
            Attachment.attempts == claim.attempts,
        )
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    if settled.rowcount != 1:  # type: ignore[attr-defined]
        return False
    _announce(uow, claim.message_id)
    return True


def _announce(uow: UnitOfWork, message_id: int | None) -> None:
    """The thread is shown in the message's conversation, and in the customer's open one."""
    found = uow.session.execute(
        select(Message.conversation_id, Message.contact_id).where(Message.id == message_id)
    ).first()
    if found is None:
        return
    ids = {found[0], *open_conversation_ids(uow.session, {found[1]})}
    uow.announce(*(f"conversation:{each}" for each in ids if each is not None))
