"""Rules and dry runs over the JSON API."""

import pytest
from cast import customer_writes, make_account, make_rule

pytestmark = pytest.mark.one_database


def body(**values: object) -> dict[str, object]:
    return {
        "account": "yunshan",
        "name": "双十一",
        "match": "contains",
        "patterns": ["抽奖"],
        "reply_text": "感谢参与!",
    } | values


def dry_run(chen, **values: object) -> dict:
    answer = chen.post("/rules/dry-run", values)
    assert answer.status_code == 200, answer.json
    return answer.json


def test_chen_makes_a_rule_and_changes_it(chen, account):
    made = chen.post("/rules", body())
    assert made.status_code == 201
    rule = made.json
    assert (rule["version"], rule["is_active"], rule["updated_by"]) == (1, False, "Chen")
    changed = chen.patch(f"/rules/{rule['id']}", {"exclusions": ["吗"], "limits": {"total": 5}})
    assert changed.json == rule | {
        "exclusions": ["吗"],
        "limits": {"total": 5, "when_over": "person"},
        "version": 2,
        "updated_at": changed.json["updated_at"],
    }
    assert chen.get(f"/rules/{rule['id']}").json == changed.json


def test_a_rule_with_every_field_comes_back_as_it_was_sent(chen, account):
    whole = body(
        trigger="text",
        exclusions=["怎么"],
        conditions={
            "starts_at": "2026-03-02T12:00:00.000Z",
            "weekdays": [6, 7],
            "minutes_from": 600,
            "minutes_until": 60,
            "newness": "new",
            "qr_scenes": ["shop-1"],
        },
        limits={"per_person": 1, "per_person_seconds": 60, "when_over": "reply"},
        more_replies=[
            {
                "outcome": "limit",
                "weight": 1,
                "kind": "text",
                "text": "领完了",
                "fields": None,
                "attachment_id": None,
            }
        ],
        answers_attended=True,
        priority=7,
    )
    made = chen.post("/rules", whole)
    assert made.status_code == 201, made.json
    assert {name: made.json[name] for name in whole} == whole


def test_a_rule_is_switched_on_by_a_confirmed_dry_run_only(chen, runtime, account):
    customer_writes(runtime, account, "我要抽奖")
    rule = chen.post("/rules", body()).json
    refused = chen.patch(f"/rules/{rule['id']}", {"is_active": True})
    assert refused.status_code == 409
    assert refused.mimetype == "application/problem+json"
    assert refused.json["needs"] == "dry_run"
    assert chen.post("/rules", body(is_active=True)).status_code == 409
    assert len(chen.get("/rules").json["items"]) == 1
    run = dry_run(chen, rule_id=rule["id"], days=7)
    assert (run["state"], run["scanned"], run["result"]["answered"]) == ("done", 1, 1)
    assert chen.patch(f"/rules/{rule['id']}", {"is_active": True}).status_code == 409
    confirmed = chen.post(f"/rules/dry-runs/{run['id']}/confirm")
    assert confirmed.json["confirmed_at"] is not None
    changed = chen.patch(f"/rules/{rule['id']}", {"is_active": True, "dry_run_id": run["id"]})
    assert (changed.status_code, changed.json["is_active"]) == (200, True)
    other = chen.patch(f"/rules/{rule['id']}", {"patterns": ["奖"]})
    assert other.status_code == 409
    assert chen.get(f"/rules/{rule['id']}").json["patterns"] == ["抽奖"]


def test_a_draft_is_tried_without_being_stored(chen, runtime, account):
    customer_writes(runtime, account, "我要抽奖")
    run = dry_run(chen, account="yunshan", match="contains", patterns=["抽奖"])
    assert run["result"]["people"] == 1
    assert chen.get(f"/rules/dry-runs/{run['id']}").json == run
    assert chen.get("/rules").json["items"] == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", 5),
        ("name", ""),
        ("match", ["contains"]),
        ("trigger", "magic"),
        ("patterns", "抽奖"),
        ("patterns", [1]),
        ("patterns", []),
        ("exclusions", None),
        ("reply_text", None),
        ("priority", True),
        ("priority", 10**30),
        ("is_active", "yes"),
        ("passes_on", "yes"),
        ("conditions", []),
        ("limits", "many"),
        ("more_replies", {}),
        ("reply_weight", 0),
    ],
)
def test_a_wrong_value_is_422_with_its_field(chen, account, field, value):
    answer = chen.post("/rules", body(**{field: value}))
    assert answer.status_code == 422
    assert answer.mimetype == "application/problem+json"
    assert answer.json["field"] == field
    assert chen.get("/rules").json["items"] == []


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"conditions": {"starts_at": "2026-03-02"}}, "starts_at"),
        ({"conditions": {"weekdays": [8]}}, "weekdays"),
        ({"conditions": {"newness": 1}}, "newness"),
        ({"limits": {"per_person": "x"}}, "per_person"),
        ({"more_replies": [{"outcome": "nothing"}]}, "more_replies.0"),
    ],
)
def test_a_wrong_part_is_422_with_its_own_name(chen, account, values, field):
    answer = chen.post("/rules", body(**values))
    assert (answer.status_code, answer.json["field"]) == (422, field)


def test_a_dry_run_of_impossible_days_or_by_an_agent_is_refused(chen, lin, account):
    assert chen.post("/rules/dry-run", body(days=91)).json["field"] == "days"
    assert chen.post("/rules/dry-run", body(days="x")).json["field"] == "days"
    assert chen.post("/rules/dry-run", body(patterns=[])).json["field"] == "patterns"
    assert lin.post("/rules/dry-run", body()).status_code == 403
    assert chen.get("/rules/dry-runs/999").status_code == 404
    assert chen.post("/rules/dry-runs/999/confirm").status_code == 404


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
    ours = [make_rule(runtime, account, patterns=f"词{n}").id for n in range(3)]
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
