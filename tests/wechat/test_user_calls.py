"""Customers, tags, blacklist: what is asked and what is read, and nothing over WeChat's limits."""

from datetime import UTC, datetime

import pytest
from cast import WANG

from wxdesk.plumbing.errors import DeliveryError

FOLLOWER = {
    "subscribe": 1,
    "openid": WANG,
    "language": "zh_CN",
    "subscribe_time": 1_434_093_047,
    "unionid": "o6_b",
    "remark": "老王",
    "groupid": 0,
    "tagid_list": [128, 2],
    "subscribe_scene": "ADD_SCENE_QR_CODE",
    "qr_scene": 98765,
    "qr_scene_str": "shop-1",
}


def test_a_follower_is_read(scripted, script):
    script.answer("user/info", FOLLOWER)
    found = scripted.user_info(WANG)
    assert (found.is_following, found.openid, found.unionid) == (True, WANG, "o6_b")
    assert found.followed_at == datetime(2015, 6, 12, 7, 10, 47, tzinfo=UTC)
    assert (found.remark, found.tag_ids) == ("老王", (128, 2))
    assert (found.subscribe_scene, found.qr_scene) == ("ADD_SCENE_QR_CODE", "98765")
    assert found.qr_scene_str == "shop-1"
    (seen,) = script.asked("user/info")
    assert (seen.method, seen.query["openid"], seen.query["lang"]) == ("GET", WANG, "zh_CN")


def test_somebody_who_left_has_nothing_else(scripted, script):
    script.answer("user/info", {"subscribe": 0, "openid": WANG})
    found = scripted.user_info(WANG)
    assert (found.is_following, found.followed_at, found.tag_ids) == (False, None, ())


@pytest.mark.parametrize(
    "odd",
    [
        {"subscribe_time": "soon"},
        {"subscribe_time": -5},
        {"subscribe_time": 10**30},
        {"tagid_list": "128"},
        {"tagid_list": None},
        {"remark": None},
        {"subscribe": "1"},
    ],
)
def test_an_odd_field_does_not_lose_the_customer(scripted, script, odd):
    script.answer("user/info", FOLLOWER | odd)
    assert scripted.user_info(WANG).openid == WANG


def test_an_answer_without_an_openid_is_an_error(scripted, script):
    script.answer("user/info", {"subscribe": 1})
    with pytest.raises(DeliveryError) as caught:
        scripted.user_info(WANG)
    assert caught.value.code == "junk"


def test_a_hundred_customers_are_asked_for_at_once(scripted, script):
    script.answer(
        "user/info/batchget", {"user_info_list": [FOLLOWER, FOLLOWER | {"openid": "oLi"}]}
    )
    assert [user.openid for user in scripted.users_info([WANG, "oLi"])] == [WANG, "oLi"]
    asked = script.asked("user/info/batchget")[0].fields
    assert asked == {"user_list": [{"openid": o, "lang": "zh_CN"} for o in (WANG, "oLi")]}


def test_one_bad_row_does_not_spoil_the_others(scripted, script):
    bad = [{}, {"openid": None}, {"openid": [1]}, "junk", FOLLOWER | {"tagid_list": [10**30, "x"]}]
    script.answer("user/info/batchget", {"user_info_list": [*bad, FOLLOWER | {"openid": "oLi"}]})
    found = scripted.users_info(["a", "b", "c", "d", WANG, "oLi"])
    assert [(user.openid, user.tag_ids) for user in found] == [(WANG, ()), ("oLi", (128, 2))]


@pytest.mark.parametrize("odd", ["x", "-5", 1.5, 10**12, None, [2], "²"])
def test_tag_with_an_id_that_is_none_is_an_error_that_can_be_handled(scripted, script, odd):
    script.answer("tags/get", {"tags": [{"id": odd, "name": "x"}]})
    with pytest.raises(DeliveryError) as caught:
        scripted.list_tags()
    assert caught.value.code == "junk"


@pytest.mark.parametrize(
    ("act", "most"),
    [
        (lambda client, some: client.users_info(some), 100),
        (lambda client, some: client.tag_customers(1, some), 50),
        (lambda client, some: client.untag_customers(1, some), 50),
        (lambda client, some: client.block(some), 20),
        (lambda client, some: client.unblock(some), 20),
    ],
)
def test_no_list_is_longer_than_wechat_takes(scripted, script, act, most):
    for count in (0, most + 1):
        with pytest.raises(ValueError, match=f"1 to {most} openids"):
            act(scripted, ["o"] * count)
    assert script.seen == []
    act(scripted, ["o"] * most)


def test_a_remark_is_set(scripted, script):
    scripted.set_remark(WANG, "老王 ①")
    assert script.asked("updateremark")[0].fields == {"openid": WANG, "remark": "老王 ①"}


def test_tags_are_listed_made_renamed_and_deleted(scripted, script):
    script.answer("tags/get", {"tags": [{"id": 2, "name": "星标组", "count": 3}]})
    script.answer("tags/create", {"tag": {"id": 134, "name": "广东"}})
    (star,) = scripted.list_tags()
    made = scripted.create_tag("广东")
    scripted.rename_tag(134, "广东人")
    scripted.delete_tag(134)
    assert (star.id, star.name, star.count) == (2, "星标组", 3)
    assert (made.id, made.name, made.count) == (134, "广东", 0)
    assert script.asked("tags/create")[0].fields == {"tag": {"name": "广东"}}
    assert script.asked("tags/update")[0].fields == {"tag": {"id": 134, "name": "广东人"}}
    assert script.asked("tags/delete")[0].fields == {"tag": {"id": 134}}


def test_making_a_tag_is_not_repeated_by_itself(scripted, script):
    script.answer("tags/create", {"errcode": -1})
    with pytest.raises(DeliveryError):
        scripted.create_tag("广东")
    assert len(script.asked("tags/create")) == 1


def test_customers_get_and_lose_a_tag(scripted, script):
    scripted.tag_customers(134, [WANG])
    scripted.untag_customers(134, [WANG])
    expected = {"openid_list": [WANG], "tagid": 134}
    assert script.asked("members/batchtagging")[0].fields == expected
    assert script.asked("members/batchuntagging")[0].fields == expected


def test_customers_are_blocked_unblocked_and_listed(scripted, script):
    script.answer(
        "tags/members/getblacklist",
        {"total": 2, "count": 2, "data": {"openid": [WANG, "oLi"]}, "next_openid": "oLi"},
        {"total": 2, "count": 0, "next_openid": ""},
    )
    scripted.block([WANG])
    scripted.unblock([WANG])
    assert scripted.list_blocked() == ([WANG, "oLi"], "oLi")
    assert scripted.list_blocked("oLi") == ([], "")
    begins = [each.fields["begin_openid"] for each in script.asked("getblacklist")]
    assert begins == ["", "oLi"]
    assert script.asked("batchblacklist")[0].fields == {"openid_list": [WANG]}
    assert script.asked("batchunblacklist")[0].fields == {"openid_list": [WANG]}
