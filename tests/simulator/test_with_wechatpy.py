"""A client that was written for the real WeChat works with the simulator as it is."""

from __future__ import annotations

import io

import pytest
from simulator_bench import APP_ID, SECRET, Desk, WeChat
from wechatpy import WeChatClient
from wechatpy.exceptions import WeChatClientException

from wxdesk.simulator.samples import TEMPLATES, sample


@pytest.fixture
def openid(wechat: WeChat, desk: Desk) -> str:
    wechat.register(desk.url)
    openid = wechat.customer()
    wechat.write(openid, "在吗")
    return openid


@pytest.fixture
def client(wechat: WeChat, openid: str) -> WeChatClient:
    made = WeChatClient(APP_ID, SECRET, access_token=wechat.token(), timeout=10, auto_retry=False)
    made.API_BASE_URL = f"{wechat.base}/cgi-bin/"
    return made


def test_messages_and_media(client: WeChatClient, wechat: WeChat, openid: str) -> None:
    uploaded = client.media.upload("image", ("a.jpg", io.BytesIO(sample("photo.jpg"))))
    assert client.media.download(uploaded["media_id"]).content == sample("photo.jpg")
    assert client.message.send_image(openid, uploaded["media_id"])["errcode"] == 0
    assert client.message.send_text(openid, "您好")["errcode"] == 0
    menu = {"head_content": "?", "list": [{"id": "1", "content": "好"}], "tail_content": ""}
    assert client.message.send_msg_menu(openid, menu)["errcode"] == 0
    assert [b["kind"] for b in wechat.bubbles(openid)[1:]] == ["image", "text", "msgmenu"]


def test_users_and_tags(client: WeChatClient, openid: str) -> None:
    assert client.user.get(openid)["subscribe"] == 1
    assert [user["openid"] for user in client.user.get_batch([openid])] == [openid]
    assert client.user.get_followers()["total"] == 1
    client.user.update_remark(openid, "老王")
    number = client.tag.create("会员")["id"]
    client.tag.tag_user(number, openid)
    assert client.tag.get_user_tag(openid) == [number]
    assert client.tag.get_tag_users(number)["count"] == 1
    client.tag.delete(number)


def test_codes_menus_and_templates(client: WeChatClient, openid: str) -> None:
    scene = {"action_name": "QR_STR_SCENE", "action_info": {"scene": {"scene_str": "a"}}}
    assert client.qrcode.create(scene)["ticket"]
    client.menu.create({"button": [{"type": "click", "name": "优惠", "key": "C"}]})
    assert client.menu.get()["menu"]["button"][0]["key"] == "C"
    template_id = TEMPLATES[0].template_id
    assert client.message.send_template(openid, template_id, {"thing2": {"value": "杯"}})["msgid"]
    assert "127.0.0.1" in client.misc.get_wechat_ips()


def test_refusals_are_exceptions(client: WeChatClient, openid: str) -> None:
    with pytest.raises(WeChatClientException, match="40007"):
        client.message.send_image(openid, "gone")
