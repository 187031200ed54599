"""What changes about official accounts; every change is in the audit log, without secrets."""

from __future__ import annotations

from sqlalchemy import or_, select, update

from wxdesk.accounts.checks import Found, Result, Step, report_as_json, report_of
from wxdesk.accounts.models import Account
from wxdesk.accounts.rules import (
    AccountChange,
    AccountForm,
    Capability,
    capabilities,
    change_problems,
    problems,
)
from wxdesk.agents.queries import team_names
from wxdesk.audit.operations import note
from wxdesk.background_jobs import TRY_ACCOUNT_NOW
from wxdesk.plumbing.errors import InvalidInputError, NotFoundError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.plumbing.vault import Vault
from wxdesk.words import say

TOPIC = "accounts"
LONGEST_PROBLEM = 500
LONGEST_CODE = 40
REFUSED_CODE = "48001"
TOKEN_PROBLEMS = frozenset(  # gone as soon as WeChat gives a token
    {"40001", "40013", "40125", "40164", "41002", "41004", "89501", "89503", "89506", "89507"}
)
RIGHTS_FOLLOW = frozenset({"is_verified", "account_type", "app_id"})
CHANGEABLE = (
    "name",
    "app_id",
    "mode",
    "account_type",
    "is_verified",
    "slots_for_people",
    "is_passive_counted",
    "calls_per_minute",
    "team_id",
    "reopen_within_hours",
    "asks_rating",
    "needs_approval",
)


def create_account(
    uow: UnitOfWork, vault: Vault, form: AccountForm, *, actor_id: int | None = None
) -> Account:
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
    noted(uow, account.id, "account.created", actor_id)
    return account


def change_account(
    uow: UnitOfWork, vault: Vault, account_id: int, form: AccountChange, *, actor_id: int | None
) -> list[str]:
    """Change what differs and give the names of these fields; an empty secret stays as it is.

    Every process takes the new values within a second, and makes new clients with them.
    """
    account = locked(uow, account_id)
    has_aes_key = account.sealed_aes_key is not None
    for field, sentence in change_problems(form, has_aes_key=has_aes_key).items():
        raise InvalidInputError(field, sentence)
    if form.team_id is not None and not team_names(uow.session, [form.team_id]):
        raise InvalidInputError("team_id", say("there is no such team"))
    changed = _fill(account, form)
    if form.app_secret and vault.open(account.sealed_app_secret) != form.app_secret:
        account.sealed_app_secret = vault.seal(form.app_secret)
        changed.append("app_secret")
    if RIGHTS_FOLLOW & set(changed):
        account.messages_refused_at = None  # WeChat is asked anew
    if (RIGHTS_FOLLOW | {"app_secret"}) & set(changed):
        uow.enqueue(TRY_ACCOUNT_NOW, account_id)  # what waits for the right, or for a token
    if changed:
        uow.session.flush()
        touch(uow, account_id)
        noted(uow, account_id, "account.changed", actor_id, fields=changed)
    return changed


def _fill(account: Account, form: AccountChange) -> list[str]:
    changed = []
    for field in CHANGEABLE:
        value = form.name.strip() if field == "name" else getattr(form, field)
        if getattr(account, field) != value:
            setattr(account, field, value)
            changed.append(field)
    return changed


def record_check(uow: UnitOfWork, account_id: int, result: Result, *, actor_id: int | None) -> None:
    """Keep what one step of the connection test found.

    What WeChat said about customer-service messages decides from now on how answers leave.
    """
    account = locked(uow, account_id)
    account.check_result = report_as_json(report_of(account.check_result).with_result(result))
    account.checked_at = uow.now
    details = {"step": result.step.value, "outcome": result.outcome.value}
    if result.code:
        details["code"] = result.code
    noted(uow, account_id, "account.checked", actor_id, **details)
    if result.step is Step.PERMISSIONS:
        _obey(uow, account, result)
    if result.step is Step.TOKEN and result.is_good and account.problem_code in TOKEN_PROBLEMS:
        clear_problem(uow, account_id, actor_id=actor_id)


def note_problem(uow: UnitOfWork, account_id: int, code: str, reason: str) -> None:
    """WeChat refused something that only an admin can mend; the same code again changes nothing."""
    code = code[:LONGEST_CODE]
    changed = uow.session.execute(
        update(Account)
        .where(Account.id == account_id)
        .where(or_(Account.problem_code.is_(None), Account.problem_code != code))
        .values(problem_code=code, problem=reason[:LONGEST_PROBLEM], problem_at=uow.now)
        .returning(Account.id)
    ).scalar_one_or_none()
    if changed is not None:
        noted(uow, account_id, "account.problem", None, code=code)


def clear_problem(uow: UnitOfWork, account_id: int, *, actor_id: int | None = None) -> None:
    """The problem is mended, and what waited for that is sent; nothing happens without one."""
    cleared = uow.session.execute(
        update(Account)
        .where(Account.id == account_id, Account.problem_code.is_not(None))
        .values(problem_code=None, problem=None, problem_at=None)
        .returning(Account.id)
    ).scalar_one_or_none()
    if cleared is not None:
        uow.enqueue(TRY_ACCOUNT_NOW, account_id)
        noted(uow, account_id, "account.problem_cleared", actor_id)


def note_messages_refused(uow: UnitOfWork, account_id: int) -> None:
    """WeChat said 48001 to a customer-service message: answers leave as passive replies now."""
    refused = uow.session.execute(
        update(Account)
        .where(Account.id == account_id, Account.messages_refused_at.is_(None))
        .values(messages_refused_at=uow.now)
        .returning(Account.id)
    ).scalar_one_or_none()
    if refused is not None:
        touch(uow, account_id)
        noted(uow, account_id, "account.messages_refused", None)


def quota_cleared(uow: UnitOfWork, account_id: int, *, actor_id: int | None = None) -> None:
    """Somebody has set WeChat's daily counts to nothing: what waited for that is sent."""
    uow.enqueue(TRY_ACCOUNT_NOW, account_id)
    noted(uow, account_id, "account.quota_cleared", actor_id)


def touch(uow: UnitOfWork, account_id: int) -> None:
    """Make every process reload what it knows of the account, within a second."""
    uow.session.execute(
        update(Account)
        .where(Account.id == account_id)
        .values(config_version=Account.config_version + 1)
    )


def locked(uow: UnitOfWork, account_id: int) -> Account:
    """The row, which nobody else changes until the commit; NotFoundError if there is none."""
    account = uow.session.get(Account, account_id, with_for_update=True, populate_existing=True)
    if account is None:
        raise NotFoundError(say("there is no such official account"))
    return account


def noted(
    uow: UnitOfWork,
    account_id: int,
    action: str,
    actor_id: int | None,
    **details: str | list[str],
) -> None:
    """Put the deed into the audit log and tell the browsers."""
    slug = uow.session.scalar(select(Account.slug).where(Account.id == account_id))
    subject = f"account:{account_id}"
    note(uow, action, subject, actor_id=actor_id, account=slug, **details)
    uow.announce(TOPIC)


def _obey(uow: UnitOfWork, account: Account, result: Result) -> None:
    right = next((r for r in result.rights if r.capability is Capability.MESSAGES), None)
    if right is None:
        return
    if right.found is Found.YES and account.messages_refused_at is not None:
        account.messages_refused_at = None
        uow.session.flush()
        touch(uow, account.id)
        uow.enqueue(TRY_ACCOUNT_NOW, account.id)
        noted(uow, account.id, "account.messages_allowed", None)
    elif right.code == REFUSED_CODE and Capability.MESSAGES in capabilities(
        account.account_type, is_verified=account.is_verified
    ):
        note_messages_refused(uow, account.id)


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
