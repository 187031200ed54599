"""Rules that answer with pictures, cards and menus: what may be saved, and their file at WeChat."""

import io
import re

import pytest
from cast import Api, hire
from media.phone import PHOTO
from sqlalchemy import select

from wxdesk.accounts.models import Account
from wxdesk.app import create_app
from wxdesk.media.models import Attachment
from wxdesk.triage.jobs import refresh_uploads
from wxdesk.triage.models import AutoReplyRule
from wxdesk.triage.operations import switch_rule
from wxdesk.triage.queries import list_rule_texts
from wxdesk.triage.rules import Outcome

MENU = {"head": "请选择", "choices": [{"id": "1", "text": "营业时间"}], "tail": ""}


def rule(**values: object) -> dict[str, object]:
    given = {"account": "yunshan", "name": "活动", "match": "contains", "patterns": ["帮助"]}
    return {**given, **values}


def test_a_menu_is_saved_with_its_words_for_the_list(chen, account):
    answer = chen.post("/rules", rule(reply_kind="msgmenu", reply_content=MENU))
    assert answer.status_code == 201
    assert answer.json["reply_content"] == MENU
    assert answer.json["reply_text"] == "请选择\n营业时间"


def test_a_change_of_the_kind_is_a_version_that_can_be_read_again(chen, account):
    made = chen.post("/rules", rule(reply_text="你好")).json
    changed = chen.patch(f"/rules/{made['id']}", rule(reply_kind="msgmenu", reply_content=MENU))
    assert (changed.json["version"], changed.json["reply_kind"]) == (2, "msgmenu")
    back = chen.patch(f"/rules/{made['id']}", {"reply_kind": "text", "reply_text": "你好"})
    assert (back.json["version"], back.json["reply_content"]) == (3, None)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"reply_kind": "song"}, "reply_kind"),
        ({"reply_kind": "image"}, "attachment_id"),
        ({"reply_kind": "image", "attachment_id": 999}, "attachment_id"),
        ({"reply_kind": "news", "reply_content": {"url": "https://example.com/"}}, "title"),
        ({"reply_kind": "news", "reply_content": ["x"]}, "reply_content"),
        ({"reply_kind": "msgmenu", "reply_content": {"choices": []}}, "choices"),
        (
            {
                "reply_kind": "msgmenu",
                "reply_content": MENU | {"head": "好" * 400, "tail": "好" * 400},
            },
            "reply_text",
        ),
    ],
)
def test_what_wechat_would_not_take_is_not_saved(chen, account, values, field):
    answer = chen.post("/rules", rule(**values))
    assert (answer.status_code, answer.json["field"]) == (422, field)


def test_the_page_saves_a_menu_of_lines_and_shows_it_again(browser, runtime, account, team):
    browser.log_in("chen")
    browser.get("/settings/rules/new")
    form = {"account_id": str(account.id), "name": "帮助", "match": "contains", "patterns": "帮助"}
    form |= {"reply_kind": "msgmenu", "head": "请选择", "choices": "营业时间\n\n 转人工 \n"}
    assert browser.post("/settings/rules/new", **form).status_code == 302
    with runtime.reading() as session:
        rule_id = session.scalars(select(AutoReplyRule.id)).one()
    shown = re.search(
        r"([0-9a-f]{8}) = 营业时间\n[0-9a-f]{8} = 转人工</textarea>",
        browser.get(f"/settings/rules/{rule_id}").text,
    )
    assert shown is not None
    other = form | {"name": "退款", "patterns": "退款", "head": "要退款吗", "priority": "-5"}
    assert browser.post("/settings/rules/new", **other).status_code == 302
    again = form | {"choices": f"{shown[1]} = 几点开门\nagent = 转人工 = 好"}
    assert browser.post(f"/settings/rules/{rule_id}", **again).status_code == 302
    with runtime.reading() as session:
        kept, others = [
            {it["id"]: it["text"] for it in content["choices"]}
            for content in session.scalars(
                select(AutoReplyRule.reply_content).order_by(AutoReplyRule.id)
            )
        ]
    assert kept == {shown[1]: "几点开门", "agent": "转人工 = 好"}
    assert kept.keys().isdisjoint(others), "a tap says which menu it was in"


class TestAFile:
    @pytest.fixture
    def runtime(self, sending):
        return sending

    @pytest.fixture
    def account(self, runtime) -> Account:
        with runtime.reading() as session:
            return session.scalars(select(Account)).one()

    @pytest.fixture
    def chen(self, runtime, account) -> Api:
        return Api(create_app(runtime).test_client(), runtime, hire(runtime).chen)

    @pytest.fixture
    def file_id(self, chen) -> int:
        body = {"account": "yunshan", "file": (io.BytesIO(PHOTO), "海报.jpg")}
        answer = chen.client.post("/api/v1/rules/files", data=body, headers=chen.headers)
        assert answer.status_code == 201, answer.json
        return answer.json["id"]

    def switch_on(self, runtime, chen, file_id) -> None:
        answer = chen.post("/rules", rule(reply_kind="image", attachment_id=file_id))
        assert answer.status_code == 201
        with runtime.unit_of_work() as uow:
            rule_id = answer.json["id"]
            switch_rule(uow, rule_id, is_active=True, changed_by_id=None, is_seen=True)

    def active(self, runtime, account) -> list[str]:
        with runtime.reading() as session:
            found = list_rule_texts(session, account.id, runtime.clock())
        return [each.reply.media_id for each in found]

    def test_wechat_gets_its_copy_and_then_the_rule_can_answer(
        self, runtime, account, chen, file_id
    ):
        self.switch_on(runtime, chen, file_id)
        assert self.active(runtime, account) == []
        refresh_uploads()
        (media_id,) = self.active(runtime, account)
        assert media_id

    def test_the_copy_is_renewed_before_wechat_deletes_it(
        self, runtime, account, chen, file_id, wechat
    ):
        self.switch_on(runtime, chen, file_id)
        refresh_uploads()
        (first,) = self.active(runtime, account)
        refresh_uploads()
        assert self.active(runtime, account) == [first]
        runtime.clock.advance(days=1, hours=13)
        refresh_uploads()
        (second,) = self.active(runtime, account)
        assert second != first
        assert [call["errcode"] for call in wechat.calls("media/upload")].count(0) == 2

    def test_without_a_renewal_the_rule_falls_silent_in_time(self, runtime, account, chen, file_id):
        self.switch_on(runtime, chen, file_id)
        refresh_uploads()
        runtime.clock.advance(days=2, hours=21)
        assert self.active(runtime, account) == []

    def test_a_picture_is_no_voice(self, chen, file_id):
        answer = chen.post("/rules", rule(reply_kind="voice", attachment_id=file_id))
        assert (answer.status_code, answer.json["field"]) == (422, "attachment_id")

    def test_the_file_of_a_rule_is_not_thrown_away_as_unsent(self, runtime, chen, file_id):
        chen.post("/rules", rule(reply_kind="image", attachment_id=file_id))
        with runtime.reading() as session:
            assert session.get_one(Attachment, file_id).is_kept

    def test_of_two_variants_the_one_without_a_copy_at_wechat_waits_for_it(
        self, runtime, account, chen, file_id
    ):
        more = {"outcome": "default", "weight": 1, "kind": "image", "text": ""}
        body = rule(reply_text="好", more_replies=[more | {"attachment_id": file_id}])
        made = chen.post("/rules", body | {"is_active": False})
        assert made.status_code == 201, made.json
        with runtime.unit_of_work() as uow:
            switch_rule(uow, made.json["id"], is_active=True, changed_by_id=None, is_seen=True)

        def variants() -> list[str]:
            with runtime.reading() as session:
                (text,) = list_rule_texts(session, account.id, runtime.clock())
            return [one.reply.media_id for one in text.replies[Outcome.DEFAULT]]

        assert variants() == [""]
        refresh_uploads()
        first, second = variants()
        assert (first, bool(second)) == ("", True)
        runtime.clock.advance(days=2, hours=21)
        assert variants() == [""]
