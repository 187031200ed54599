"""Official accounts as other packages see them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from wxdesk.accounts.models import Account
from wxdesk.accounts.rules import Mode
from wxdesk.plumbing.errors import NotFoundError
from wxdesk.plumbing.vault import Vault

MOST_ACCOUNTS = 1_000


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


def list_names(session: Session) -> list[AccountName]:
    """All accounts by name (at most 1,000)."""
    rows = session.execute(
        select(Account.id, Account.slug, Account.name)
        .order_by(Account.name, Account.id)
        .limit(MOST_ACCOUNTS)
    )
    return [AccountName(*row) for row in rows]


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


def _keys(account: Account, vault: Vault) -> AccountKeys:
    return AccountKeys(
        id=account.id,
        slug=account.slug,
        original_id=account.original_id,
        app_id=account.app_id,
        app_secret=vault.open(account.sealed_app_secret),
        token=vault.open(account.sealed_token),
        aes_key=vault.open(account.sealed_aes_key) if account.sealed_aes_key else None,
        mode=account.mode,
        config_version=account.config_version,
    )
