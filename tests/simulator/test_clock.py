"""The clock can be moved, and every rule obeys it."""

from __future__ import annotations

from pathlib import Path

from simulator_bench import QUICK, Desk, FakeClock, WeChat

from wxdesk.simulator.platform import Platform
from wxdesk.simulator.samples import sample
from wxdesk.simulator.server import serving


def test_clock_is_shown_moved_set_and_reset(wechat: WeChat) -> None:
    assert wechat.get("/sim/clock") == {"now": "2026-03-02T01:00:00.000Z", "ahead_seconds": 0}
    assert wechat.post("/sim/clock", advance_seconds=90)["now"] == "2026-03-02T01:01:30.000Z"
    moved = wechat.post("/sim/clock", set="2026-05-01T08:00:00+08:00")
    assert moved["now"] == "2026-05-01T00:00:00.000Z"
    assert wechat.post("/sim/clock", reset=True)["ahead_seconds"] == 0


def test_clock_refuses_nonsense(wechat: WeChat) -> None:
    assert wechat.post("/sim/clock", set="2026-05-01T00:00:00")["field"] == "set"
    assert wechat.post("/sim/clock", set="soon")["field"] == "set"
    assert wechat.post("/sim/clock", set="1999-01-01T00:00:00Z")["field"] == "set"
    assert wechat.post("/sim/clock", advance_seconds=-1)["field"] == "advance_seconds"


def test_windows_and_tokens_obey_the_moved_clock(wechat: WeChat, desk: Desk) -> None:
    wechat.register(desk.url)
    openid = wechat.customer()
    wechat.write(openid, "在吗")
    token = wechat.token()
    wechat.advance(hours=2)
    assert wechat.send(openid, "在", token)["errcode"] == 42001
    wechat.advance(hours=46)
    assert wechat.send(openid, "在")["errcode"] == 45015
    shown = wechat.get(f"/sim/customers/{openid}/messages")["customer"]
    assert shown["replies_left"] is None


def test_moving_the_clock_keeps_the_order_of_the_phones(wechat: WeChat, desk: Desk) -> None:
    wechat.register(desk.url)
    first, second = wechat.customer("王小明"), wechat.customer("李静")
    wechat.write(first, "在吗")
    wechat.advance(hours=1)
    listed = wechat.get("/sim/customers")["customers"]
    assert [customer["openid"] for customer in listed] == [first, second]


def test_push_carries_the_moved_time(wechat: WeChat, desk: Desk) -> None:
    wechat.register(desk.url)
    wechat.post("/sim/clock", set="2026-05-01T00:00:00Z")
    wechat.write(wechat.customer(), "在吗")
    assert b"<CreateTime>1777593600</CreateTime>" in desk.received[0].body
    assert desk.received[0].query["timestamp"] == "1777593600"


def test_what_the_desk_made_survives_a_restart(
    tmp_path: Path, clock: FakeClock, desk: Desk
) -> None:
    scene = {"action_name": "QR_LIMIT_SCENE", "action_info": {"scene": {"scene_id": 1}}}
    with serving(Platform(clock, tmp_path, pace=QUICK)) as url:
        wechat = WeChat(url)
        wechat.register(desk.url, daily_limits={"tags/get": 1})
        media_id = wechat.media("image", sample("photo.jpg"))
        tag = wechat.api("tags/create", {"tag": {"name": "会员"}})["tag"]
        wechat.api("menu/create", {"button": [{"type": "click", "name": "a", "key": "k"}]})
        ticket = wechat.api("qrcode/create", scene)["ticket"]
    with serving(Platform(clock, tmp_path, pace=QUICK)) as url:
        wechat = WeChat(url)
        query = {"access_token": wechat.token(), "media_id": media_id}
        answer = wechat.session.get(f"{url}/cgi-bin/media/get", params=query, timeout=5)
        assert answer.content == sample("photo.jpg")
        assert wechat.api("tags/get")["tags"][-1]["id"] == tag["id"]
        assert wechat.api("tags/get")["errcode"] == 45009
        assert wechat.api("menu/get")["menu"]["button"][0]["key"] == "k"
        assert wechat.api("qrcode/create", scene)["ticket"] == ticket


def test_phones_clock_and_faults_survive_a_restart(
    tmp_path: Path, clock: FakeClock, desk: Desk
) -> None:
    with serving(Platform(clock, tmp_path, pace=QUICK)) as url:
        wechat = WeChat(url)
        wechat.register(desk.url, push_format="json")
        openid = wechat.customer()
        wechat.advance(hours=1)
        sent = wechat.say(openid, "image")
        wechat.post("/sim/faults", api="media/get", kind="errcode", errcode=-1, times=3)
        before = wechat.bubbles(openid)
    with serving(Platform(clock, tmp_path, pace=QUICK)) as url:
        wechat = WeChat(url)
        assert wechat.get("/sim/clock")["ahead_seconds"] == 3600
        assert wechat.bubbles(openid) == before
        assert wechat.get("/sim/faults")["faults"][0]["times"] == 3
        again = {"openid": openid, "message_id": str(sent["id"])}
        assert wechat.post("/sim/redeliver?wait=1", **again)["message"]["kind"] == "image"
    assert desk.received[0].body == desk.received[-1].body
