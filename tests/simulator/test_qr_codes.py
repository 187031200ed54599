"""QR codes with a scene: made, shown, scanned, expired."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from simulator_bench import GH, Desk, WeChat


@pytest.fixture
def openid(wechat: WeChat, desk: Desk) -> str:
    wechat.register(desk.url)
    return wechat.customer()


def create(wechat: WeChat, action: str, scene: dict[str, Any], **more: Any) -> Any:
    body = {"action_name": action, "action_info": {"scene": scene}, **more}
    return wechat.api("qrcode/create", body)


def scanned(wechat: WeChat, openid: str, **code: str) -> Any:
    return wechat.post(f"/sim/customers/{openid}/scan?wait=1", **code)


def test_temporary_code_is_a_picture_until_it_expires(wechat: WeChat, openid: str) -> None:
    made = create(wechat, "QR_SCENE", {"scene_id": 7}, expire_seconds=600)
    assert made["expire_seconds"] == 600
    url = f"{wechat.base}/cgi-bin/showqrcode"
    picture = requests.get(url, params={"ticket": made["ticket"]}, timeout=5)
    assert picture.headers["Content-Type"] == "image/png"
    assert picture.content.startswith(b"\x89PNG")
    wechat.advance(seconds=600)
    assert requests.get(url, params={"ticket": made["ticket"]}, timeout=5).status_code == 404
    assert scanned(wechat, openid, ticket=made["ticket"])["field"] == "ticket"


def test_follower_scans_and_newcomer_follows(wechat: WeChat, openid: str) -> None:
    made = create(wechat, "QR_LIMIT_STR_SCENE", {"scene_str": "booth_1"})
    assert "expire_seconds" not in made
    bubble = scanned(wechat, openid, ticket=made["ticket"])["message"]
    assert (bubble["detail"]["event"], bubble["detail"]["event_key"]) == ("SCAN", "booth_1")
    assert bubble["detail"]["Ticket"] == made["ticket"]
    path = f"/sim/accounts/{GH}/customers"
    stranger = wechat.post(path, name="李静", is_following=False)["openid"]
    bubble = scanned(wechat, stranger, scene="booth_1")["message"]
    assert bubble["text"] == "subscribe qrscene_booth_1"
    assert bubble["detail"]["Ticket"] == made["ticket"]
    user = wechat.api("user/info", openid=stranger)
    assert (user["subscribe_scene"], user["qr_scene_str"]) == ("ADD_SCENE_QR_CODE", "booth_1")


def test_permanent_scene_keeps_its_ticket(wechat: WeChat, openid: str) -> None:
    first, again = (create(wechat, "QR_LIMIT_SCENE", {"scene_id": 5}) for _ in range(2))
    assert first == again
    other = create(wechat, "QR_STR_SCENE", {"scene_str": "5"})
    assert other["ticket"] != first["ticket"]
    assert other["expire_seconds"] == 30
    assert len(wechat.get(f"/sim/accounts/{GH}/qrcodes")["qrcodes"]) == 2


@pytest.mark.parametrize(
    ("action", "scene", "more", "errcode"),
    [
        ("QR_NOPE", {"scene_id": 1}, {}, 40052),
        ("QR_SCENE", {"scene_id": 0}, {}, 40053),
        ("QR_SCENE", {"scene_id": 2**32}, {}, 40053),
        ("QR_SCENE", {"scene_id": "7"}, {}, 40053),
        ("QR_LIMIT_SCENE", {"scene_id": 100_001}, {}, 40053),
        ("QR_STR_SCENE", {"scene_str": ""}, {}, 40053),
        ("QR_LIMIT_STR_SCENE", {"scene_str": "x" * 65}, {}, 40053),
        ("QR_SCENE", {"scene_id": 1}, {"expire_seconds": 2_592_001}, 40053),
        ("QR_SCENE", {"scene_id": 1}, {"expire_seconds": "60"}, 47001),
    ],
)
def test_limits_of_scenes(
    wechat: WeChat,
    openid: str,
    action: str,
    scene: dict[str, Any],
    more: dict[str, Any],
    errcode: int,
) -> None:
    assert create(wechat, action, scene, **more)["errcode"] == errcode


def test_codes_are_for_service_accounts(wechat: WeChat, openid: str) -> None:
    wechat.settings(is_service=False)
    assert create(wechat, "QR_SCENE", {"scene_id": 7})["errcode"] == 48001
