"""Limits and refusals that have no place elsewhere."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from simulator_bench import APP_ID, GH, SECRET, Desk, WeChat

from wxdesk.simulator.codec import from_json, to_json
from wxdesk.simulator.formats import Format
from wxdesk.simulator.media import MediaBook
from wxdesk.simulator.records import Account, Mode
from wxdesk.simulator.samples import sample

NOW = datetime(2026, 3, 2, tzinfo=UTC)
ONCE = "Sb_service_reply_simulated_000000000000002"


@pytest.fixture
def openid(wechat: WeChat, desk: Desk) -> str:
    wechat.register(desk.url)
    openid = wechat.customer()
    wechat.write(openid, "在吗")
    return openid


def test_oldest_files_go_when_there_are_too_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wxdesk.simulator.media.MOST_FILES", 2)
    book = MediaBook(tmp_path)
    kind = Format("bin", "application/octet-stream")
    first, second, third = (
        book.add("gh", "image", content, kind, NOW) for content in (b"a", b"b", b"b")
    )
    assert book.peek(first.media_id) is None
    assert book.read(second) == book.read(third) == b"b"
    assert len(list(tmp_path.iterdir())) == 1


def test_file_that_somebody_removed_is_a_system_error(
    wechat: WeChat, openid: str, platform: Any
) -> None:
    media_id = wechat.media("image", sample("photo.jpg"))
    platform.state.media.close()
    query = {"access_token": wechat.token(), "media_id": media_id}
    answer = requests.get(f"{wechat.base}/cgi-bin/media/get", params=query, timeout=5)
    assert answer.json()["errcode"] == -1
    assert requests.get(f"{wechat.base}/files/{media_id}", timeout=5).status_code == 404
    assert requests.get(f"{wechat.base}/files/none", timeout=5).status_code == 404


def test_records_come_back_as_they_were() -> None:
    account = Account(
        "gh", "wx", "s", "t", "http://x/", "店", mode=Mode.SAFE, ip_whitelist=("::1",)
    )
    assert from_json(list[Account], [{**as_dict(account), "unknown": 1}]) == [account]
    wrong: list[tuple[Any, Any]] = [
        (Account, []),
        (Account, {"original_id": "gh"}),
        (int, "1"),
        (list[int], {"a": 1}),
        (Mode, "loud"),
        (datetime, "soon"),
    ]
    for kind, value in wrong:
        with pytest.raises((TypeError, ValueError)):
            from_json(kind, value)
    with pytest.raises(TypeError):
        to_json(object())


def as_dict(account: Account) -> dict[str, Any]:
    return dict(json.loads(to_json(account)))


@pytest.mark.parametrize(
    ("kind", "part", "errcode"),
    [
        ("news", {"articles": [{"title": 1}]}, 0),
        ("music", {"title": "a", "thumb_media_id": "gone"}, 40007),
        ("msgmenu", {"list": [{"id": "", "content": "好"}]}, 47001),
        ("msgmenu", {"list": [{"id": "1", "content": "好" * 700}]}, 45002),
        ("msgmenu", {"head_content": 7, "list": [{"id": "1", "content": "好"}]}, 47001),
        ("mpnewsarticle", {"article_id": 7}, 47001),
        ("text", {"content": "  "}, 44004),
        ("text", None, 44004),
    ],
)
def test_odd_contents(wechat: WeChat, openid: str, kind: str, part: Any, errcode: int) -> None:
    assert wechat.send_kind(openid, kind, part) == errcode


def test_mass_messages_of_other_kinds(wechat: WeChat, openid: str) -> None:
    everybody = {"filter": {"is_to_all": True}}
    image = wechat.media("image", sample("photo.jpg"))
    voice = wechat.media("voice", sample("voice.mp3"))
    bodies: list[tuple[dict[str, Any], int]] = [
        ({"msgtype": "image", "images": {"media_ids": [image]}}, 0),
        ({"msgtype": "image", "image": {"media_id": image}}, 0),
        ({"msgtype": "voice", "voice": {"media_id": voice}}, 0),
        ({"msgtype": "voice", "voice": {"media_id": image}}, 40007),
        ({"msgtype": "mpnews", "mpnews": {"media_id": image}}, 40007),
    ]
    for body, errcode in bodies:
        answer = wechat.api("message/mass/sendall", {**everybody, **body})
        assert answer["errcode"] == errcode, body
    assert wechat.api("message/mass/sendall", {"msgtype": "text"})["errcode"] == 47001
    wechat.post("/sim/faults", api="mass/sendall", kind="job_failed")
    body = {**everybody, "msgtype": "text", "text": {"content": "周年庆"}}
    assert wechat.api("message/mass/sendall", body)["errcode"] == 0
    kinds = [b["kind"] for b in wechat.bubbles(openid) if b["via"] == "mass"]
    assert kinds == ["image", "image", "voice"]


def test_long_term_notice_needs_one_grant_for_ever(wechat: WeChat, openid: str) -> None:
    own = {
        "template_id": "L1",
        "title": "通知",
        "content": "{{thing1.DATA}}",
        "is_long_term": True,
    }
    path = f"/sim/accounts/{GH}/templates"
    assert wechat.post(path, subscribe_templates=[own])["subscribe_templates"][0]["type"] == 3
    assert wechat.post(path, subscribe_templates=["x"])["field"] == "subscribe_templates"
    grants = f"/sim/customers/{openid}/grants?wait=1"
    assert wechat.post(grants, template_id=ONCE)["field"] == "template_id"
    wechat.post(grants, template_id="L1")
    body = {"touser": openid, "template_id": "L1", "data": {"thing1": {"value": "好"}}}
    codes = {wechat.api("message/subscribe/bizsend", body)["errcode"] for _ in range(3)}
    assert codes == {0}


def test_clear_quota_reads_a_body_too(wechat: WeChat, openid: str) -> None:
    body = {"appid": APP_ID, "appsecret": SECRET}
    assert wechat.post("/cgi-bin/clear_quota/v2", **body)["errcode"] == 0
    assert wechat.post("/cgi-bin/clear_quota/v2", appid=APP_ID)["errcode"] == 41004
    assert wechat.post("/cgi-bin/clear_quota/v2", appsecret=SECRET)["errcode"] == 41002
    assert wechat.post("/cgi-bin/stable_token", grant_type="x")["errcode"] == 40002
    given = {"grant_type": "client_credential", "appid": APP_ID, "secret": SECRET}
    assert wechat.post("/cgi-bin/stable_token", **given, force_refresh=1)["errcode"] == 47001


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("settings", {"ip_whitelist": "all"}, "ip_whitelist"),
        ("settings", {"kf_accounts": [7]}, "kf_accounts"),
        ("settings", {"daily_limits": []}, "daily_limits"),
        ("settings", {"mode": "safe", "aes_key": "short"}, "aes_key"),
        ("settings", {"webhook_url": "ftp://x"}, "webhook_url"),
        ("settings", {"old_key_pushes": 1}, "old_key_pushes"),
        ("tokens", {"as": "gone"}, "as"),
        ("menu", {"button": [{"name": "x"}]}, "button"),
        ("templates", {"templates": [{}] * 26}, "templates"),
    ],
)
def test_wrong_settings_of_an_account_change_nothing(
    wechat: WeChat, openid: str, path: str, body: dict[str, Any], field: str
) -> None:
    before = wechat.get("/sim/accounts")
    assert wechat.post(f"/sim/accounts/{GH}/{path}", **body)["field"] == field
    assert wechat.get("/sim/accounts") == before


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("messages", {"kind": "location", "latitude": 91, "longitude": 0}, "latitude"),
        ("messages", {"kind": "image", "sample": "none.jpg"}, "sample"),
        ("messages", {"kind": "image", "sample": "voice.amr"}, "media"),
        ("messages", {"kind": "file", "size": -1}, "size"),
        ("scan", {}, "ticket"),
        ("scan", {"ticket": "a", "scene": "b"}, "ticket"),
        ("menu", {"item": ["x"]}, "item"),
        ("menu", {"item": []}, "item"),
        ("release", {"order": "random"}, "order"),
        ("settings", {"is_blacklisted": "yes"}, "is_blacklisted"),
        ("grants", {"template_id": ONCE, "times": -1}, "times"),
    ],
)
def test_wrong_acts_of_a_customer_are_refused_by_field(
    wechat: WeChat, openid: str, desk: Desk, path: str, body: dict[str, Any], field: str
) -> None:
    assert wechat.post(f"/sim/customers/{openid}/{path}", **body)["field"] == field
    assert len(desk.received) == 1
