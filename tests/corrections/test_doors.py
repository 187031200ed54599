"""Pages, files and the JSON API of corrections."""

import csv
import io
from dataclasses import replace
from datetime import datetime, timedelta

import openpyxl
import pytest
from cast import as_json
from sqlalchemy import select, update

from corrections.helping import correction, end, make_correction, openid, send_all, wrong_answers
from wxdesk.accounts.models import Account
from wxdesk.app import create_app
from wxdesk.audit.models import AuditEntry
from wxdesk.contacts.models import Contact
from wxdesk.corrections.reporting import report_of
from wxdesk.corrections.rules import CorrectionState
from wxdesk.notifications.models import Notification
from wxdesk.triage.models import AutoReplyRuleVersion
from wxdesk.triage.operations import change_rule
from wxdesk.triage.queries import get_rule

pytestmark = pytest.mark.one_database


@pytest.fixture
def app(runtime):
    return create_app(runtime)


@pytest.fixture
def rule(runtime, account, team, wechat, clock):
    made = wrong_answers(runtime, account, 3, wechat)
    clock.advance(minutes=10)
    with runtime.unit_of_work() as uow:
        uow.session.execute(
            update(Contact).where(Contact.openid == openid(1)).values(remark="=王姐")
        )
        uow.session.add(
            AutoReplyRuleVersion(
                rule_id=made.id,
                version=made.version + 1,
                name=made.name,
                match=made.match,
                patterns=made.patterns,
                reply_text="好",
                priority=0,
                is_active=False,
                changed_at=uow.now,
            )
        )
    return made


def asked(rule, clock, **values) -> dict[str, object]:
    return {
        "rule_id": rule.id,
        "name": "更正满减",
        "sent_from": (clock.now - timedelta(hours=1)).isoformat(),
        "sent_until": (clock.now + timedelta(minutes=1)).isoformat(),
    } | values


def test_over_the_api_it_is_counted_listed_written_and_sent(
    runtime, rule, chen, lin, wechat, clock
):
    counted = as_json(chen.post("/corrections", asked(rule, clock, dry_run=True)))
    assert (counted["recipients"], counted["wrong_answers"]) == (3, 3)
    assert counted["listed"]["now"] == 3
    assert as_json(chen.get("/corrections"))["items"] == []  # nothing was stored
    body = asked(rule, clock, text="是满100减9。", per_minute=600)
    for _ in range(2):  # a repeated request lists them once
        answer = chen.post("/corrections", body, **{"Idempotency-Key": "k1"})
        assert answer.status_code == 201, answer.text
    made = as_json(answer)
    assert (made["state"], made["recipients"], made["version"]) == ("ready", 3, 2)
    one = f"/corrections/{made['id']}"
    assert lin.post(f"{one}/begin").status_code == 403
    assert chen.post(f"{one}/begin", {"version": 1}).status_code == 409
    assert as_json(chen.post(f"{one}/begin", {"version": 2}))["state"] == "sending"
    assert chen.patch(one, {"text": "zu spät"}).status_code == 409
    send_all(runtime)
    assert wechat.phone(openid(2)) == ["是满100减9。"]
    end(runtime, clock, minutes=1)
    shown = as_json(lin.get(one))
    assert (shown["state"], shown["counts"]["sent"]) == ("done", 3)
    page = as_json(lin.get(f"{one}/recipients", state="sent", limit=2))
    assert len(page["items"]) == 2
    rest = as_json(lin.get(f"{one}/recipients", state="sent", cursor=page["next_cursor"]))
    assert [it["state"] for it in rest["items"]] == ["sent"]
    report = as_json(lin.get(f"{one}/report"))
    assert (report["corrected"], report["seconds_until_stopped"]) == (3, 600)
    assert report["hours"][0]["altogether"] == 3
    with runtime.reading() as session:
        actions = session.scalars(select(AuditEntry.action)).all()
    assert {"correction.created", "correction.written", "correction.begun", "correction.ended"} <= {
        *actions
    }


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"rule_id": 999}, "rule_id"),
        ({"rule_id": None, "campaign_id": 5}, "campaign_id"),
        ({"sent_from": "gestern"}, "sent_from"),
        ({"sent_until": "2026-03-01T00:00:00"}, "sent_until"),
        ({"sent_until": "2026-01-01T00:00:00Z"}, "sent_until"),
        ({"versions": ["1"]}, "versions"),
        ({"versions": [77]}, "rule_id"),
        ({"outcomes": ["wrong"]}, "outcomes"),
        ({"name": " "}, "name"),
        ({"text": "{{name}}"}, "text"),
        ({"text": "好" * 700}, "text"),
        ({"text": "ok", "per_minute": 5000}, "per_minute"),
        ({"skips_helped": "no", "text": "x"}, "skips_helped"),
    ],
)
def test_what_can_not_be_taken_is_named_and_nothing_is_stored(chen, rule, clock, values, field):
    answer = chen.post("/corrections", asked(rule, clock, **values))
    assert (answer.status_code, as_json(answer)["field"]) == (422, field)
    assert as_json(chen.get("/corrections"))["items"] == []


def test_where_the_account_asks_for_it_a_second_person_approves(
    runtime, account, rule, team, chen, zhou
):
    with runtime.unit_of_work() as uow:
        uow.session.get_one(Account, account.id).needs_approval = True
    made = make_correction(runtime, rule, team.chen)
    one = f"/corrections/{made}"
    refused = chen.post(f"{one}/begin")
    assert (refused.status_code, "second person" in refused.text) == (409, True)
    assert chen.post(f"{one}/approve").status_code == 403
    assert chen.post(f"{one}/ask-approval").status_code == 200
    with runtime.reading() as session:
        told = session.scalars(select(Notification)).all()
    assert {it.agent_id for it in told} == {team.zhou, team.admin}
    assert told[0].details["link"] == f"/campaigns/corrections/{made}"
    assert zhou.post(f"{one}/approve", {"version": 2}).status_code == 200
    assert chen.patch(one, {"text": "anders"}).status_code == 200
    assert chen.post(f"{one}/begin").status_code == 409  # what was approved is another text
    assert zhou.patch(one, {"text": "ganz anders"}).status_code == 200
    own = zhou.post(f"{one}/approve", {"version": 4})
    assert (own.status_code, "colleague" in own.text) == (409, True)
    assert chen.patch(one, {"text": "so"}).status_code == 200
    assert zhou.post(f"{one}/approve").status_code == 422  # whatever it says by now
    assert zhou.post(f"{one}/approve", {"version": 4}).status_code == 409
    assert zhou.post(f"{one}/approve", {"version": 5}).status_code == 200
    assert chen.post(f"{one}/begin").status_code == 200


def test_a_marketer_does_all_of_it_on_the_pages(runtime, app, rule, browser, wechat, clock):
    browser.log_in("chen")
    assert "活动" in browser.get("/campaigns/corrections/new").text
    counted = browser.get(f"/campaigns/corrections/new?rule_id={rule.id}")
    assert 'id="figure-people"' in counted.text
    made = browser.post("/campaigns/corrections/new", rule_id=str(rule.id), name="更正")
    assert made.status_code == 302
    at = made.headers["Location"]
    page = browser.get(at)
    wrong = browser.post(at, name="更正", text="{{nix}}", per_minute="60", version="1")
    assert (wrong.status_code, "there is no variable" in wrong.text) == (422, True)
    assert "{{nix}}" in wrong.text
    late = browser.post(at, name="更正", text="好", per_minute="600", version="9")
    assert late.status_code == 409
    text = "{{remark|您}}好,<b>减9</b>"
    assert (
        browser.post(at, name="更正", text=text, per_minute="600", version="1").status_code == 302
    )
    page = browser.get(at)
    assert "=王姐好,&lt;b&gt;减9&lt;/b&gt;" in page.text
    assert browser.post(f"{at}/begin", version="2").status_code == 302
    send_all(runtime)
    end(runtime, clock, minutes=1)
    assert browser.post(f"{at}/pause").status_code == 409
    assert "sent" in browser.get(f"{at}?state=sent").text
    assert wechat.phone(openid(0)) == ["您好,<b>减9</b>"]
    assert "更正" in browser.get("/campaigns/corrections").text


def test_the_report_is_a_page_and_files_that_no_spreadsheet_takes_for_formulas(
    runtime, rule, team, chen, clock
):
    made = make_correction(runtime, rule, team.chen)
    chen.post(f"/corrections/{made}/begin")
    send_all(runtime)
    end(runtime, clock)
    assert correction(runtime, made).state is CorrectionState.DONE
    page = chen.page(f"/campaigns/corrections/{made}/report").text
    assert "10 min 00 s" in page
    assert "100.0%" in page
    text = chen.page(f"/campaigns/corrections/{made}/recipients.csv").text
    rows = list(csv.reader(io.StringIO(text.lstrip("\ufeff"))))
    assert len(rows) == 4
    assert [row[1] for row in rows[1:] if "王姐" in row[1]] == ["'=王姐"]
    assert {row[5] for row in rows[1:]} == {"Corrected"}
    data = chen.page(f"/campaigns/corrections/{made}/report.xlsx").data
    book = openpyxl.load_workbook(io.BytesIO(data))
    assert book.sheetnames == ["Figures", "Hour by hour", "Customers"]
    cells = [row[1].value for row in book["Customers"].iter_rows(min_row=2)]
    assert "=王姐" in cells
    assert {row[1].data_type for row in book["Customers"].iter_rows(min_row=2)} == {"s"}
    figures = {row[0].value: row[1].value for row in book["Figures"].iter_rows(min_row=2)}
    assert (figures["People corrected"], figures["Minutes until it was stopped"]) == (3, 10)


def test_a_rule_with_another_name_that_still_says_it_is_not_stopped(
    runtime, account, team, wechat, clock
):
    made = wrong_answers(runtime, account, 1, wechat)
    clock.advance(minutes=5)
    shown = make_correction(runtime, made, team.chen)

    def change(**values) -> datetime | None:
        with runtime.unit_of_work() as uow:
            form = replace(get_rule(uow.session, made.id).form, **values)
            change_rule(uow, made.id, form, team.chen, is_seen=True)
        with runtime.reading() as session:
            return report_of(session, shown, clock.now).stopped_at

    assert change(name="别的名字", priority=7) is None
    clock.advance(minutes=5)
    assert change(reply_text="满100减9。") == clock.now
