"""A company's own fields of its customers over /api/v1."""

import pytest
from cast import customer_writes

pytestmark = pytest.mark.one_database


@pytest.fixture
def wang(runtime, account):
    return customer_writes(runtime, account).contact_id


def make(zhou, name="会员号", kind="text", **values):
    answer = zhou.post("/contact-fields", {"name": name, "kind": kind, **values})
    assert answer.status_code == 201, answer.json
    return answer.json["id"]


def shown(answer):
    return {item["name"]: item["value"] for item in answer.json["items"]}


def test_supervisors_make_fields_and_agents_fill_them(zhou, lin, wang):
    level = make(zhou, "等级", "choice", choices=["金卡", "银卡", "金卡"])
    birthday = make(zhou, "生日", "date")
    spent = make(zhou, "消费额", "number")
    answer = lin.put(
        f"/contacts/{wang}/fields",
        {"values": {level: "金卡", birthday: " 1990-02-28 ", spent: "1,200.50"}},
    )
    assert shown(answer) == {"等级": "金卡", "生日": "1990-02-28", "消费额": "1200.50"}
    assert answer.json["items"][0] == {
        "id": level,
        "name": "等级",
        "kind": "choice",
        "choices": ["金卡", "银卡"],
        "value": "金卡",
    }
    forgotten = lin.put(f"/contacts/{wang}/fields", {"values": {birthday: None}})
    assert shown(forgotten) == {"等级": "金卡", "生日": None, "消费额": "1200.50"}
    assert shown(lin.get(f"/contacts/{wang}/fields")) == shown(forgotten)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("number", "many"),
        ("number", "1" * 16),
        ("date", "2026-02-30"),
        ("date", "20260228"),
        ("choice", "铜卡"),
        ("text", "t" * 201),
    ],
)
def test_a_value_that_does_not_fit_changes_nothing(zhou, lin, wang, kind, value):
    other = make(zhou, "备注号")
    field = make(zhou, "等级", kind, choices=["金卡"])
    answer = lin.put(f"/contacts/{wang}/fields", {"values": {other: "7", field: value}})
    assert (answer.status_code, answer.json["field"]) == (422, str(field))
    assert shown(lin.get(f"/contacts/{wang}/fields")) == {"备注号": None, "等级": None}


def test_a_value_that_is_no_choice_any_more_stays(zhou, lin, wang):
    field = make(zhou, "等级", "choice", choices=["金卡", "银卡"])
    lin.put(f"/contacts/{wang}/fields", {"values": {field: "银卡"}})
    zhou.patch(f"/contact-fields/{field}", {"choices": ["金卡"]})
    assert shown(lin.put(f"/contacts/{wang}/fields", {"values": {field: "银卡"}})) == {
        "等级": "银卡"
    }
    lin.put(f"/contacts/{wang}/fields", {"values": {field: "金卡"}})
    assert lin.put(f"/contacts/{wang}/fields", {"values": {field: "银卡"}}).status_code == 422


def test_fields_have_an_order(zhou, lin):
    first, second, third = (make(zhou, name) for name in ("甲", "乙", "丙"))
    zhou.patch(f"/contact-fields/{third}", {"position": 0})
    items = lin.get("/contact-fields").json["items"]
    assert [item["id"] for item in items] == [third, first, second]
    assert [item["position"] for item in items] == [0, 1, 2]


def test_a_removed_field_takes_its_values_along(zhou, lin, wang):
    field = make(zhou)
    lin.put(f"/contacts/{wang}/fields", {"values": {field: "A7"}})
    assert zhou.delete(f"/contact-fields/{field}").json == {"id": field, "count": 1}
    assert lin.get(f"/contacts/{wang}/fields").json == {"items": []}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "", "kind": "text"}, "name"),
        ({"name": "n" * 31, "kind": "text"}, "name"),
        ({"name": "会员号", "kind": "text"}, "name"),
        ({"name": "x", "kind": "colour"}, "kind"),
        ({"name": "x", "kind": "choice"}, "choices"),
        ({"name": "x", "kind": "choice", "choices": "abc"}, "choices"),
        ({"name": "x", "kind": "choice", "choices": ["c" * 41]}, "choices"),
    ],
)
def test_what_cannot_be_a_field_is_named(zhou, body, field):
    make(zhou)
    answer = zhou.post("/contact-fields", body)
    assert (answer.status_code, answer.json["field"]) == (422, field)


def test_agents_do_not_make_fields_and_unknown_ones_are_refused(lin, wang):
    assert lin.post("/contact-fields", {"name": "x", "kind": "text"}).status_code == 403
    assert lin.put(f"/contacts/{wang}/fields", {"values": {"77": "x"}}).status_code == 422
    assert lin.put(f"/contacts/{wang}/fields", {"values": {"a": "x"}}).status_code == 422
    assert lin.put(f"/contacts/{wang}/fields", {"values": []}).status_code == 422
    assert lin.get("/contacts/987654/fields").status_code == 404
