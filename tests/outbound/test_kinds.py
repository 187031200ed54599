"""Answers of every kind on the customer's phone, through a WeChat over HTTP."""

import io
from functools import partial

import pytest
import requests
from cast import WANG, Api, customer_writes, hire
from cast import work_off as work_off_queues
from media.phone import FILM, PHOTO, SONG
from sqlalchemy import select

from wxdesk.accounts.jobs import refresh_templates
from wxdesk.accounts.models import Account
from wxdesk.app import create_app
from wxdesk.background_jobs import DELIVER_MESSAGE
from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.rules import Delivery
from wxdesk.outbound.settling import note_template_result

pytestmark = pytest.mark.one_database

MENU = {
    "kind": "msgmenu",
    "head": "您对本次服务满意吗?",
    "choices": [{"id": "1", "text": "满意"}, {"id": "2", "text": "不满意"}],
    "tail": "谢谢",
}
CARD = {
    "kind": "news",
    "title": "秋季新品",
    "description": "点开看看",
    "url": "https://example.com/autumn",
    "picture_url": "https://example.com/autumn.jpg",
}


@pytest.fixture
def runtime(sending):
    return sending


@pytest.fixture
def account(runtime) -> Account:
    with runtime.reading() as session:
        return session.scalars(select(Account)).one()


@pytest.fixture
def question(runtime, account, wechat):
    wechat.add_customer()
    return customer_writes(runtime, account)


@pytest.fixture
def lin(runtime) -> Api:
    return Api(create_app(runtime).test_client(), runtime, hire(runtime).lin)


@pytest.fixture
def send(runtime, lin, question, work_off):
    """Lin's answer goes out; gives its JSON afterwards."""

    def post(body: dict[str, object]):
        path = f"/conversations/{question.conversation_id}/messages"
        answer = lin.post(path, {"last_seen_message_id": question.id, **body})
        assert answer.status_code == 201, answer.json
        work_off()
        found = lin.get("/messages", since_id=answer.json["id"] - 1, limit=1)
        return found.json["items"][0]

    return post


@pytest.fixture
def work_off(runtime):
    return partial(work_off_queues, runtime, DELIVER_MESSAGE)


@pytest.fixture
def attach(lin, question):
    def post(content: bytes, name: str) -> int:
        path = f"/api/v1/conversations/{question.conversation_id}/attachments"
        answer = lin.client.post(
            path, data={"file": (io.BytesIO(content), name)}, headers=lin.headers
        )
        assert answer.status_code == 201, answer.json
        return answer.json["id"]

    return post


def bubbles(wechat) -> list[dict[str, object]]:
    url = f"{wechat.url}/sim/customers/{WANG}/messages"
    found = requests.get(url, params={"since": 0}, timeout=10).json()["messages"]
    return [bubble for bubble in found if bubble["direction"] == "from_desk"]


def last_bubble(wechat) -> dict[str, object]:
    return bubbles(wechat)[-1]


def template_bubbles(wechat) -> int:
    return sum(each["kind"] == "template" for each in bubbles(wechat))


@pytest.mark.parametrize(
    ("kind", "content", "name"),
    [("image", PHOTO, "照片.jpg"), ("voice", SONG, "留言.mp3"), ("video", FILM, "演示.mp4")],
)
def test_a_file_is_uploaded_once_and_arrives(send, attach, wechat, kind, content, name):
    shown = send({"kind": kind, "attachment_id": attach(content, name)})
    assert (shown["delivery"], shown["error"]) == ("sent", None)
    assert [file["kind"] for file in shown["attachments"]] == [kind]
    assert last_bubble(wechat)["kind"] == kind
    uploads = 2 if kind == "video" else 1  # WeChat wants a small picture with a video
    assert len(wechat.calls("media/upload")) == uploads


@pytest.mark.parametrize("body", [MENU, CARD])
def test_cards_and_menus_arrive_with_their_parts(send, wechat, body):
    shown = send(body)
    assert shown["delivery"] == "sent"
    assert {name: shown["content"][name] for name in body if name != "kind"} == {
        name: value for name, value in body.items() if name != "kind"
    }
    assert last_bubble(wechat)["kind"] == body["kind"]


def test_a_mini_program_card_has_a_small_picture(send, attach, wechat):
    body = {"kind": "miniprogrampage", "title": "订单", "app_id": "wx1234567890abcdef"}
    shown = send(body | {"page_path": "pages/a", "attachment_id": attach(PHOTO, "图.jpg")})
    assert shown["delivery"] == "sent"
    assert last_bubble(wechat)["kind"] == "miniprogrampage"


def test_the_parts_of_a_long_text_arrive_in_their_order(send, wechat):
    text = "一" * 680 + "。" + "二" * 600
    shown = send({"text": text, "allow_split": True})
    assert shown["part"] == {"number": 1, "of": 2}
    assert "".join(wechat.phone()) == text


def test_a_file_that_wechat_has_lost_is_uploaded_again(send, attach, runtime, work_off, wechat):
    wechat.spoil("errcode", errcode=40007)
    file_id = attach(PHOTO, "照片.jpg")
    assert send({"kind": "image", "attachment_id": file_id})["delivery"] == "queued"
    runtime.clock.advance(seconds=2)
    with runtime.unit_of_work() as uow:
        uow.enqueue(DELIVER_MESSAGE, uow.session.scalars(select(DeliveryRow.id)).one())
    work_off()
    assert len(wechat.calls("media/upload")) == 2
    assert last_bubble(wechat)["kind"] == "image"


def test_somebody_elses_file_and_one_that_was_sent_are_refused(send, attach, lin, question):
    file_id = attach(PHOTO, "照片.jpg")
    send({"kind": "image", "attachment_id": file_id})
    path = f"/conversations/{question.conversation_id}/messages"
    body = {"kind": "image", "attachment_id": file_id, "last_seen_message_id": question.id}
    assert lin.post(path, body).status_code in (409, 422)


def test_a_template_arrives_after_the_window(send, lin, runtime, account, wechat):
    refresh_templates()
    runtime.clock.advance(hours=49)
    found = lin.get(f"/accounts/{account.slug}/templates").json["items"]
    template = next(each for each in found if each["kind"] == "template")
    data = dict.fromkeys(template["fields"], "测试")
    shown = send({"kind": "template", "template_id": template["id"], "data": data})
    assert (shown["delivery"], shown["sent_by"]) == ("sent", "template")
    assert last_bubble(wechat)["kind"] == "template"
    with runtime.reading() as session:
        assert session.scalars(select(DeliveryRow.wechat_msgid)).one()


def test_a_template_that_wechat_had_taken_and_not_delivered_really_leaves_again(
    send, lin, runtime, account, wechat, work_off
):
    refresh_templates()
    found = lin.get(f"/accounts/{account.slug}/templates").json["items"]
    template = next(each for each in found if each["kind"] == "template")
    data = dict.fromkeys(template["fields"], "测试")
    shown = send({"kind": "template", "template_id": template["id"], "data": data})
    with runtime.unit_of_work() as uow:
        taken = uow.session.scalars(select(DeliveryRow.wechat_msgid)).one()
        note_template_result(uow, account.id, taken, "failed: system failed")
    assert lin.post(f"/messages/{shown['id']}/retry").status_code < 300
    work_off()
    with runtime.reading() as session:
        row = session.scalars(select(DeliveryRow)).one()
    assert row.state is Delivery.SENT
    assert row.wechat_msgid != taken
    assert template_bubbles(wechat) == 2
