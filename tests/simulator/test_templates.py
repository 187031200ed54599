"""Template messages, subscription notices and mass messages, and the events that end them."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest
from simulator_bench import GH, Desk, WeChat, eventually

from wxdesk.simulator.samples import SUBSCRIBE_TEMPLATES, TEMPLATES

TEMPLATE, NOTICE = TEMPLATES[2].template_id, SUBSCRIBE_TEMPLATES[0].template_id
DATA = {
    "character_string1": {"value": "K-7"},
    "thing2": {"value": "已补发"},
    "time3": {"value": "2026年3月2日"},
}
PRIZE = {
    "thing1": {"value": "秋季抽奖"},
    "phrase2": {"value": "已中奖"},
    "time3": {"value": "2026年3月2日"},
}


@pytest.fixture
def openid(wechat: WeChat, desk: Desk) -> str:
    wechat.register(desk.url)
    return wechat.customer()


def send(wechat: WeChat, openid: str, **more: Any) -> Any:
    body = {"touser": openid, "template_id": TEMPLATE, "data": DATA, **more}
    return wechat.api("message/template/send", body)


def pushed(desk: Desk, event: str) -> list[dict[str, str]]:
    found = []
    for push in desk.received:
        root = ElementTree.fromstring(push.body)  # noqa: S314
        if root.findtext("Event") == event:
            found.append({each.tag: each.text or "" for each in root.iter()})
    return found


def test_template_message_is_shown_and_its_end_is_pushed(
    wechat: WeChat, openid: str, desk: Desk
) -> None:
    answer = send(wechat, openid, url="https://example.com")
    (end,) = eventually(lambda: pushed(desk, "TEMPLATESENDJOBFINISH"))
    assert (end["MsgID"], end["Status"]) == (str(answer["msgid"]), "success")
    bubble = wechat.bubbles(openid)[0]
    assert (bubble["kind"], bubble["via"]) == ("template", "template")
    assert bubble["detail"]["lines"][:2] == ["工单编号：K-7", "处理结果：已补发"]


def test_template_message_ends_badly_when_it_must(wechat: WeChat, openid: str, desk: Desk) -> None:
    wechat.post(f"/sim/customers/{openid}/settings", refuses_messages=True)
    assert send(wechat, openid)["errcode"] == 0
    wechat.post(f"/sim/customers/{openid}/settings", refuses_messages=False)
    wechat.post("/sim/faults", api="template/send", kind="job_failed")
    assert send(wechat, openid)["errcode"] == 0
    eventually(lambda: len(pushed(desk, "TEMPLATESENDJOBFINISH")) == 2)
    ends = [end["Status"] for end in pushed(desk, "TEMPLATESENDJOBFINISH")]
    assert ends == ["failed:user block", "failed: system failed"]
    assert [b["kind"] for b in wechat.bubbles(openid)] == ["event", "event"]


def test_template_message_needs_a_follower_and_a_template(wechat: WeChat, openid: str) -> None:
    assert send(wechat, openid, template_id="none")["errcode"] == 40037
    assert send(wechat, openid, data=None)["errcode"] == 47001
    wechat.event(openid, "unsubscribe")
    assert send(wechat, openid)["errcode"] == 43004


def test_client_id_protects_from_doubles_for_ten_minutes(
    wechat: WeChat, openid: str, desk: Desk
) -> None:
    first, again = (send(wechat, openid, client_msg_id="m1") for _ in range(2))
    assert first == again
    wechat.advance(minutes=10)
    assert send(wechat, openid, client_msg_id="m1")["msgid"] != first["msgid"]
    shown = [b for b in wechat.bubbles(openid) if b["kind"] == "template"]
    assert len(shown) == 2


def test_templates_are_listed_and_can_be_set(wechat: WeChat, openid: str) -> None:
    listed = wechat.api("template/get_all_private_template")["template_list"]
    assert [each["template_id"] for each in listed] == [each.template_id for each in TEMPLATES]
    notices = wechat.api("wxaapi/newtmpl/gettemplate")["data"]
    assert notices[0]["priTmplId"] == NOTICE
    own = [{"template_id": "T1", "title": "通知", "content": "{{thing1.DATA}}"}]
    assert wechat.post(f"/sim/accounts/{GH}/templates", templates=own)["templates"]
    listed = wechat.api("template/get_all_private_template")["template_list"]
    assert [each["template_id"] for each in listed] == ["T1"]
    refused = wechat.post(f"/sim/accounts/{GH}/templates", templates=[{"template_id": ""}])
    assert refused["field"] == "template_id"


def test_notice_needs_one_grant_each(wechat: WeChat, openid: str, desk: Desk) -> None:
    body = {"touser": openid, "template_id": NOTICE, "data": PRIZE}
    assert wechat.api("message/subscribe/bizsend", body)["errcode"] == 43101
    wechat.post(f"/sim/customers/{openid}/grants?wait=1", template_id=NOTICE, times=1)
    popup = pushed(desk, "subscribe_msg_popup_event")[0]
    assert (popup["TemplateId"], popup["SubscribeStatusString"]) == (NOTICE, "accept")
    codes = [wechat.api("message/subscribe/bizsend", body)["errcode"] for _ in range(2)]
    assert codes == [0, 43101]
    (sent,) = eventually(lambda: pushed(desk, "subscribe_msg_sent_event"))
    assert (sent["TemplateId"], sent["ErrorCode"]) == (NOTICE, "0")
    wechat.post(f"/sim/customers/{openid}/grants?wait=1", template_id=NOTICE, times=5)
    wechat.post(f"/sim/customers/{openid}/grants?wait=1", template_id=NOTICE, is_accepted=False)
    assert wechat.api("message/subscribe/bizsend", body)["errcode"] == 43101


def test_values_of_a_notice_are_checked(wechat: WeChat, openid: str) -> None:
    wechat.post(f"/sim/customers/{openid}/grants", template_id=NOTICE, times=9)
    for name, value in (("thing1", ""), ("thing1", "长" * 21), ("phrase2", "太长的短语")):
        data = {**PRIZE, name: {"value": value}}
        body = {"touser": openid, "template_id": NOTICE, "data": data}
        expected = 0 if len(value) == 5 else 47003
        assert wechat.api("message/subscribe/bizsend", body)["errcode"] == expected


def mass(wechat: WeChat, path: str = "sendall", **more: Any) -> Any:
    text = {"msgtype": "text", "text": {"content": "周年庆"}}
    return wechat.api(f"message/mass/{path}", {**text, **more})


def test_mass_message_reaches_each_customer_four_times_a_month(
    wechat: WeChat, openid: str, desk: Desk
) -> None:
    for _ in range(5):
        assert mass(wechat, filter={"is_to_all": True})["errcode"] == 0
    shown = [b for b in wechat.bubbles(openid) if b["via"] == "mass"]
    assert len(shown) == 4
    eventually(lambda: len(pushed(desk, "MASSSENDJOBFINISH")) == 5)
    ends = pushed(desk, "MASSSENDJOBFINISH")
    assert sorted(end["SentCount"] for end in ends) == ["0", "1", "1", "1", "1"]
    assert {end["Status"] for end in ends} == {"send success"}
    wechat.advance(days=31)
    mass(wechat, filter={"is_to_all": True})
    assert len([b for b in wechat.bubbles(openid) if b["via"] == "mass"]) == 5


def test_mass_message_to_a_tag_or_to_some(wechat: WeChat, openid: str) -> None:
    other = wechat.customer("李静")
    number = wechat.api("tags/create", {"tag": {"name": "会员"}})["tag"]["id"]
    wechat.api("tags/members/batchtagging", {"tagid": number, "openid_list": [other]})
    assert mass(wechat, filter={"is_to_all": False, "tag_id": 999})["errcode"] == 45159
    assert mass(wechat, filter={"is_to_all": False, "tag_id": number})["errcode"] == 0
    assert mass(wechat, "send", touser=[openid])["errcode"] == 40130
    assert mass(wechat, "send", touser=[openid, other])["errcode"] == 0
    counts = [sum(b["via"] == "mass" for b in wechat.bubbles(each)) for each in (openid, other)]
    assert counts == [1, 2]


def test_client_id_of_a_mass_message_is_taken_once_a_day(wechat: WeChat, openid: str) -> None:
    everybody = {"filter": {"is_to_all": True}}
    assert mass(wechat, clientmsgid="m", **everybody)["errcode"] == 0
    assert mass(wechat, clientmsgid="m", **everybody)["errcode"] == 45065
    assert mass(wechat, clientmsgid="m" * 65, **everybody)["errcode"] == 45067
    wechat.advance(hours=24)
    assert mass(wechat, clientmsgid="m", **everybody)["errcode"] == 0


def test_subscription_account_sends_one_mass_message_a_day(wechat: WeChat, openid: str) -> None:
    wechat.settings(is_service=False)
    everybody = {"filter": {"is_to_all": True}}
    assert [mass(wechat, **everybody)["errcode"] for _ in range(2)] == [0, 45028]
    wechat.advance(hours=15)
    assert mass(wechat, **everybody)["errcode"] == 0
    assert mass(wechat, "send", touser=[openid, openid])["errcode"] == 48001
    assert send(wechat, openid)["errcode"] == 48001
