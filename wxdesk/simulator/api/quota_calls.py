"""clear_quota, quota/get and the addresses of WeChat's servers."""

from __future__ import annotations

from collections.abc import Mapping

from wxdesk.simulator.api.frame import OK, Access, Answer, Api, Asked, check_access, short_name
from wxdesk.simulator.api.token_calls import account_with_secret
from wxdesk.simulator.errors import ApiError
from wxdesk.simulator.quotas import limit_of

NO_LIMIT = 10_000_000
MINUTE_SECONDS = 60


def clear_quota(asked: Asked) -> Answer:
    """All daily counts of the account start anew; ten times a month."""
    if asked.order().get("appid") != asked.owner.app_id:
        raise ApiError(40013, "invalid appid")
    asked.book.usage.clear(asked.now)
    return OK


def clear_quota_v2(asked: Asked) -> Answer:
    """The same with the app secret instead of a token; both count together."""
    given: Mapping[str, object] = asked.query if "appid" in asked.query else asked.order()
    account = account_with_secret(asked, given.get("appid"), given.get("appsecret"))
    asked.platform.state.book(account.original_id).usage.clear(asked.now)
    return OK


def quota_getter(apis: Mapping[str, Api]) -> Api:
    """The call that tells how much of another call's quota is left."""

    def get(asked: Asked) -> Answer:
        path = asked.order().get("cgi_path")
        api = apis.get(short_name(path)) if isinstance(path, str) else None
        if api is None:
            raise ApiError(76021, "cgi_path not found, please check")
        check_access(asked.owner, api.access)
        limit = limit_of(asked.owner.daily_limits, api.name, api.daily) or NO_LIMIT
        used = asked.book.usage.used(api.name, asked.now)
        quota = {"daily_limit": limit, "used": used, "remain": max(0, limit - used)}
        minutely = limit_of(asked.owner.minute_limits, api.name, None)
        rate = {"call_count": minutely or NO_LIMIT, "refresh_second": MINUTE_SECONDS}
        return {**OK, "quota": quota, "rate_limit": rate}

    return Api("/cgi-bin/openapi/quota/get", get, Access.TOKEN)


def callback_addresses(asked: Asked) -> Answer:
    """Where pushes come from."""
    return {"ip_list": ["127.0.0.1", "::1"]}


def api_addresses(asked: Asked) -> Answer:
    """Where the API is served."""
    return {"ip_list": ["127.0.0.1", "::1"]}


APIS = (
    Api("/cgi-bin/clear_quota", clear_quota, Access.TOKEN),
    Api("/cgi-bin/clear_quota/v2", clear_quota_v2, Access.OPEN),
    Api("/cgi-bin/getcallbackip", callback_addresses, Access.TOKEN, is_post=False),
    Api("/cgi-bin/get_api_domain_ip", api_addresses, Access.TOKEN, is_post=False),
)
