"""The pages and the API: a marketer writes, sees the numbers, sends; agents only read."""

import json
import re

import pytest
from cast import Api, Browser
from sqlalchemy import select, update

from wxdesk.accounts.models import Account
from wxdesk.app import create_app
from wxdesk.audit.models import AuditEntry
from wxdesk.broadcasts.rules import BroadcastKind, BroadcastState

HOME = "/campaigns/broadcasts"

pytestmark = pytest.mark.one_database


@pytest.fixture
def site(sender):
    return create_app(sender.runtime)


@pytest.fixture
def chen(site):
    browser = Browser(site.test_client())
    browser.log_in("chen")
    return browser


def write(chen, sender, **values):
    form = {
        "name": "周年庆",
        "audience": "all",
        "mass_kind": "text",
        "text": "周年庆开始啦",
    } | values
    chen.get(f"{HOME}/new?account_id={sender.account.id}&kind=mass")
    return chen.post(f"{HOME}/new", account_id=str(sender.account.id), kind="mass", **form)


def test_marketer_writes_sees_the_numbers_and_sends(chen, sender):
    sender.follower("oA", has_tag=True)
    sender.follower("oB")
    assert "Nothing sent to many" in chen.get(HOME).text
    answer = write(chen, sender, audience="tag", tag_id=str(sender.tag.id))
    assert answer.status_code == 302
    page = chen.get(answer.location).text
    assert "周年庆开始啦" in page
    assert "Send · people: 1" in page
    assert "0 of 100 used" in page
    answer = chen.post(f"{answer.location}/send", version="1", when="now")
    assert answer.status_code == 302
    sender.work()
    page = chen.get(answer.location).text
    assert "WeChat has it and is sending" in page
    assert sender.mass_bubbles("oA") == 1
    assert "周年庆" in chen.get(HOME).text


def test_wrong_fields_are_marked_and_nothing_is_stored(chen, sender):
    answer = write(chen, sender, text="", name="x")
    assert answer.status_code == 422
    assert "the message is empty" in answer.text
    answer = write(chen, sender, audience="tag", tag_id="")
    assert "choose a tag" in answer.text
    assert "Nothing sent to many" in chen.get(HOME).text


def test_article_is_chosen_from_the_draft_box_and_previewed_on_a_phone(chen, sender):
    sender.follower("oA")
    new = f"{HOME}/new?account_id={sender.account.id}&kind=mass&mass_kind=mpnews&drafts=1"
    assert "春季新品上市" in chen.get(new).text
    answer = write(
        chen, sender, mass_kind="mpnews", media_id="draft-spring-letter", title="春季新品", text=""
    )
    home = answer.location
    refused = chen.post(f"{home}/preview", wechat_id="nobody")
    assert refused.status_code == 422
    name = sender.wechat.platform.state.customer("oA").name
    assert chen.post(f"{home}/preview", wechat_id=name).status_code == 302
    assert sender.mass_bubbles("oA") == 1
    with sender.runtime.reading() as session:
        noted = session.scalars(select(AuditEntry.action)).all()
    assert noted.count("broadcast.previewed") == 1


def test_template_form_asks_for_each_value_and_warns_of_advertising(chen, sender):
    sender.follower("oA")
    content = sender.order()
    new = f"{HOME}/new?account_id={sender.account.id}&kind=template"
    page = chen.get(f"{new}&template_id={content.template_id}").text
    names = re.findall(r'name="data\.(\w+)"', page)
    assert set(names) == set(content.data)
    values = {f"data.{name}": "限时优惠" for name in names}
    form = {"name": "发货", "audience": "all", "per_minute": "600", **values}
    answer = chen.post(
        f"{HOME}/new",
        account_id=str(sender.account.id),
        kind="template",
        template_id=content.template_id,
        **form,
    )
    assert answer.status_code == 302
    assert "reads like advertising" in chen.get(answer.location).text
    chen.get(f"{answer.location}/edit")
    answer = chen.post(f"{answer.location}/edit", template_id=content.template_id, **form)
    chen.post(f"{answer.location}/send", version="2", when="now")
    sender.work(seconds=2)
    page = chen.get(answer.location).text
    assert "Person by person" in page
    assert "taken by WeChat" in page
    assert "sent" in chen.get(f"{answer.location}/people.csv").text
    assert "progress" in chen.get(f"{answer.location}/progress").text


def test_second_person_sends_where_the_account_wants_one(chen, site, sender):
    sender.follower("oA")
    with sender.runtime.unit_of_work() as uow:
        uow.session.execute(update(Account).values(needs_approval=True))
    home = write(chen, sender).location
    assert "Ask for approval" in chen.get(home).text
    refused = chen.post(f"{home}/send", version="1", when="now")
    assert refused.status_code == 403
    assert chen.post(f"{home}/send", version="1", when="now", do="ask").status_code == 302
    zhou = Browser(site.test_client())
    zhou.log_in("zhou")
    bell = zhou.get("/api/v1/notifications").get_json()["items"]
    assert bell[0]["link"] == home
    assert "Approve and send · people: 1" in zhou.get(home).text
    assert zhou.post(f"{home}/send", version="1", when="now").status_code == 302
    sender.work()
    assert sender.mass_bubbles("oA") == 1


def test_agent_reads_and_changes_nothing(site, sender):
    broadcast_id = sender.draft()
    lin = Browser(site.test_client())
    lin.log_in("lin")
    assert lin.get(f"{HOME}/{broadcast_id}").status_code == 200
    assert lin.get(f"{HOME}/new").status_code == 403
    assert lin.post(f"{HOME}/{broadcast_id}/send", version="1").status_code == 403


def test_api_writes_counts_sends_and_tells(site, sender):
    sender.follower("oA")
    api = Api(site.test_client(), sender.runtime, sender.chen)
    content = sender.order()
    body = {
        "account": sender.account.slug,
        "kind": "template",
        "name": "发货通知",
        "content": {"template_id": content.template_id, "data": dict(content.data)},
    }
    made = api.post("/broadcasts", body)
    assert made.status_code == 201
    path = f"/broadcasts/{made.get_json()['id']}"
    changed = api.patch(path, {"name": "发货", "per_minute": 3000}).get_json()
    assert (changed["version"], changed["content"]["data"]) == (2, dict(content.data))
    counted = api.post(f"{path}/dry-run").get_json()
    assert (counted["people"], counted["day"]) == (1, {"used": 0, "most": 100_000})
    assert api.post(f"{path}/send", {"version": 1}).status_code == 409
    assert api.post(f"{path}/send", {"version": 2, "send_at": "2026-03-02"}).status_code == 422
    assert api.post(f"{path}/send", {"version": 2}).get_json()["state"] == "scheduled"
    sender.work(seconds=2)
    shown = api.get(path).get_json()
    assert (shown["state"], shown["people"]["sent"]) == (BroadcastState.DONE, 1)
    [one] = api.get(f"{path}/people", state="sent").get_json()["items"]
    assert one["error"] is None
    assert [it["id"] for it in api.get("/broadcasts").get_json()["items"]] == [shown["id"]]
    assert api.post(f"{path}/cancel").status_code == 409
    sent = json.loads(sender.wechat.calls("template/send")[0]["body"])
    assert sent["touser"] == "oA"


def test_messages_of_a_broadcast_say_so_in_the_thread(site, sender):
    sender.follower("oA")
    broadcast_id = sender.draft(BroadcastKind.TEMPLATE)
    sender.send(broadcast_id)
    sender.work(seconds=2)
    api = Api(site.test_client(), sender.runtime, sender.chen)
    [message] = api.get("/messages", openid="oA").get_json()["items"]
    assert message["source"] == "broadcast"
    assert message["sender"] == {"kind": "system", "id": broadcast_id, "name": "春季template"}
