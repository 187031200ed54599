"""WeChat's addresses, QR codes, templates and notices: what is asked and what is read."""

from datetime import timedelta

import pytest
from cast import WANG

from wxdesk.plumbing.errors import DeliveryError


class TestAddresses:
    def test_only_addresses_are_given(self, scripted, script):
        script.answer("getcallbackip", {"ip_list": ["1.2.3.4", "10.0.0.0/8", "junk", 5, "::1"]})
        assert scripted.callback_addresses() == ["1.2.3.4", "10.0.0.0/8", "::1"]

    def test_an_empty_list_would_lock_wechat_out_and_is_an_error(self, scripted, script):
        script.answer("getcallbackip", {"ip_list": []})
        with pytest.raises(DeliveryError) as caught:
            scripted.callback_addresses()
        assert caught.value.code == "junk"


class TestQrCodes:
    @pytest.mark.parametrize(
        ("scene", "seconds", "action"),
        [
            (7, 600, "QR_SCENE"),
            ("shop-1", 600, "QR_STR_SCENE"),
            (7, None, "QR_LIMIT_SCENE"),
            ("shop-1", None, "QR_LIMIT_STR_SCENE"),
        ],
    )
    def test_each_kind_of_code_is_made(self, scripted, script, clock, scene, seconds, action):
        answer = {"ticket": "gQH+/=", "url": "http://weixin.qq.com/q/kZg"}
        script.answer("qrcode/create", answer | ({"expire_seconds": 500} if seconds else {}))
        found = scripted.create_qr_code(scene, expires_seconds=seconds)
        ends_at = clock() + timedelta(seconds=500) if seconds else None
        assert (found.ticket, found.expires_at) == ("gQH+/=", ends_at)
        asked = script.asked("qrcode/create")[0].fields
        assert asked["action_name"] == action
        name = "scene_str" if isinstance(scene, str) else "scene_id"
        assert asked["action_info"] == {"scene": {name: scene}}
        assert asked.get("expire_seconds") == seconds

    @pytest.mark.parametrize(
        ("scene", "seconds"),
        [(0, 600), (2**32, 600), (100_001, None), ("", 5), ("x" * 65, 5), ("a", 0), ("a", 2592001)],
    )
    def test_what_wechat_would_refuse_is_not_asked(self, scripted, script, scene, seconds):
        with pytest.raises(ValueError, match=r"scene|code"):
            scripted.create_qr_code(scene, expires_seconds=seconds)
        assert script.seen == []

    def test_the_ticket_in_the_address_of_the_picture_is_escaped(self, scripted, script, connect):
        assert scripted.qr_image_url("a+/=") == f"{script.url}/cgi-bin/showqrcode?ticket=a%2B%2F%3D"
        real = connect("https://api.weixin.qq.com/")
        assert real.qr_image_url("t") == "https://mp.weixin.qq.com/cgi-bin/showqrcode?ticket=t"


class TestTemplates:
    def test_templates_are_listed(self, scripted, script):
        row = {"template_id": "t1", "title": "发货", "content": "{{k.DATA}}", "example": "例"}
        script.answer("template/get_all_private_template", {"template_list": [row]})
        (found,) = scripted.list_templates()
        assert (found.id, found.title, found.content) == ("t1", "发货", "{{k.DATA}}")
        assert found.example == "例"

    def test_a_template_message_is_sent_and_gives_its_id(self, scripted, script):
        script.answer("message/template/send", {"errcode": 0, "msgid": 200228332})
        found = scripted.send_template(
            WANG, "t1", {"k": "顺丰"}, url="https://a/", client_msg_id="c1"
        )
        assert found == "200228332"
        assert script.asked("template/send")[0].fields == {
            "touser": WANG,
            "template_id": "t1",
            "data": {"k": {"value": "顺丰"}},
            "url": "https://a/",
            "client_msg_id": "c1",
        }

    def test_a_template_message_is_not_sent_twice_by_itself(self, scripted, script):
        script.answer("message/template/send", {"errcode": -1})
        with pytest.raises(DeliveryError):
            scripted.send_template(WANG, "t1", {})
        (seen,) = script.asked("template/send")
        assert set(seen.fields) == {"touser", "template_id", "data"}

    def test_subscription_templates_are_listed_from_their_own_address(self, scripted, script):
        row = {"priTmplId": "p1", "title": "到货", "content": "{{thing1.DATA}}", "type": 2}
        script.answer("/wxaapi/newtmpl/gettemplate", {"errcode": 0, "data": [row]})
        (found,) = scripted.list_subscription_templates()
        assert (found.id, found.title, found.example) == ("p1", "到货", "")
        assert script.seen[-1].query == {"access_token": "token-1"}

    def test_a_subscription_notice_is_sent(self, scripted, script):
        scripted.send_subscription(WANG, "p1", {"thing1": "杯子"}, page="https://a/")
        assert script.asked("subscribe/bizsend")[0].fields == {
            "touser": WANG,
            "template_id": "p1",
            "data": {"thing1": {"value": "杯子"}},
            "page": "https://a/",
        }

    def test_a_customer_who_has_not_allowed_it_is_told_in_words(self, scripted, script):
        script.answer("message/subscribe/bizsend", {"errcode": 43101})
        with pytest.raises(DeliveryError, match="not allowed this notice"):
            scripted.send_subscription(WANG, "p1", {})


class TestTyping:
    def test_typing_begins_and_ends(self, scripted, script):
        scripted.set_typing(WANG, is_typing=True)
        scripted.set_typing(WANG, is_typing=False)
        commands = [each.fields["command"] for each in script.asked("custom/typing")]
        assert commands == ["Typing", "CancelTyping"]

    def test_typing_is_never_repeated(self, scripted, script, pauses):
        script.answer("message/custom/typing", {"errcode": -1})
        with pytest.raises(DeliveryError):
            scripted.set_typing(WANG, is_typing=True)
        assert pauses == []
