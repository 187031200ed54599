"""User info, remarks, tags and the blacklist follow WeChat's rules."""

from __future__ import annotations

from typing import Any

import pytest
from simulator_bench import GH, Desk, WeChat


@pytest.fixture
def openid(wechat: WeChat, desk: Desk) -> str:
    wechat.register(desk.url)
    return wechat.customer()


def info(wechat: WeChat, openid: str) -> dict[str, Any]:
    return dict(wechat.api("user/info", openid=openid))


def new_tag(wechat: WeChat, name: str) -> int:
    return int(wechat.api("tags/create", {"tag": {"name": name}})["tag"]["id"])


def test_user_info_has_no_name_and_tells_how_the_customer_came(wechat: WeChat, openid: str) -> None:
    assert info(wechat, openid) == {
        "subscribe": 1,
        "openid": openid,
        "subscribe_time": 1772413200,
        "remark": "",
        "groupid": 0,
        "tagid_list": [],
        "subscribe_scene": "ADD_SCENE_SEARCH",
        "qr_scene": 0,
        "qr_scene_str": "",
    }


def test_customer_who_left_has_nothing_but_an_openid(wechat: WeChat, openid: str) -> None:
    wechat.event(openid, "unsubscribe")
    assert info(wechat, openid) == {"subscribe": 0, "openid": openid}
    assert info(wechat, "o" + "x" * 27)["errcode"] == 40003


def test_two_accounts_see_one_person_by_the_union_id(
    wechat: WeChat, openid: str, desk: Desk
) -> None:
    wechat.register(desk.url, original_id="gh_other", app_id="wxother")
    other = wechat.customer(original_id="gh_other")
    for each in (openid, other):
        wechat.post(f"/sim/customers/{each}/settings", unionid="u-wang")
    assert info(wechat, openid)["unionid"] == "u-wang"
    listed = {c["openid"]: c["unionid"] for c in wechat.get("/sim/customers")["customers"]}
    assert listed == {openid: "u-wang", other: "u-wang"}


def test_batch_takes_a_hundred_at_most(wechat: WeChat, openid: str) -> None:
    batch = wechat.api("user/info/batchget", {"user_list": [{"openid": openid}]})
    assert [user["openid"] for user in batch["user_info_list"]] == [openid]
    many = {"user_list": [{"openid": openid}] * 101}
    assert wechat.api("user/info/batchget", many)["errcode"] == 40032


def test_followers_are_listed_page_by_page(wechat: WeChat, openid: str) -> None:
    openids = sorted([openid, wechat.customer("李静"), wechat.customer("刘洋")])
    page = wechat.api("user/get")
    assert (page["total"], page["count"]) == (3, 3)
    assert page["data"]["openid"] == openids
    assert page["next_openid"] == openids[-1]
    rest = wechat.api("user/get", next_openid=openids[0])
    assert rest["data"]["openid"] == openids[1:]
    end = wechat.api("user/get", next_openid=openids[-1])
    assert (end["count"], end["next_openid"], "data" in end) == (0, "", False)
    assert wechat.api("user/get", next_openid="nobody")["errcode"] == 40003


def test_remark_is_shorter_than_thirty_characters(wechat: WeChat, openid: str) -> None:
    body = {"openid": openid, "remark": "王" * 29}
    assert wechat.api("user/info/updateremark", body)["errcode"] == 0
    assert info(wechat, openid)["remark"] == "王" * 29
    body["remark"] += "王"
    assert wechat.api("user/info/updateremark", body)["errcode"] == 40097


def test_tags_are_made_changed_given_and_taken(wechat: WeChat, openid: str) -> None:
    number = new_tag(wechat, "老客户")
    assert number == 100
    given = {"tagid": number, "openid_list": [openid]}
    assert wechat.api("tags/members/batchtagging", given)["errcode"] == 0
    assert wechat.api("tags/getidlist", {"openid": openid})["tagid_list"] == [number]
    assert info(wechat, openid)["tagid_list"] == [number]
    wechat.api("tags/update", {"tag": {"id": number, "name": "会员"}})
    assert {"id": number, "name": "会员", "count": 1} in wechat.api("tags/get")["tags"]
    tagged = wechat.api("user/tag/get", {"tagid": number})
    assert (tagged["count"], tagged["data"]["openid"]) == (1, [openid])
    assert wechat.api("tags/members/batchuntagging", given)["errcode"] == 0
    wechat.api("tags/members/batchtagging", given)
    assert wechat.api("tags/delete", {"tag": {"id": number}})["errcode"] == 0
    assert wechat.api("tags/getidlist", {"openid": openid})["tagid_list"] == []


def test_limits_of_tags(wechat: WeChat, openid: str) -> None:
    def create(name: str) -> int:
        return int(wechat.api("tags/create", {"tag": {"name": name}}).get("errcode", 0))

    assert create("王" * 10) == 0
    assert create("王" * 10 + "a") == 45158
    assert [create("王" * 10), create(" ")] == [45157, 45157]
    for number in range(98):
        assert create(f"t{number}") == 0
    assert create("one more") == 45056
    assert wechat.api("tags/update", {"tag": {"id": 2, "name": "x"}})["errcode"] == 45058
    assert wechat.api("tags/delete", {"tag": {"id": 0}})["errcode"] == 45058
    assert wechat.api("tags/delete", {"tag": {"id": 999}})["errcode"] == 45159


def test_limits_of_tagging(wechat: WeChat, openid: str) -> None:
    numbers = [new_tag(wechat, f"t{number}") for number in range(21)]

    def tag(number: int, openids: list[str]) -> int:
        body = {"tagid": number, "openid_list": openids}
        return int(wechat.api("tags/members/batchtagging", body)["errcode"])

    assert {tag(number, [openid]) for number in numbers[:20]} == {0}
    assert tag(numbers[20], [openid]) == 45059
    assert tag(numbers[0], [openid]) == 0
    assert tag(numbers[0], [openid] * 51) == 40032
    assert tag(numbers[0], []) == 40032
    assert tag(999, [openid]) == 45159
    assert tag(numbers[0], ["nobody"]) == 40003
    wechat.event(openid, "unsubscribe")
    assert tag(numbers[0], [openid]) == 40003


def test_tag_with_too_many_fans_stays(
    wechat: WeChat, openid: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wxdesk.simulator.api.tags.FANS_OF_A_DELETED_TAG", 0)
    number = new_tag(wechat, "老客户")
    wechat.api("tags/members/batchtagging", {"tagid": number, "openid_list": [openid]})
    assert wechat.api("tags/delete", {"tag": {"id": number}})["errcode"] == 45057


def test_blacklist_is_kept_by_openid(wechat: WeChat, openid: str) -> None:
    body = {"openid_list": [openid]}
    assert wechat.api("tags/members/batchblacklist", body)["errcode"] == 0
    listed = wechat.api("tags/members/getblacklist", {"begin_openid": ""})
    assert (listed["total"], listed["data"]["openid"]) == (1, [openid])
    assert (
        wechat.api("tags/members/batchblacklist", {"openid_list": [openid] * 21})["errcode"]
        == 40032
    )
    assert wechat.api("tags/members/batchunblacklist", body)["errcode"] == 0
    assert wechat.api("tags/members/getblacklist", {})["total"] == 0


def test_rights_are_for_verified_accounts(wechat: WeChat, openid: str) -> None:
    wechat.settings(is_verified=False)
    for path in ("user/info", "user/get", "tags/get", "media/get"):
        assert wechat.api(path)["errcode"] == 48001, path
    assert "ip_list" in wechat.api("getcallbackip")
    assert wechat.get("/sim/accounts")["accounts"][0]["original_id"] == GH
