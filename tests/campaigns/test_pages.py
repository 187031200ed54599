"""Marketers' pages of campaigns over HTTP: forms, buttons, codes, draws, files, the JSON API."""

import csv
import io
import json
import re
import zipfile

import pytest
from cast import Api, Browser, as_json
from sqlalchemy import select

from campaigns.events import REPLIES, confirm_dry_runs, make_draft, make_live, openid, take_part
from wxdesk.campaigns.code_queries import list_batches
from wxdesk.campaigns.definitions import OUTCOMES
from wxdesk.campaigns.models import Campaign, Promise
from wxdesk.contacts.models import Contact
from wxdesk.plumbing.db import hold
from wxdesk.triage.rules import Outcome

pytestmark = pytest.mark.one_database

FORM = {
    "name": "双十一抽奖",
    "starts_at": "2026-03-02T10:00",
    "ends_at": "2026-03-09T10:00",
    "match": "exact",
    "patterns": "抽奖\n我要抽奖",
    "priority": "10",
    "entries_per_person": "1",
    "total_entries": "",
    "answers_attended": "true",
    "prize_name": "手机",
    "prize_quantity": "1",
    **{f"reply_{outcome.value}_text": REPLIES[outcome] for outcome in OUTCOMES},
}


@pytest.fixture
def marketer(browser: Browser, team) -> Browser:
    browser.log_in("chen")
    return browser


def written(account, **values: str) -> dict[str, str]:
    return FORM | {"account_id": str(account.id)} | values


def only(runtime) -> Campaign:
    with runtime.reading() as session:
        return session.scalars(select(Campaign)).one()


def test_a_marketer_makes_changes_starts_stops_and_ends_a_campaign(
    runtime, account, team, marketer
):
    assert "双十一抽奖" not in marketer.get("/campaigns").text
    assert marketer.get("/campaigns/new").status_code == 200
    made = marketer.post("/campaigns/new", **written(account))
    assert made.status_code == 302
    campaign = only(runtime)
    home = f"/campaigns/{campaign.id}"
    assert made.headers["Location"] == home
    page = marketer.get(home).text
    assert f"?then={home}" in page
    assert re.search(r"<button[^>]*disabled[^>]*>.*Go live", page)
    assert "我要抽奖" in marketer.get(f"{home}/edit").text
    refused = marketer.post(f"{home}/live")
    assert refused.status_code == 409
    assert "earlier messages" in refused.text
    confirm_dry_runs(runtime, campaign.id, team.chen)
    changed = marketer.post(f"{home}/edit", **written(account, version="1", note="给同事"))
    assert changed.status_code == 302
    assert marketer.post(f"{home}/live").status_code == 302
    assert "btn-stop" in marketer.get(f"{home}/live").text
    stopped = marketer.post(f"{home}/stop", back="live")
    assert stopped.headers["Location"] == f"{home}/live"
    assert only(runtime).paused_at is not None
    assert "Stopped by Chen" in marketer.get(f"{home}/live").text
    assert marketer.post(f"{home}/resume").status_code == 302
    assert marketer.post(f"{home}/end").status_code == 302
    assert "ended" in marketer.get("/campaigns").text
    again = marketer.get(f"/campaigns/new?copy={campaign.id}").text
    assert "我要抽奖" in again


def test_what_is_wrong_stands_at_its_field_and_what_was_typed_stays(runtime, account, marketer):
    marketer.get("/campaigns/new")
    answer = marketer.post(
        "/campaigns/new",
        **written(
            account,
            ends_at="2026-03-01T10:00",
            patterns="(a",
            match="regex",
            total_entries="many",
            prize_quantity="0",
        ),
    )
    assert answer.status_code == 422
    assert 'id="total_entries-error"' in answer.text
    assert "双十一抽奖" in answer.text
    answer = marketer.post(
        "/campaigns/new",
        **written(
            account, ends_at="2026-03-01T10:00", patterns="(a", match="regex", prize_quantity="0"
        ),
    )
    for field in ("ends_at", "patterns", "prizes"):
        assert f'id="{field}-error"' in answer.text
    with runtime.reading() as session:
        assert session.scalars(select(Campaign)).all() == []


def test_somebody_elses_change_is_not_overwritten(runtime, account, marketer):
    marketer.get("/campaigns/new")
    marketer.post("/campaigns/new", **written(account))
    home = f"/campaigns/{only(runtime).id}"
    marketer.post(f"{home}/edit", **written(account, version="1", name="先改的"))
    answer = marketer.post(f"{home}/edit", **written(account, version="1", name="后改的"))
    assert answer.status_code == 422
    assert "meanwhile" in answer.text
    assert only(runtime).name == "先改的"


def test_agents_look_and_change_nothing(runtime, account, browser, team):
    campaign_id = make_live(runtime, account)
    home = f"/campaigns/{campaign_id}"
    browser.log_in("lin")
    for path in ("", "/live", "/live/now", "/entries", "/codes", "/draws", "/prizes"):
        assert browser.get(home + path).status_code == 200
    assert "/stop" not in browser.get(home).text
    for path in ("/stop", "/end", "/codes", "/draws", "/prizes/tell", "/edit"):
        assert browser.post(home + path).status_code == 403
    assert browser.get("/campaigns/new").status_code == 403
    assert only(runtime).paused_at is None


def test_codes_are_imported_searched_and_taken_out(runtime, account, marketer):
    replies = REPLIES | {Outcome.ENTERED: "您的码 {{code}}"}
    campaign_id = make_draft(runtime, account, has_codes=True, replies=replies)
    home = f"/campaigns/{campaign_id}/codes"
    marketer.get(home)
    assert marketer.post(home, text="").status_code == 422
    wrong = marketer.post(home, text="A-1\nA-1\n")
    assert wrong.status_code == 422
    assert "Line 2" in wrong.text
    assert marketer.post(home, text="A-1,手机\nA-2\nB-3\n", prize="茶杯").status_code == 302
    page = marketer.get(f"{home}?q=A-").text
    assert "A-1" in page
    assert "B-3" not in page
    assert marketer.post(f"{home}/void").status_code == 302
    assert "A-1" not in marketer.get(f"{home}?state=free").text


def test_entries_come_as_files_that_no_spreadsheet_runs(runtime, account, marketer):
    campaign_id = make_live(runtime, account)
    take_part(runtime, account, campaign_id, people=3)
    with runtime.unit_of_work() as uow:
        who = uow.session.scalars(select(Contact).where(Contact.openid == openid(1))).one()
        who.remark = "=HYPERLINK(1)"
    marketer.post("/language", locale="zh_CN")
    assert "=HYPERLINK(1)" in marketer.get(f"/campaigns/{campaign_id}/entries").text
    text = marketer.get(f"/campaigns/{campaign_id}/entries.csv").text
    rows = list(csv.reader(io.StringIO(text.lstrip("\ufeff"))))
    assert len(rows) == 4
    assert rows[0][1] == "客户编号"
    assert rows[2][2] == "'=HYPERLINK(1)"
    assert [row[3] for row in rows[1:]] == [openid(number) for number in range(3)]
    file = marketer.client.get(f"/campaigns/{campaign_id}/entries.xlsx").data
    with zipfile.ZipFile(io.BytesIO(file)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        strings = (
            book.read("xl/sharedStrings.xml").decode()
            if "sharedStrings" in str(book.namelist())
            else sheet
        )
    assert "HYPERLINK" in strings
    assert "<f>" not in sheet


def draw_all(marketer: Browser, home: str) -> str:
    """Draw one of each prize; the page of the draw."""
    page = marketer.get(f"{home}/draws").text
    fields = dict.fromkeys(re.findall(r'name="(quantity_\d+)"', page), "1")
    assert len(fields) == 2
    drawn = marketer.post(f"{home}/draws", **fields, once_a_person="1", expected_draws="0")
    assert drawn.status_code == 302
    assert marketer.post(f"{home}/draws", **fields, expected_draws="0").status_code == 409
    return drawn.headers["Location"]


def test_winners_are_drawn_and_checked(runtime, account, marketer):
    campaign_id = make_live(runtime, account)
    take_part(runtime, account, campaign_id, people=4)
    one = draw_all(marketer, f"/campaigns/{campaign_id}")
    assert "same winners" in marketer.get(f"{one}?check=1").text
    assert marketer.get(f"{one}/pool.csv").text.count("\r\n") == 5


def test_a_file_is_read_while_others_write(runtime, account, marketer):
    campaign_id = make_draft(runtime, account)
    page = f"/campaigns/{campaign_id}/codes"
    data = {"codes": (io.BytesIO(b"\x81\x00" * 9), "codes.csv"), "csrf_token": marketer.csrf}
    with runtime.unit_of_work() as uow:
        hold(uow.session, f"wxdesk.codes.{campaign_id}")
        assert marketer.client.post(page, data=data).status_code == 422


def test_a_files_name_is_kept_without_what_cannot_be_shown(runtime, account, marketer):
    replies = REPLIES | {Outcome.ENTERED: "您的码 {{code}}"}
    campaign_id = make_draft(runtime, account, has_codes=True, replies=replies)
    home = f"/campaigns/{campaign_id}/codes"
    marketer.get(home)
    data = {"codes": (io.BytesIO(b"N-1\n"), "a\x00b\x07.csv"), "csrf_token": marketer.csrf}
    assert marketer.client.post(home, data=data).status_code == 302
    with runtime.reading() as session:
        assert [it.batch for it in list_batches(session, campaign_id)] == ["ab.csv"]


def test_prizes_are_tracked_told_and_imported(runtime, account, marketer, lin: Api, monkeypatch):
    monkeypatch.setattr("wxdesk.campaigns.promise_views.PIECE", 1)
    campaign_id = make_live(runtime, account)
    take_part(runtime, account, campaign_id, people=4)
    home = f"/campaigns/{campaign_id}"
    draw_all(marketer, home)
    with runtime.reading() as session:
        first = session.scalars(select(Promise.id).order_by(Promise.id)).first()
    row = f"{home}/prizes/{first}"
    assert marketer.post(row, state="sent", tracking="SF1", version="1").status_code == 302
    assert marketer.post(row, state="sent", tracking="SF2", version="1").status_code == 409
    assert marketer.post(row, state="gone").status_code == 422
    assert "SF1" in marketer.get(f"{home}/prizes?state=sent").text
    assert marketer.post(f"{home}/prizes/tell", text="").status_code == 422
    assert marketer.post(f"{home}/prizes/tell", text="您中了{{prize}}").status_code == 302
    assert "Tell " not in marketer.get(f"{home}/prizes").text
    [told, *_] = [it for it in as_json(lin.get("/messages"))["items"] if it["source"]]
    assert told["sender"] == {"kind": "system", "id": campaign_id, "name": "秋季抽奖"}
    exported = marketer.get(f"{home}/prizes.csv").text.replace("promised", "delivered")
    data = {"file": (io.BytesIO(exported.encode()), "prizes.csv"), "csrf_token": marketer.csrf}
    look = marketer.client.post(f"{home}/prizes/import", data=data).text
    token = re.search(r'name="token" value="(\w+)"', look)[1]
    digest = re.search(r'name="digest" value="(\w+)"', look)[1]
    done = marketer.post(f"{home}/prizes/import/confirm", token=token, digest=digest)
    assert done.status_code == 302
    with runtime.reading() as session:
        assert sorted(session.scalars(select(Promise.state))) == ["delivered", "sent"]


def test_scripts_make_start_and_stop_campaigns(runtime, account, team, chen: Api, lin: Api):
    body = {
        "account": account.slug,
        "name": "接口活动",
        "starts_at": "2026-03-02T08:30:15+00:00",
        "patterns": ["抽奖"],
        "replies": {"entered": "好的"},
        "prizes": [{"name": "手机", "quantity": 2}],
    }
    assert lin.post("/campaigns", body).status_code == 403
    made = chen.post("/campaigns", body)
    assert made.status_code == 201
    one = as_json(made)
    assert (one["state"], one["starts_at"]) == ("draft", "2026-03-02T08:30:15.000Z")
    wrong = chen.post("/campaigns", body | {"ends_at": "2026-03-01T00:00:00Z"})
    assert as_json(wrong)["field"] == "ends_at"
    path = f"/campaigns/{one['id']}"
    changed = as_json(chen.patch(path, {"note": "改", "version": 1}))
    assert (changed["note"], changed["starts_at"]) == ("改", one["starts_at"])
    assert chen.patch(path, {"note": "又改", "version": 1}).status_code == 409
    refused = chen.post(f"{path}/live")
    assert (refused.status_code, as_json(refused)["needs"]) == (409, "dry_run")
    confirm_dry_runs(runtime, one["id"], team.chen)
    assert as_json(chen.post(f"{path}/live"))["state"] == "live"
    assert as_json(lin.get(f"{path}/now"))["hits"] == 0
    assert as_json(chen.post(f"{path}/stop"))["state"] == "paused"
    assert as_json(lin.get("/campaigns"))["items"][0]["id"] == one["id"]
    take_part(runtime, account, one["id"], people=3)
    page = as_json(lin.get(f"{path}/entries", limit=2))
    rest = as_json(lin.get(f"{path}/entries", limit=2, cursor=page["next_cursor"]))
    assert [it["number"] for it in page["items"] + rest["items"]] == [1, 1, 1]
    contact_id = page["items"][0]["contact_id"]
    taken = as_json(lin.get(f"/contacts/{contact_id}/campaigns"))["items"]
    assert [(it["name"], it["entries"]) for it in taken] == [("接口活动", 1)]


MEANT_FOR_NOBODY = [
    ({"name": ["a", "b"]}, "name"),
    ({"name": "\ud83d"}, "name"),
    ({"starts_at": "0001-01-01T00:00:00+08:00"}, "starts_at"),
    ({"ends_at": "9999-12-31T23:59:59-08:00"}, "ends_at"),
    ({"starts_at": 5}, "starts_at"),
    ({"has_codes": "false"}, "has_codes"),
    ({"patterns": {"a": 1}}, "patterns"),
    ({"patterns": ["\udc00"]}, "patterns"),
    ({"scenes": "shop-1"}, "scenes"),
    ({"entries_per_person": True}, "entries_per_person"),
    ({"replies": "x"}, "replies"),
    ({"replies": {"entered": "好", "soldout": "没了"}}, "replies"),
    ({"replies": {"entered": 5}}, "reply_entered"),
    ({"prizes": ["x"]}, "prizes"),
    ({"prizes": [{"name": "手机"}]}, "prizes"),
]


def test_a_value_that_scripts_can_not_mean_is_named_and_nothing_is_stored(
    runtime, account, chen: Api
):
    def send(values: dict[str, object]):
        whole = {"account": account.slug, "name": "秋", "starts_at": "2026-03-02T09:00:00Z"}
        whole |= {"patterns": ["抽奖"], "replies": {"entered": "好"}}
        data = json.dumps(whole | values)  # halves of characters travel as \ud83d
        kind = "application/json"
        return chen.client.post(
            "/api/v1/campaigns", data=data, headers=chen.headers, content_type=kind
        )

    found = [(values, send(values)) for values, _ in MEANT_FOR_NOBODY]
    named = [(values, as_json(answer).get("field")) for values, answer in found]
    assert named == MEANT_FOR_NOBODY
    one = as_json(send({"note": "a\ud83db", "total_entries": None}))
    assert one["note"] == "ab"
    path = f"/campaigns/{one['id']}"
    assert as_json(chen.patch(path, {"version": "99", "name": "x"}))["field"] == "version"
    assert as_json(chen.patch(path, {"priority": -5, "replies": {"ended": None}}))["priority"] == -5
