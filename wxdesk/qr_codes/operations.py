"""What changes about QR codes: made, described, put away, asked for again; recorded scans."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import func, select

from wxdesk.accounts.models import Account
from wxdesk.accounts.rules import Capability, capabilities
from wxdesk.audit.operations import note
from wxdesk.background_jobs import MAKE_QR_CODES
from wxdesk.plumbing.db import insert_rows
from wxdesk.plumbing.errors import ConflictError, InvalidInputError, NotFoundError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.qr_codes.models import QrCode, QrScan
from wxdesk.qr_codes.queries import knows_campaign
from wxdesk.qr_codes.rules import (
    A_DAY_SECONDS,
    MOST_AT_ONCE,
    MOST_PERMANENT,
    CodeForm,
    QrState,
    problems,
    shown_state,
)
from wxdesk.words import say

ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"  # without what people mistake for each other
MADE_UP_CHARACTERS = 9


@dataclass(frozen=True, slots=True)
class Scan:
    """A recorded push; `is_follow`: the scan made the customer follow."""

    account_id: int
    contact_id: int
    scene: str
    message_id: int
    is_follow: bool
    scanned_at: datetime


def note_scans(uow: UnitOfWork, scans: Iterable[Scan]) -> None:
    """Record scans of any code, ours or not; those of known messages are passed over."""
    rows = [
        {
            "account_id": it.account_id,
            "contact_id": it.contact_id,
            "scene": it.scene,
            "message_id": it.message_id,
            "is_follow": it.is_follow,
            "scanned_at": it.scanned_at,
        }
        for it in scans
    ]
    if rows:
        insert_rows(uow.session, QrScan, rows, passes_known=True)


def create_codes(uow: UnitOfWork, forms: Sequence[CodeForm], actor_id: int | None) -> list[int]:
    """Order codes of one account, all or none; a job has WeChat make them. Gives their ids.

    InvalidInputError names the field; `row` of its extra is the place in `forms`, from 0.
    """
    _check(uow, forms)
    found = [
        QrCode(
            account_id=form.account_id,
            scene=form.scene or _made_up(),
            label=form.label,
            kind=form.kind,
            folder=form.folder,
            cost_cents=form.cost_cents,
            campaign_id=form.campaign_id,
            lives_seconds=form.days * A_DAY_SECONDS if form.days else None,
            next_attempt_at=uow.now,
            created_by_id=actor_id,
            created_at=uow.now,
        )
        for form in forms
    ]
    uow.session.add_all(found)
    uow.session.flush()
    subject = f"qr_code:{found[0].id}" if len(found) == 1 else f"account:{forms[0].account_id}"
    note(uow, "qr_code.created", subject, actor_id=actor_id, count=len(found))
    uow.ring(MAKE_QR_CODES)
    return [code.id for code in found]


def change_code(uow: UnitOfWork, code_id: int, form: CodeForm, actor_id: int) -> None:
    """Label, kind, folder, cost and campaign; account, scene and life stay what they are."""
    code = _locked(uow, code_id)
    _refuse(replace(form, scene="", days=None))
    _refuse_campaign(uow, replace(form, account_id=code.account_id))
    wanted = {
        "label": form.label,
        "kind": form.kind,
        "folder": form.folder,
        "cost_cents": form.cost_cents,
        "campaign_id": form.campaign_id,
    }
    changed = [name for name, value in wanted.items() if getattr(code, name) != value]
    for name in changed:
        setattr(code, name, wanted[name])
    if changed:
        note(uow, "qr_code.changed", f"qr_code:{code.id}", actor_id=actor_id, fields=changed)


def archive_code(uow: UnitOfWork, code_id: int, *, is_archived: bool, actor_id: int) -> None:
    """Take it from the lists, or bring it back; WeChat goes on with what is printed."""
    code = _locked(uow, code_id)
    if is_archived == (code.archived_at is not None):
        return
    code.archived_at = uow.now if is_archived else None
    action = "qr_code.archived" if is_archived else "qr_code.restored"
    note(uow, action, f"qr_code:{code.id}", actor_id=actor_id)


def make_again(uow: UnitOfWork, code_id: int, actor_id: int | None) -> None:
    """Ask WeChat again for a code that failed or whose time is over; ConflictError otherwise."""
    code = _locked(uow, code_id)
    if shown_state(code.state, code.expires_at, uow.now) not in ("failed", "expired"):
        raise ConflictError(say("this code is good, or is being made"))
    code.state, code.attempts, code.error = QrState.WAITING, 0, None
    code.next_attempt_at = uow.now
    note(uow, "qr_code.made_again", f"qr_code:{code.id}", actor_id=actor_id)
    uow.ring(MAKE_QR_CODES)


def _locked(uow: UnitOfWork, code_id: int) -> QrCode:
    code = uow.session.get(QrCode, code_id, with_for_update=True, populate_existing=True)
    if code is None:
        raise NotFoundError(say("there is no such QR code"))
    return code


def _check(uow: UnitOfWork, forms: Sequence[CodeForm]) -> None:
    if not 1 <= len(forms) <= MOST_AT_ONCE:
        raise InvalidInputError(
            "rows", say("between 1 and %(most)d codes at a time", most=MOST_AT_ONCE)
        )
    for row, form in enumerate(forms):
        _refuse(form, row)
    _refuse_campaign(uow, forms[0])
    _refuse_account(uow, forms)
    _refuse_known_scenes(uow, forms)


def _refuse(form: CodeForm, row: int = 0) -> None:
    for field, sentence in problems(form).items():
        raise InvalidInputError(field, sentence, row=row)


def _refuse_campaign(uow: UnitOfWork, form: CodeForm) -> None:
    if form.campaign_id is not None and not knows_campaign(
        uow.session, form.account_id, form.campaign_id
    ):
        raise InvalidInputError("campaign_id", say("this account has no such campaign"))


def _refuse_account(uow: UnitOfWork, forms: Sequence[CodeForm]) -> None:
    """One account at a time; of a kind that may have codes; within WeChat's number of them."""
    account_id = forms[0].account_id
    account = uow.session.get(
        Account, account_id, with_for_update={"key_share": True}, populate_existing=True
    )
    if account is None or any(form.account_id != account_id for form in forms):
        raise InvalidInputError("account_id", say("there is no such official account"))
    may = capabilities(account.account_type, is_verified=account.is_verified)
    if Capability.QR_CODES not in may:
        raise InvalidInputError(
            "account_id", say("WeChat makes such codes for verified service accounts only")
        )
    new = sum(form.days is None for form in forms)
    has = uow.session.scalar(
        select(func.count()).where(QrCode.account_id == account_id, QrCode.lives_seconds.is_(None))
    )
    if new and (has or 0) + new > MOST_PERMANENT:
        left = max(0, MOST_PERMANENT - (has or 0))
        raise InvalidInputError(
            "days",
            say(
                "WeChat lets an account have 100,000 permanent codes; %(left)d are left", left=left
            ),
        )


def _refuse_known_scenes(uow: UnitOfWork, forms: Sequence[CodeForm]) -> None:
    rows: dict[str, int] = {}
    for row, form in enumerate(forms):
        if form.scene and form.scene in rows:
            raise InvalidInputError("scene", say("this scene is here twice"), row=row)
        rows[form.scene] = row
    wanted = [scene for scene in rows if scene]
    known = uow.session.execute(
        select(QrCode.scene, QrCode.label)
        .where(QrCode.account_id == forms[0].account_id, QrCode.scene.in_(wanted))
        .order_by(QrCode.scene)
        .limit(1)
    ).first()
    if known is not None:
        sentence = say("this scene belongs to the code “%(label)s” already", label=known.label)
        raise InvalidInputError("scene", sentence, row=rows[known.scene])


def _made_up() -> str:
    return "q" + "".join(secrets.choice(ALPHABET) for _ in range(MADE_UP_CHARACTERS))
