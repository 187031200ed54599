"""New Tokens and EncodingAESKeys without losing a push: the old ones stay accepted for a week."""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from wxdesk.accounts.models import Account
from wxdesk.accounts.operations import locked, noted, touch
from wxdesk.accounts.queries import MOST_ACCOUNTS, mark_of
from wxdesk.accounts.rules import (
    PREVIOUS_KEYS_LAST,
    PUSHES_KEY,
    ConsoleHas,
    Rotation,
    is_rotating,
    key_problems,
)
from wxdesk.plumbing.errors import ConflictError, InvalidInputError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.plumbing.vault import Vault
from wxdesk.words import say

LETTERS = string.ascii_letters + string.digits
LAST_LETTERS = "AEIMQUYcgkosw048"  # of 43 characters; others leave bits that strict readers refuse
TOKEN_LENGTH = 32


@dataclass(frozen=True, slots=True)
class KeysOnce:
    """What is shown once, to be copied into WeChat's console; None for what did not change."""

    token: str | None
    aes_key: str | None

    def __repr__(self) -> str:
        return "KeysOnce(…)"


def new_token() -> str:
    """A Token that nobody can guess."""
    return "".join(secrets.choice(LETTERS) for _ in range(TOKEN_LENGTH))


def new_aes_key() -> str:
    """An EncodingAESKey that nobody can guess: 43 characters, 32 bytes."""
    return "".join(secrets.choice(LETTERS) for _ in range(42)) + secrets.choice(LAST_LETTERS)


def rotate_keys(
    uow: UnitOfWork,
    vault: Vault,
    account_id: int,
    rotation: Rotation,
    *,
    seen_mark: str,
    actor_id: int | None,
) -> KeysOnce:
    """Make new keys the current ones; those that WeChat's console holds stay accepted for a week.

    ConflictError when the keys are not those of `seen_mark` any more: a form that is sent twice
    would push the keys of the console out of both places.
    """
    account = locked(uow, account_id)
    if mark_of(account) != seen_mark:
        raise ConflictError(
            say("The keys have changed since this page was loaded. Nothing was changed now.")
        )
    _refuse_wrong(account, rotation, vault, uow.now)
    _replace(account, vault, rotation, uow.now)
    names = [name for name in ("token", "aes_key") if getattr(rotation, name) is not None]
    _keys_changed(uow, account_id, "account.keys_rotated", actor_id, fields=names)
    return KeysOnce(rotation.token, rotation.aes_key)


def forget_previous_keys(uow: UnitOfWork, account_id: int, *, actor_id: int | None) -> None:
    """Accept the current keys only; nothing happens when there are no others."""
    account = locked(uow, account_id)
    if account.previous_keys_until is None:
        return
    _drop_previous(account)
    _keys_changed(uow, account_id, "account.old_keys_forgotten", actor_id)


def forget_expired_keys(uow: UnitOfWork) -> None:
    """Remove previous keys whose week is over, of all accounts."""
    expired = uow.session.scalars(
        select(Account.id).where(Account.previous_keys_until <= uow.now).limit(MOST_ACCOUNTS)
    ).all()
    for account_id in expired:
        forget_previous_keys(uow, account_id, actor_id=None)


def _refuse_wrong(account: Account, rotation: Rotation, vault: Vault, now: datetime) -> None:
    if rotation.token is None and rotation.aes_key is None:
        raise InvalidInputError("token", say("choose at least one of the two keys"))
    for field, sentence in key_problems(rotation.token, rotation.aes_key).items():
        raise InvalidInputError(field, sentence)
    sealed = {"token": account.sealed_token, "aes_key": account.sealed_aes_key}
    for field, kept in sealed.items():
        value = getattr(rotation, field)
        if value is not None and kept is not None and vault.open(kept) == value:
            raise InvalidInputError(field, say("this is the key that is in use already"))
    if is_rotating(account.previous_keys_until, now) and rotation.console_has is None:
        raise InvalidInputError(
            "console_has", say("say which keys WeChat's console holds: only one pair can be kept")
        )


def _replace(account: Account, vault: Vault, rotation: Rotation, now: datetime) -> None:
    """New current keys; of the old ones those that WeChat's console holds stay accepted."""
    console_token, console_aes_key = account.sealed_token, account.sealed_aes_key
    has_two = is_rotating(account.previous_keys_until, now)
    if has_two and rotation.console_has is ConsoleHas.PREVIOUS:
        console_token = account.sealed_previous_token or console_token
        console_aes_key = account.sealed_previous_aes_key or console_aes_key
    if rotation.token is not None:
        account.sealed_token = vault.seal(rotation.token)
    if rotation.aes_key is not None:
        account.sealed_aes_key = vault.seal(rotation.aes_key)
    is_same_token = console_token == account.sealed_token
    is_same_aes_key = console_aes_key == account.sealed_aes_key
    account.sealed_previous_token = None if is_same_token else console_token
    account.sealed_previous_aes_key = None if is_same_aes_key else console_aes_key
    has_previous = account.sealed_previous_token or account.sealed_previous_aes_key
    account.previous_keys_until = now + PREVIOUS_KEYS_LAST if has_previous else None


def _drop_previous(account: Account) -> None:
    account.sealed_previous_token = None
    account.sealed_previous_aes_key = None
    account.previous_keys_until = None


def _keys_changed(
    uow: UnitOfWork, account_id: int, action: str, actor_id: int | None, **details: list[str]
) -> None:
    uow.session.flush()
    touch(uow, account_id)
    for end in (":new", ":old"):
        uow.remember(PUSHES_KEY, f"{account_id}{end}", None)
    noted(uow, account_id, action, actor_id, **details)
