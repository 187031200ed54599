"""Rules over the JSON API."""

import pytest
from cast import make_account, make_rule

pytestmark = pytest.mark.one_database


def body(**values: object) -> dict[str, object]:
    return {
        "account": "yunshan",
        "name": "双十一",
        "match": "contains",
        "patterns": ["抽奖"],
        "reply_text": "感谢参与!",
    } | values


def test_chen_makes_and_changes_a_rule(chen, account):
    made = chen.post("/rules", body())
    assert made.status_code == 201
    rule = made.json
    assert (rule["version"], rule["is_active"], rule["updated_by"]) == (1, False, "Chen")

    changed = chen.patch(f"/rules/{rule['id']}", {"is_active": True})

    assert changed.json == rule | {
        "is_active": True,
        "version": 2,
        "updated_at": changed.json["updated_at"],
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", 5),
        ("name", ""),
        ("match", "sounds like"),
        ("match", ["contains"]),
        ("match", {"a": 1}),
        ("patterns", "抽奖"),
        ("patterns", [1]),
        ("patterns", []),
        ("reply_text", None),
        ("priority", "5"),
        ("priority", True),
        ("priority", 10**30),
        ("is_active", "yes"),
    ],
)
def test_a_wrong_value_is_422_with_its_field(chen, account, field, value):
    answer = chen.post("/rules", body(**{field: value}))
    assert answer.status_code == 422
    assert answer.mimetype == "application/problem+json"
    assert answer.json["field"] == field
    assert chen.get("/rules").json["items"] == []


def test_an_account_that_nobody_has_is_named(chen, account):
    answer = chen.post("/rules", body(account="nobody"))
    assert answer.status_code in (404, 422)
    assert "nobody" in answer.json["detail"]


def test_an_agent_reads_rules_but_makes_none(lin, runtime, account):
    rule = make_rule(runtime, account)
    assert [item["id"] for item in lin.get("/rules").json["items"]] == [rule.id]
    assert lin.post("/rules", body()).status_code == 403
    assert lin.patch(f"/rules/{rule.id}", {"is_active": False}).status_code == 403


def test_rules_come_page_by_page_and_by_account(chen, runtime, account):
    other = make_account(runtime, slug="other", original_id="gh_other", app_id="wx_other")
    ours = [make_rule(runtime, account).id for _ in range(3)]
    make_rule(runtime, other)
    first = chen.get("/rules", account="yunshan", limit=2).json
    second = chen.get("/rules", account="yunshan", limit=2, cursor=first["next_cursor"]).json
    found = [item["id"] for item in first["items"] + second["items"]]
    assert found == ours
    assert second["next_cursor"] is None


def test_patching_the_account_is_refused_or_ignored_but_never_obeyed(chen, runtime, account):
    make_account(runtime, slug="other", original_id="gh_other", app_id="wx_other")
    rule = make_rule(runtime, account)
    chen.patch(f"/rules/{rule.id}", {"account": "other"})
    assert chen.get("/rules").json["items"][0]["account"] == "yunshan"
