"""The accounts pages' forms: what was typed, as values or as sentences at their fields."""

from __future__ import annotations

from collections.abc import Mapping

from wxdesk.accounts.keys import new_aes_key, new_token
from wxdesk.accounts.queries import AccountView
from wxdesk.accounts.rules import (
    AccountChange,
    AccountForm,
    AccountType,
    ConsoleHas,
    Mode,
    Rotation,
    change_problems,
    problems,
)
from wxdesk.plumbing.http import whole_number
from wxdesk.words import say

Errors = dict[str, str]
TRUE = ("1", "on", "true")


def read_new(values: Mapping[str, str]) -> tuple[AccountForm | None, Errors]:
    """A new account; an empty Token or EncodingAESKey is made here, the key in any mode."""
    errors = _choice_errors(values)
    if errors:
        return None, errors
    form = AccountForm(
        slug=values.get("slug", "").strip(),
        name=values.get("name", ""),
        original_id=values.get("original_id", "").strip(),
        app_id=values.get("app_id", "").strip(),
        app_secret=values.get("app_secret", "").strip(),
        token=values.get("token", "").strip() or new_token(),
        aes_key=values.get("aes_key", "").strip() or new_aes_key(),
        mode=Mode(values["mode"]),
        account_type=AccountType(values["account_type"]),
        is_verified=values.get("is_verified", "") in TRUE,
    )
    errors = problems(form)
    return (None if errors else form), errors


def read_change(
    values: Mapping[str, str], *, has_aes_key: bool
) -> tuple[AccountChange | None, Errors]:
    """A change of an account that has an EncodingAESKey or not."""
    errors = _choice_errors(values)
    slots = whole_number(values.get("slots_for_people", ""))
    calls = whole_number(values.get("calls_per_minute", ""))
    hours = whole_number(values.get("reopen_within_hours", ""))
    team = values.get("team_id", "").strip()
    team_id = whole_number(team) if team else None
    if team and team_id is None:
        errors["team_id"] = say("there is no such team")
    for name, number in (
        ("slots_for_people", slots),
        ("calls_per_minute", calls),
        ("reopen_within_hours", hours),
    ):
        if number is None:
            errors[name] = say("a whole number is needed")
    if errors or slots is None or calls is None or hours is None:
        return None, errors
    form = AccountChange(
        name=values.get("name", ""),
        app_id=values.get("app_id", "").strip(),
        app_secret=values.get("app_secret", "").strip(),
        mode=Mode(values["mode"]),
        account_type=AccountType(values["account_type"]),
        is_verified=values.get("is_verified", "") in TRUE,
        slots_for_people=slots,
        is_passive_counted=values.get("is_passive_counted", "") in TRUE,
        calls_per_minute=calls,
        team_id=team_id,
        reopen_within_hours=hours,
        asks_rating=values.get("asks_rating", "") in TRUE,
        needs_approval=values.get("needs_approval", "") in TRUE,
    )
    errors = change_problems(form, has_aes_key=has_aes_key)
    return (None if errors else form), errors


def read_rotation(values: Mapping[str, str]) -> Rotation:
    """Which keys are made anew: ticked ones, typed or drawn here."""
    token, aes_key = values.get("token", "").strip(), values.get("aes_key", "").strip()
    has_token = values.get("is_token", "") in TRUE or bool(token)
    has_aes_key = values.get("is_aes_key", "") in TRUE or bool(aes_key)
    console = values.get("console_has", "")
    return Rotation(
        token=(token or new_token()) if has_token else None,
        aes_key=(aes_key or new_aes_key()) if has_aes_key else None,
        console_has=ConsoleHas(console) if console in list(ConsoleHas) else None,
    )


def form_of(account: AccountView) -> dict[str, str]:
    """What the edit form starts with; never a secret."""
    return {
        "name": account.name,
        "app_id": account.app_id,
        "mode": account.mode.value,
        "account_type": account.account_type.value,
        "is_verified": "1" if account.is_verified else "",
        "slots_for_people": str(account.slots_for_people),
        "is_passive_counted": "1" if account.is_passive_counted else "",
        "calls_per_minute": str(account.calls_per_minute),
        "team_id": str(account.team_id or ""),
        "reopen_within_hours": str(account.reopen_within_hours),
        "asks_rating": "1" if account.asks_rating else "",
        "needs_approval": "1" if account.needs_approval else "",
    }


def shown_again(values: Mapping[str, str]) -> dict[str, str]:
    """What was typed, without the secrets: those are typed again."""
    secrets = ("app_secret", "token", "aes_key", "csrf_token")
    return {name: value for name, value in values.items() if name not in secrets}


def _choice_errors(values: Mapping[str, str]) -> Errors:
    errors: Errors = {}
    if values.get("mode") not in list(Mode):
        errors["mode"] = say("one of: %(values)s", values=", ".join(Mode))
    if values.get("account_type") not in list(AccountType):
        errors["account_type"] = say("one of: %(values)s", values=", ".join(AccountType))
    return errors
