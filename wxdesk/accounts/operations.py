"""What changes about official accounts."""

from __future__ import annotations

from sqlalchemy import or_, select, update

from wxdesk.accounts.models import Account
from wxdesk.accounts.rules import AccountForm, problems
from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.plumbing.vault import Vault
from wxdesk.words import say


def create_account(uow: UnitOfWork, vault: Vault, form: AccountForm) -> Account:
    """Store a new account; InvalidInputError names the first field that can't be taken."""
    for field, sentence in problems(form).items():
        raise InvalidInputError(field, sentence)
    _refuse_doubles(uow, form)
    account = Account(
        slug=form.slug,
        name=form.name.strip(),
        original_id=form.original_id,
        app_id=form.app_id,
        sealed_app_secret=vault.seal(form.app_secret),
        sealed_token=vault.seal(form.token),
        sealed_aes_key=vault.seal(form.aes_key) if form.aes_key else None,
        mode=form.mode,
        account_type=form.account_type,
        is_verified=form.is_verified,
        created_at=uow.now,
    )
    uow.session.add(account)
    uow.session.flush()
    return account


def touch(uow: UnitOfWork, account_id: int) -> None:
    """Make every process reload what it knows of the account, within a second."""
    uow.session.execute(
        update(Account)
        .where(Account.id == account_id)
        .values(config_version=Account.config_version + 1)
    )


def _refuse_doubles(uow: UnitOfWork, form: AccountForm) -> None:
    twin = uow.session.scalars(
        select(Account).where(
            or_(Account.slug == form.slug, Account.original_id == form.original_id)
        )
    ).first()
    if twin is not None:
        field = "slug" if twin.slug == form.slug else "original_id"
        raise InvalidInputError(
            field, say("the account %(slug)s has this value already", slug=twin.slug)
        )
