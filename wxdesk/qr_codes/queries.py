"""QR codes as pages show them: one, lists, folders, those of an archive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, String, column, func, or_, select, table
from sqlalchemy.orm import Session

from wxdesk.accounts.models import Account
from wxdesk.accounts.queries import AccountName
from wxdesk.accounts.rules import Capability, capabilities
from wxdesk.plumbing.errors import NotFoundError
from wxdesk.qr_codes.models import QrCode
from wxdesk.qr_codes.rules import CodeKind, QrState, ShownState, shown_state
from wxdesk.words import say

MOST_FOLDERS = 500
MOST_CAMPAIGNS = 200
MOST_ACCOUNTS = 1_000
CAMPAIGNS = table(  # of a package above this one
    "campaigns",
    column("id", Integer),
    column("account_id", Integer),
    column("name", String),
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Filters of a list; None and "" mean all, `folder` "" the codes without one."""

    account_id: int | None = None
    folder: str | None = None
    kind: CodeKind | None = None
    text: str = ""
    is_archived: bool = False


@dataclass(frozen=True, slots=True)
class CodeView:
    """One code; `error` is why WeChat has not made it (yet), `next_attempt_at` when it is asked."""

    id: int
    account_id: int
    account_name: str
    scene: str
    label: str
    kind: CodeKind
    folder: str
    cost_cents: int | None
    campaign_id: int | None
    campaign_name: str | None
    is_permanent: bool
    days: int | None
    state: ShownState
    url: str
    expires_at: datetime | None
    error: str
    attempts: int
    next_attempt_at: datetime
    created_at: datetime
    archived_at: datetime | None


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of the list's filters; `name` "" holds the codes without one."""

    name: str
    codes: int


def get_code(session: Session, code_id: int, now: datetime) -> CodeView:
    """One code; NotFoundError if there is none."""
    row = session.execute(_query().where(QrCode.id == code_id)).one_or_none()
    if row is None:
        raise NotFoundError(say("there is no such QR code"))
    return _view(now, *row)


def list_codes(
    session: Session, wanted: Wanted, now: datetime, *, before_id: int | None, limit: int
) -> list[CodeView]:
    """Newest first, from the one before `before_id`."""
    query = _query().where(*conditions(wanted))
    if before_id is not None:
        query = query.where(QrCode.id < before_id)
    rows = session.execute(query.order_by(QrCode.id.desc()).limit(limit))
    return [_view(now, *row) for row in rows]


def list_folders(session: Session, wanted: Wanted) -> list[Folder]:
    """The folders of these codes by name, whichever of them is chosen; at most 500."""
    its = Wanted(wanted.account_id, None, wanted.kind, wanted.text, wanted.is_archived)
    rows = session.execute(
        select(QrCode.folder, func.count())
        .where(*conditions(its))
        .group_by(QrCode.folder)
        .order_by(QrCode.folder)
        .limit(MOST_FOLDERS)
    )
    return [Folder(name, codes) for name, codes in rows]


def count_unfinished(session: Session, wanted: Wanted) -> int:
    """How many WeChat still has to make: the list reads itself again while there are some."""
    query = select(func.count()).select_from(QrCode).where(*conditions(wanted))
    states = (QrState.WAITING, QrState.MAKING)
    return session.scalar(query.where(QrCode.state.in_(states))) or 0


def list_accounts(session: Session) -> list[AccountName]:
    """Accounts that may have QR codes, by name."""
    rows = session.scalars(select(Account).order_by(Account.name, Account.id).limit(MOST_ACCOUNTS))
    return [
        AccountName(row.id, row.slug, row.name)
        for row in rows
        if Capability.QR_CODES in capabilities(row.account_type, is_verified=row.is_verified)
    ]


def list_campaigns(session: Session) -> list[tuple[int, str]]:
    """The newest campaigns, for the form of a code."""
    its = CAMPAIGNS.c
    rows = session.execute(select(its.id, its.name).order_by(its.id.desc()).limit(MOST_CAMPAIGNS))
    return [(campaign_id, name) for campaign_id, name in rows]


def knows_campaign(session: Session, account_id: int, campaign_id: int) -> bool:
    its = CAMPAIGNS.c
    query = select(its.id).where(its.id == campaign_id, its.account_id == account_id)
    return session.execute(query).first() is not None


def conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    """What a code must be to be in the list."""
    its = QrCode
    found: list[ColumnElement[bool]] = [
        its.archived_at.is_not(None) if wanted.is_archived else its.archived_at.is_(None)
    ]
    if wanted.account_id is not None:
        found.append(its.account_id == wanted.account_id)
    if wanted.folder is not None:
        found.append(its.folder == wanted.folder)
    if wanted.kind is not None:
        found.append(its.kind == wanted.kind)
    if wanted.text:
        label = its.label.icontains(wanted.text, autoescape=True)
        found.append(or_(label, its.scene.icontains(wanted.text, autoescape=True)))
    return found


def ids_of(codes: Sequence[CodeView]) -> ColumnElement[bool]:
    """Exactly these codes."""
    return QrCode.id.in_([code.id for code in codes])


def _query() -> Select[QrCode, str, Any]:
    return (
        select(QrCode, Account.name, CAMPAIGNS.c.name)
        .join(Account, Account.id == QrCode.account_id)
        .outerjoin(CAMPAIGNS, CAMPAIGNS.c.id == QrCode.campaign_id)
    )


def _view(now: datetime, code: QrCode, account_name: str, campaign_name: str | None) -> CodeView:
    return CodeView(
        id=code.id,
        account_id=code.account_id,
        account_name=account_name,
        scene=code.scene,
        label=code.label,
        kind=code.kind,
        folder=code.folder,
        cost_cents=code.cost_cents,
        campaign_id=code.campaign_id,
        campaign_name=campaign_name,
        is_permanent=code.lives_seconds is None,
        days=None if code.lives_seconds is None else code.lives_seconds // 86_400,
        state=shown_state(code.state, code.expires_at, now),
        url=code.url or "",
        expires_at=code.expires_at,
        error=code.error or "",
        attempts=code.attempts,
        next_attempt_at=code.next_attempt_at,
        created_at=code.created_at,
        archived_at=code.archived_at,
    )
