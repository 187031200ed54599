"""access_token and stable_token follow WeChat's rules."""

from __future__ import annotations

from typing import Any

import pytest
from simulator_bench import APP_ID, SECRET, Desk, FakeClock, WeChat

GIVEN = {"grant_type": "client_credential", "appid": APP_ID, "secret": SECRET}


@pytest.fixture
def openid(wechat: WeChat, desk: Desk) -> str:
    wechat.register(desk.url)
    openid = wechat.customer()
    wechat.write(openid, "在吗")
    return openid


def stable(wechat: WeChat, **more: Any) -> Any:
    return wechat.post("/cgi-bin/stable_token", **{**GIVEN, **more})


def plain(wechat: WeChat) -> str:
    return str(wechat.get("/cgi-bin/token", **GIVEN)["access_token"])


def errcode(wechat: WeChat, openid: str, token: str) -> int:
    return int(wechat.send(openid, "你好", token)["errcode"])


def test_wrong_secret_and_wrong_app_id_are_told_apart(wechat: WeChat, openid: str) -> None:
    assert stable(wechat, secret="wrong")["errcode"] == 40125
    assert stable(wechat, appid="wx0")["errcode"] == 40013
    assert stable(wechat, grant_type="x")["errcode"] == 40002
    assert " rid: " in stable(wechat, secret="wrong")["errmsg"]


def test_stable_token_stays_the_same_until_five_minutes_before_its_end(
    wechat: WeChat, openid: str, clock: FakeClock
) -> None:
    first = stable(wechat)
    assert first["expires_in"] == 7200
    clock.move(seconds=6800)
    again = stable(wechat)
    assert (again["access_token"], again["expires_in"]) == (first["access_token"], 400)
    clock.move(seconds=150)
    renewed = stable(wechat)
    assert renewed["access_token"] != first["access_token"]
    assert errcode(wechat, openid, first["access_token"]) == 0
    clock.move(seconds=250)
    assert errcode(wechat, openid, first["access_token"]) == 42001
    assert errcode(wechat, openid, renewed["access_token"]) == 0


def test_forced_refresh_ends_the_previous_token_at_once(
    wechat: WeChat, openid: str, clock: FakeClock
) -> None:
    first = stable(wechat)["access_token"]
    forced = stable(wechat, force_refresh=True)["access_token"]
    assert forced != first
    assert errcode(wechat, openid, first) == 40001
    assert errcode(wechat, openid, forced) == 0


def test_forced_refresh_within_thirty_seconds_changes_nothing(
    wechat: WeChat, openid: str, clock: FakeClock
) -> None:
    first = stable(wechat, force_refresh=True)["access_token"]
    clock.move(seconds=29)
    assert stable(wechat, force_refresh=True)["access_token"] == first
    clock.move(seconds=1)
    assert stable(wechat, force_refresh=True)["access_token"] != first


def test_twenty_forced_refreshes_a_day_are_the_limit(
    wechat: WeChat, openid: str, clock: FakeClock
) -> None:
    for _ in range(20):
        assert "access_token" in stable(wechat, force_refresh=True)
        clock.move(seconds=30)
    assert stable(wechat, force_refresh=True)["errcode"] == 45009
    assert "access_token" in stable(wechat)


def test_fetching_a_token_ends_the_previous_one_after_five_minutes(
    wechat: WeChat, openid: str, clock: FakeClock
) -> None:
    first, second = plain(wechat), plain(wechat)
    assert first != second
    clock.move(seconds=299)
    assert errcode(wechat, openid, first) == 0
    clock.move(seconds=1)
    assert errcode(wechat, openid, first) == 40001
    assert errcode(wechat, openid, second) == 0


def test_the_two_kinds_of_token_leave_each_other_alone(
    wechat: WeChat, openid: str, clock: FakeClock
) -> None:
    kept = stable(wechat)["access_token"]
    other = plain(wechat)
    clock.move(minutes=6)
    stable(wechat, force_refresh=True)
    assert errcode(wechat, openid, other) == 0
    assert stable(wechat)["access_token"] != kept


def test_a_token_that_was_never_issued_is_not_valid(wechat: WeChat, openid: str) -> None:
    assert errcode(wechat, openid, "invented") == 40001
    order = {"touser": openid, "msgtype": "text", "text": {"content": "你好"}}
    assert wechat.call("custom/send", "", order)["errcode"] == 41001
