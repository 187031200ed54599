"""Official accounts as other packages see them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from wxdesk.accounts.checks import Report, report_of
from wxdesk.accounts.models import Account, MessageTemplate
from wxdesk.accounts.rules import (
    AccountType,
    Capability,
    Mode,
    TemplateKind,
    capabilities,
    field_names,
    is_rotating,
)
from wxdesk.plumbing.errors import NotFoundError
from wxdesk.plumbing.vault import Vault
from wxdesk.wechat.error_codes import meaning_of_text
from wxdesk.words import say

MOST_ACCOUNTS = 1_000
MOST_PROBLEMS = 100
MOST_TEMPLATES = 500
MARK_LENGTH = 16


@dataclass(frozen=True, slots=True)
class AccountName:
    id: int
    slug: str
    name: str


@dataclass(frozen=True, slots=True, repr=False)
class AccountKeys:
    """An account with its opened secrets; never printed, logged or sent to a browser."""

    id: int
    slug: str
    original_id: str
    app_id: str
    app_secret: str
    token: str
    aes_key: str | None
    mode: Mode
    config_version: int
    account_type: AccountType
    is_verified: bool
    is_refused: bool
    slots_for_people: int
    is_passive_counted: bool
    calls_per_minute: int
    previous_token: str | None = None
    previous_aes_key: str | None = None
    previous_keys_until: datetime | None = None

    def is_rotating(self, now: datetime) -> bool:
        """Whether previous keys are still accepted."""
        return is_rotating(self.previous_keys_until, now)

    def may(self, capability: Capability) -> bool:
        """By type and verification, and by what WeChat refused (48001)."""
        if capability is Capability.MESSAGES and self.is_refused:
            return False
        return capability in capabilities(self.account_type, is_verified=self.is_verified)


@dataclass(frozen=True, slots=True)
class AccountProblem:
    """What only an admin can mend; `reason` and `advice` are translatable."""

    slug: str
    name: str
    code: str
    reason: str
    advice: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account as pages and API show it: everything but the secrets."""

    id: int
    slug: str
    name: str
    original_id: str
    app_id: str
    mode: Mode
    account_type: AccountType
    is_verified: bool
    slots_for_people: int
    is_passive_counted: bool
    calls_per_minute: int
    team_id: int | None
    reopen_within_hours: int
    asks_rating: bool
    needs_approval: bool
    has_aes_key: bool
    has_previous_token: bool
    has_previous_aes_key: bool
    previous_keys_until: datetime | None
    keys_mark: str
    messages_refused_at: datetime | None
    checked_at: datetime | None
    report: Report
    problem: AccountProblem | None
    created_at: datetime

    def is_rotating(self, now: datetime) -> bool:
        """Whether previous keys are still accepted."""
        return is_rotating(self.previous_keys_until, now)

    def capabilities(self) -> frozenset[Capability]:
        """What the desk goes by: type, verification, and what WeChat refused."""
        found = capabilities(self.account_type, is_verified=self.is_verified)
        return found - {Capability.MESSAGES} if self.messages_refused_at else found


@dataclass(frozen=True, slots=True)
class TemplateView:
    """A template or subscription notice; `fields` are the names of its values."""

    template_id: str
    kind: TemplateKind
    title: str
    content: str
    example: str
    fields: list[str]
    refreshed_at: datetime


def list_names(session: Session) -> list[AccountName]:
    """All accounts by name (at most 1,000)."""
    rows = session.execute(
        select(Account.id, Account.slug, Account.name)
        .order_by(Account.name, Account.id)
        .limit(MOST_ACCOUNTS)
    )
    return [AccountName(*row) for row in rows]


def names_by_team(session: Session) -> dict[int, list[str]]:
    """By team the names of the accounts whose new conversations it gets."""
    rows = session.execute(
        select(Account.team_id, Account.name)
        .where(Account.team_id.is_not(None))
        .order_by(Account.name, Account.id)
        .limit(MOST_ACCOUNTS)
    )
    found: dict[int, list[str]] = {}
    for team_id, name in rows:
        if team_id is not None:
            found.setdefault(team_id, []).append(name)
    return found


def list_versions(session: Session) -> dict[int, int]:
    """Account id to config version: the cheap question whether anything changed."""
    rows = session.execute(select(Account.id, Account.config_version).limit(MOST_ACCOUNTS))
    return dict(rows.all())


def list_keys(session: Session, vault: Vault) -> list[AccountKeys]:
    """All accounts with their secrets, for the webhook."""
    accounts = session.scalars(select(Account).limit(MOST_ACCOUNTS))
    return [_keys(account, vault) for account in accounts]


def get_keys(session: Session, vault: Vault, account_id: int) -> AccountKeys:
    """One account with its secrets; NotFoundError if there is none."""
    account = session.get(Account, account_id)
    if account is None:
        raise NotFoundError(f"no official account {account_id}")
    return _keys(account, vault)


def get_by_slug(session: Session, slug: str) -> AccountName:
    """One account's id and name; NotFoundError if there is none."""
    row = session.execute(
        select(Account.id, Account.slug, Account.name).where(Account.slug == slug)
    ).one_or_none()
    if row is None:
        raise NotFoundError(f"no official account {slug!r}")
    return AccountName(*row)


def list_views(session: Session, *, after_id: int, limit: int) -> list[AccountView]:
    """Accounts in the order of their ids, from the one after `after_id`."""
    query = select(Account).where(Account.id > after_id).order_by(Account.id).limit(limit)
    return [_view(account) for account in session.scalars(query)]


def get_view(session: Session, slug: str) -> AccountView:
    """One account; NotFoundError if there is none."""
    account = session.scalars(select(Account).where(Account.slug == slug)).one_or_none()
    if account is None:
        raise NotFoundError(say("there is no such official account"))
    return _view(account)


def list_problems(session: Session) -> list[AccountProblem]:
    """Accounts with something that only an admin can mend, the latest first (at most 100)."""
    accounts = session.scalars(
        select(Account)
        .where(Account.problem_code.is_not(None))
        .order_by(Account.problem_at.desc(), Account.id)
        .limit(MOST_PROBLEMS)
    )
    found = (_problem(account) for account in accounts)
    return [problem for problem in found if problem is not None]


def list_templates(session: Session, account_id: int) -> list[TemplateView]:
    """What the account may send beside plain answers, by title (at most 500)."""
    rows = session.scalars(
        select(MessageTemplate)
        .where(MessageTemplate.account_id == account_id)
        .order_by(MessageTemplate.kind, MessageTemplate.title, MessageTemplate.id)
        .limit(MOST_TEMPLATES)
    )
    return [
        TemplateView(
            template_id=row.template_id,
            kind=row.kind,
            title=row.title,
            content=row.content,
            example=row.example,
            fields=field_names(row.content),
            refreshed_at=row.refreshed_at,
        )
        for row in rows
    ]


def mark_of(account: Account) -> str:
    """Changes with the keys and tells nothing about them: for "rotate what I have seen"."""
    until = account.previous_keys_until.isoformat() if account.previous_keys_until else ""
    kept = f"{account.sealed_token} {account.sealed_aes_key} {until}"
    return hashlib.sha256(kept.encode()).hexdigest()[:MARK_LENGTH]


def _view(account: Account) -> AccountView:
    return AccountView(
        id=account.id,
        slug=account.slug,
        name=account.name,
        original_id=account.original_id,
        app_id=account.app_id,
        mode=account.mode,
        account_type=account.account_type,
        is_verified=account.is_verified,
        slots_for_people=account.slots_for_people,
        is_passive_counted=account.is_passive_counted,
        calls_per_minute=account.calls_per_minute,
        team_id=account.team_id,
        reopen_within_hours=account.reopen_within_hours,
        asks_rating=account.asks_rating,
        needs_approval=account.needs_approval,
        has_aes_key=account.sealed_aes_key is not None,
        has_previous_token=account.sealed_previous_token is not None,
        has_previous_aes_key=account.sealed_previous_aes_key is not None,
        previous_keys_until=account.previous_keys_until,
        keys_mark=mark_of(account),
        messages_refused_at=account.messages_refused_at,
        checked_at=account.checked_at,
        report=report_of(account.check_result),
        problem=_problem(account),
        created_at=account.created_at,
    )


def _problem(account: Account) -> AccountProblem | None:
    """In words that can be translated where the code is known, else as it was noted."""
    if account.problem_code is None or account.problem_at is None:
        return None
    meaning = meaning_of_text(account.problem_code)
    return AccountProblem(
        slug=account.slug,
        name=account.name,
        code=account.problem_code,
        reason=meaning.reason if meaning else (account.problem or ""),
        advice=meaning.advice if meaning else "",
        at=account.problem_at,
    )


def _keys(account: Account, vault: Vault) -> AccountKeys:
    return AccountKeys(
        id=account.id,
        slug=account.slug,
        original_id=account.original_id,
        app_id=account.app_id,
        app_secret=vault.open(account.sealed_app_secret),
        token=vault.open(account.sealed_token),
        aes_key=_opened(vault, account.sealed_aes_key),
        mode=account.mode,
        config_version=account.config_version,
        account_type=account.account_type,
        is_verified=account.is_verified,
        is_refused=account.messages_refused_at is not None,
        slots_for_people=account.slots_for_people,
        is_passive_counted=account.is_passive_counted,
        calls_per_minute=account.calls_per_minute,
        previous_token=_opened(vault, account.sealed_previous_token),
        previous_aes_key=_opened(vault, account.sealed_previous_aes_key),
        previous_keys_until=account.previous_keys_until,
    )


def _opened(vault: Vault, sealed: str | None) -> str | None:
    return vault.open(sealed) if sealed else None
