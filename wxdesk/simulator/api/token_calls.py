"""token and stable_token: access tokens for who knows the app secret, from allowed addresses."""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Mapping

from wxdesk.simulator.api.frame import Access, Api, Asked, count
from wxdesk.simulator.errors import ApiError
from wxdesk.simulator.records import Account
from wxdesk.simulator.tokens import Token


def token(asked: Asked) -> dict[str, object]:
    """A new token; the previous one lives five minutes more."""
    account = _account(asked, asked.query)
    count(TOKEN, asked, account)
    return _given(asked, asked.platform.state.tokens.fetch(account.original_id, asked.now))


def stable_token(asked: Asked) -> dict[str, object]:
    """The same token during its validity; `force_refresh` ends it."""
    order = asked.order()
    account = _account(asked, order)
    force = order.get("force_refresh", False)
    if not isinstance(force, bool):
        raise ApiError(47001, "data format error")
    count(STABLE_TOKEN, asked, account)
    tokens = asked.platform.state.tokens
    fetch = tokens.force_stable if force else tokens.fetch_stable
    return _given(asked, fetch(account.original_id, asked.now))


def account_with_secret(asked: Asked, app_id: object, secret: object) -> Account:
    """The account with this app id, if the secret is right."""
    if not app_id or not isinstance(app_id, str):
        raise ApiError(41002, "appid missing")
    if not secret or not isinstance(secret, str):
        raise ApiError(41004, "appsecret missing")
    accounts = asked.platform.state.accounts.values()
    found = next((each for each in accounts if each.app_id == app_id), None)
    if found is None:
        raise ApiError(40013, "invalid appid")
    if not secrets.compare_digest(found.app_secret.encode(), secret.encode()):
        raise ApiError(40125, "invalid appsecret")
    asked.account = found
    return found


def _account(asked: Asked, given: Mapping[str, object]) -> Account:
    if given.get("grant_type") != "client_credential":
        raise ApiError(40002, "invalid grant_type")
    account = account_with_secret(asked, given.get("appid"), given.get("secret"))
    _check_address(account, asked.caller)
    return account


def _check_address(account: Account, caller: str) -> None:
    """An empty whitelist allows everybody."""
    if not account.ip_whitelist:
        return
    address = ipaddress.ip_address(caller)
    allowed = [ipaddress.ip_network(entry, strict=False) for entry in account.ip_whitelist]
    if not any(address.version == net.version and address in net for net in allowed):
        six = caller if ":" in caller else f"::ffff:{caller}"
        raise ApiError(40164, f"invalid ip {caller} ipv6 {six}, not in whitelist")


def _given(asked: Asked, token: Token) -> dict[str, object]:
    asked.platform.state.touch()
    seconds = int((token.expires_at - asked.now).total_seconds())
    return {"access_token": token.value, "expires_in": seconds}


TOKEN = Api("/cgi-bin/token", token, Access.OPEN, 2000, is_post=False)
STABLE_TOKEN = Api("/cgi-bin/stable_token", stable_token, Access.OPEN, 500_000)
APIS = (TOKEN, STABLE_TOKEN)
