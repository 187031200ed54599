"""The rules' pages: marketer Chen writes them, agents only read."""

import re

import pytest
from cast import Browser, make_account, make_rule
from sqlalchemy import select

from wxdesk.triage.models import AutoReplyRule

pytestmark = pytest.mark.one_database


@pytest.fixture
def chen(app, team) -> Browser:
    browser = Browser(app.test_client())
    assert browser.log_in("chen").status_code == 302
    return browser


@pytest.fixture
def lin(app, team) -> Browser:
    browser = Browser(app.test_client())
    assert browser.log_in("lin").status_code == 302
    return browser


def new_rule(account, **values: str) -> dict[str, str]:
    form = {
        "account_id": str(account.id),
        "name": "双十一",
        "match": "contains",
        "patterns": "抽奖\n参加",
        "reply_text": "感谢参与!",
        "priority": "5",
        "is_active": "true",
    }
    return form | values


def the_rule(runtime) -> AutoReplyRule:
    with runtime.reading() as session:
        return session.scalars(select(AutoReplyRule)).one()


def test_chen_adds_a_rule_and_it_answers(chen, runtime, account, webhook):
    chen.get("/settings/rules/new")
    assert chen.post("/settings/rules/new", **new_rule(account)).status_code == 302
    assert "双十一" in chen.get("/settings/rules").text
    assert "感谢参与" in webhook.deliver(webhook.fields("我要抽奖")).text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("priority", "high"),
        ("priority", "--5"),
        ("priority", "9" * 5000),
        ("priority", "5000"),
        ("match", "sounds like"),
        ("account_id", "x"),
        ("account_id", "0"),
        ("account_id", "9" * 30),
        ("account_id", "9" * 5000),
        ("name", ""),
        ("patterns", ""),
        ("reply_text", ""),
    ],
    ids=lambda value: str(value)[:12],
)
def test_a_wrong_value_is_shown_at_its_field_and_nothing_is_saved(
    chen, runtime, account, field, value
):
    answer = chen.post("/settings/rules/new", **new_rule(account, **{field: value}))
    assert answer.status_code == 422
    assert "双十一" in answer.text or field == "name"  # what was typed is still there
    with runtime.reading() as session:
        assert session.scalars(select(AutoReplyRule)).all() == []


def test_chen_changes_a_rule_and_sees_its_versions(chen, runtime, account):
    rule = make_rule(runtime, account, reply_text="第一版的话")
    chen.get(f"/settings/rules/{rule.id}")
    form = new_rule(account, reply_text="第二版的话")
    assert chen.post(f"/settings/rules/{rule.id}", **form).status_code == 302
    assert the_rule(runtime).version == 2
    page = chen.get(f"/settings/rules/{rule.id}").text
    assert "第二版的话" in page
    assert "Chen" in page


def test_chen_switches_a_rule_with_and_without_htmx(chen, runtime, account):
    rule = make_rule(runtime, account)
    assert chen.post(f"/settings/rules/{rule.id}/switch").status_code == 302
    assert the_rule(runtime).is_active is False
    answer = chen.client.post(
        f"/settings/rules/{rule.id}/switch",
        data={"is_active": "true"},
        headers={"HX-Request": "true", "X-CSRFToken": chen.csrf},
    )
    assert answer.status_code == 200
    assert f'id="rule-{rule.id}"' in answer.text
    assert the_rule(runtime).is_active is True


def test_what_a_marketer_types_is_never_markup(chen, runtime, account):
    chen.post("/settings/rules/new", **new_rule(account, name="<script>alert(1)</script>"))
    page = chen.get("/settings/rules").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_the_filter_of_the_page_shows_one_account(chen, runtime, account):
    other = make_account(runtime, slug="other", original_id="gh_other", app_id="wx_other")
    make_rule(runtime, account, name="规则甲")
    make_rule(runtime, other, name="规则乙")
    page = chen.get("/settings/rules").text
    assert "规则甲" in page
    assert "规则乙" in page
    (link,) = set(re.findall(rf'href="(/settings/rules\?[^"]*={other.id})"', page))
    filtered = chen.get(link).text
    assert "规则甲" not in filtered
    assert "规则乙" in filtered


def test_every_rule_can_be_reached_from_the_page(chen, runtime, account):
    for number in range(51):
        make_rule(runtime, account, name=f"规则{number:02d}")
    page = chen.get("/settings/rules").text
    assert "规则49" in page
    assert "规则50" not in page
    (link,) = set(re.findall(r'href="(/settings/rules\?[^"]*cursor=[^"]+)"', page))
    assert "规则50" in chen.get(link.replace("&amp;", "&")).text


def test_an_agent_reads_rules_but_changes_none(lin, runtime, account):
    rule = make_rule(runtime, account, name="只读")
    assert "只读" in lin.get("/settings/rules").text
    assert lin.get("/settings/rules/new").status_code == 403
    assert lin.get(f"/settings/rules/{rule.id}").status_code == 403
    for path in ("new", str(rule.id), f"{rule.id}/switch"):
        assert lin.post(f"/settings/rules/{path}", **new_rule(account)).status_code == 403
    assert the_rule(runtime).version == 1


def test_a_rule_that_is_not_there_is_not_found(chen, account):
    assert chen.get("/settings/rules/999999").status_code == 404
    assert chen.get(f"/settings/rules/{10**30}").status_code == 404
    assert chen.post("/settings/rules/999999", **new_rule(account)).status_code == 404
    assert chen.post("/settings/rules/999999/switch").status_code == 404
