"""Daily quotas, limits per minute, clearing them, and the addresses that may fetch tokens."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from simulator_bench import APP_ID, GH, SECRET, Desk, FakeClock, WeChat

GIVEN = {"grant_type": "client_credential", "appid": APP_ID, "secret": SECRET}


@pytest.fixture
def openid(wechat: WeChat, desk: Desk) -> str:
    wechat.register(desk.url)
    openid = wechat.customer()
    wechat.write(openid, "在吗")
    return openid


def quota(wechat: WeChat, path: str) -> Any:
    return wechat.api("openapi/quota/get", {"cgi_path": path})


def test_daily_quota_ends_at_midnight_in_shanghai(
    wechat: WeChat, openid: str, clock: FakeClock
) -> None:
    wechat.settings(daily_limits={"custom/send": 2})
    assert [wechat.send(openid, "答")["errcode"] for _ in range(3)] == [0, 0, 45009]
    wechat.advance(hours=14, minutes=59)
    assert wechat.send(openid, "答")["errcode"] == 45009
    wechat.advance(minutes=1)
    assert wechat.send(openid, "答")["errcode"] == 0


def test_default_quotas_are_those_of_a_new_account(wechat: WeChat, openid: str) -> None:
    for path, limit in (
        ("/cgi-bin/message/custom/send", 500_000),
        ("/cgi-bin/media/upload", 100_000),
        ("/cgi-bin/media/get", 200_000),
        ("/cgi-bin/user/info", 5_000_000),
        ("/cgi-bin/token", 2000),
        ("/cgi-bin/user/get", 500),
        ("/cgi-bin/message/template/send", 100_000),
    ):
        assert quota(wechat, path)["quota"]["daily_limit"] == limit, path


def test_quota_get_counts_calls(wechat: WeChat, openid: str) -> None:
    wechat.send(openid, "答")
    wechat.send(openid, "")
    told = quota(wechat, "/cgi-bin/message/custom/send")
    assert told["quota"] == {"daily_limit": 500_000, "used": 2, "remain": 499_998}
    assert quota(wechat, "/cgi-bin/no/such")["errcode"] == 76021


def test_limit_per_minute(wechat: WeChat, openid: str) -> None:
    wechat.settings(minute_limits={"/cgi-bin/message/custom/send": 2})
    assert [wechat.send(openid, "答")["errcode"] for _ in range(3)] == [0, 0, 45011]
    wechat.advance(seconds=59)
    assert wechat.send(openid, "答")["errcode"] == 45011
    wechat.advance(seconds=1)
    assert wechat.send(openid, "答")["errcode"] == 0
    wechat.settings(minute_limits={"custom/send": None})
    assert wechat.get("/sim/accounts")["accounts"][0]["minute_limits"] == {}


def test_quota_is_cleared_ten_times_a_month_in_all(wechat: WeChat, openid: str) -> None:
    wechat.settings(daily_limits={"custom/send": 1, "stable_token": 1})
    token = wechat.token()
    assert wechat.post("/cgi-bin/stable_token", **GIVEN)["errcode"] == 45009
    assert [wechat.send(openid, "答", token)["errcode"] for _ in range(2)] == [0, 45009]
    query = {"appid": APP_ID, "appsecret": SECRET}
    url = f"{wechat.base}/cgi-bin/clear_quota/v2"
    assert requests.post(url, params=query, timeout=5).json()["errcode"] == 0
    assert wechat.send(openid, "答", token)["errcode"] == 0
    assert wechat.api("clear_quota", {"appid": "wx0"}, token=token)["errcode"] == 40013
    codes = [wechat.api("clear_quota", {"appid": APP_ID}, token=token)["errcode"] for _ in "0" * 9]
    assert set(codes) == {0}
    assert requests.post(url, params=query, timeout=5).json()["errcode"] == 48006
    wrong = {**query, "appsecret": "x"}
    assert requests.post(url, params=wrong, timeout=5).json()["errcode"] == 40125
    wechat.advance(days=31)
    assert requests.post(url, params=query, timeout=5).json()["errcode"] == 0


def test_token_is_fetched_from_listed_addresses_only(wechat: WeChat, openid: str) -> None:
    wechat.settings(ip_whitelist=["10.0.0.1"])
    refused = wechat.post("/cgi-bin/stable_token", **GIVEN)
    assert refused["errcode"] == 40164
    assert "invalid ip 127.0.0.1 ipv6 ::ffff:127.0.0.1, not in whitelist" in refused["errmsg"]
    assert wechat.get("/cgi-bin/token", **GIVEN)["errcode"] == 40164
    wechat.settings(ip_whitelist=["10.0.0.1", "127.0.0.0/8"])
    assert "access_token" in wechat.post("/cgi-bin/stable_token", **GIVEN)


def test_new_secret_ends_the_old_one_at_once(wechat: WeChat, openid: str) -> None:
    token = wechat.token()
    fresh = wechat.post(f"/sim/accounts/{GH}/secret")["app_secret"]
    assert wechat.post("/cgi-bin/stable_token", **GIVEN)["errcode"] == 40125
    given = {**GIVEN, "secret": fresh}
    assert wechat.post("/cgi-bin/stable_token", **given)["access_token"] == token


@pytest.mark.parametrize(("ending", "errcode"), [("expired", 42001), ("invalid", 40001)])
def test_tokens_can_be_ended(wechat: WeChat, openid: str, ending: str, errcode: int) -> None:
    token, other = wechat.token(), wechat.get("/cgi-bin/token", **GIVEN)["access_token"]
    assert wechat.post(f"/sim/accounts/{GH}/tokens", **{"as": ending})["ended"] == 2
    assert wechat.send(openid, "答", token)["errcode"] == errcode
    assert wechat.send(openid, "答", other)["errcode"] == errcode
    assert wechat.send(openid, "答")["errcode"] == 0


def test_wrong_limits_are_refused_by_field(wechat: WeChat, openid: str) -> None:
    assert wechat.settings(daily_limits={"no/such": 1})["field"] == "daily_limits"
    assert wechat.settings(daily_limits={"custom/send": -1})["field"] == "daily_limits"
    assert wechat.settings(ip_whitelist=["nonsense"])["field"] == "ip_whitelist"
    assert wechat.settings(push_format="yaml")["field"] == "push_format"
