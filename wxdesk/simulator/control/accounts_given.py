"""Read accounts from control requests: a whole one to register, or what is to be changed."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from wxdesk.simulator.api.frame import short_name
from wxdesk.simulator.api.routes import TABLE
from wxdesk.simulator.control.reading import choice_of, flag_of, list_of, text_of
from wxdesk.simulator.errors import BadInputError
from wxdesk.simulator.records import Account, Mode, PushFormat
from wxdesk.wechat.crypto import Cipher, CryptoError

NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
MOST_ADDRESSES = 200
MOST_CALLS = 10**9
TEXTS = ("app_secret", "token", "name", "slug", "aes_key")


def registered(given: Mapping[str, Any], known: Account | None) -> Account:
    """An account to register; settings that are not given stay as the known account has them."""
    original_id = text_of(given, "original_id")
    if not NAME.fullmatch(original_id):
        raise BadInputError("original_id", "must be letters, digits, _ or -")
    account = Account(
        original_id=original_id,
        app_id=text_of(given, "app_id"),
        app_secret=text_of(given, "app_secret"),
        token=text_of(given, "token"),
        webhook_url=_webhook_url(given),
        name=text_of(given, "name", default=original_id),
        slug=text_of(given, "slug", default=""),
        aes_key=text_of(given, "aes_key", default=""),
        mode=choice_of(given, "mode", Mode, Mode.PLAIN),
        is_verified=flag_of(given, "is_verified", default=True),
    )
    if known is not None:
        account = replace(
            account,
            is_service=known.is_service,
            push_format=known.push_format,
            previous_aes_key=_previous_key(account, known),
            ip_whitelist=known.ip_whitelist,
            kf_accounts=known.kf_accounts,
            daily_limits=known.daily_limits,
            minute_limits=known.minute_limits,
        )
    return _with_rules(account, given)


def changed(account: Account, given: Mapping[str, Any]) -> Account:
    """The account with what was given; its ids can't change."""
    texts: dict[str, Any] = {name: text_of(given, name) for name in TEXTS if name in given}
    if "webhook_url" in given:
        texts["webhook_url"] = _webhook_url(given)
    new = replace(
        account,
        **texts,
        mode=choice_of(given, "mode", Mode, account.mode),
        is_verified=flag_of(given, "is_verified", default=account.is_verified),
    )
    new = replace(new, previous_aes_key=_previous_key(new, account))
    return _with_rules(new, given)


def _with_rules(account: Account, given: Mapping[str, Any]) -> Account:
    account = replace(
        account,
        is_service=flag_of(given, "is_service", default=account.is_service),
        push_format=choice_of(given, "push_format", PushFormat, account.push_format),
        ip_whitelist=_addresses(given) if "ip_whitelist" in given else account.ip_whitelist,
        kf_accounts=_names(given) if "kf_accounts" in given else account.kf_accounts,
        daily_limits=_limits(given, "daily_limits", account.daily_limits),
        minute_limits=_limits(given, "minute_limits", account.minute_limits),
    )
    if account.mode != Mode.PLAIN:
        _check_key(account)
    return account


def _previous_key(account: Account, known: Account) -> str:
    """The key before the last change of keys."""
    return known.previous_aes_key if account.aes_key == known.aes_key else known.aes_key


def _addresses(given: Mapping[str, Any]) -> tuple[str, ...]:
    entries = list_of(given, "ip_whitelist", MOST_ADDRESSES)
    try:
        return tuple(str(ipaddress.ip_network(entry, strict=False)) for entry in entries)
    except ValueError as error:
        raise BadInputError("ip_whitelist", "must hold addresses or networks") from error


def _names(given: Mapping[str, Any]) -> tuple[str, ...]:
    entries = list_of(given, "kf_accounts", MOST_ADDRESSES)
    return tuple(text_of({"kf_accounts": entry}, "kf_accounts") for entry in entries)


def _limits(given: Mapping[str, Any], field: str, known: dict[str, int]) -> dict[str, int]:
    """Limits by call; null takes the account's own limit away."""
    limits = given.get(field, {})
    if not isinstance(limits, dict):
        raise BadInputError(field, "must be an object of numbers by call")
    merged = dict(known)
    for path, most in limits.items():
        name = short_name(path)
        if name not in TABLE:
            raise BadInputError(field, f"there is no call {name[:60]}")
        if most is None:
            merged.pop(name, None)
        elif isinstance(most, int) and not isinstance(most, bool) and 0 <= most <= MOST_CALLS:
            merged[name] = most
        else:
            raise BadInputError(field, "limits must be whole numbers, or null for WeChat's own")
    return merged


def _check_key(account: Account) -> None:
    try:
        Cipher(account.aes_key, account.app_id)
    except CryptoError as error:
        raise BadInputError("aes_key", str(error)) from error


def _webhook_url(given: Mapping[str, Any]) -> str:
    url = text_of(given, "webhook_url")
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in ("http", "https") and bool(parts.hostname)
        port = parts.port
    except ValueError as error:
        raise BadInputError("webhook_url", "is not a URL") from error
    if not is_usable or port == 0 or re.search(r"[^!-~]", url):
        raise BadInputError("webhook_url", "must be an http or https URL")
    return url
