import pytest
from cast import customer_writes

from wxdesk.contacts.changes import change_remark

pytestmark = pytest.mark.one_database

HELLO = {
    "shortcut": "你好",
    "title": "问候",
    "text": "{{customer|您}}，{{greeting}}！",
    "folder": "开场",
}


def make(api, **values):
    answer = api.post("/canned-responses", HELLO | values)
    assert answer.status_code == 201, answer.json
    return answer.json


def shortcuts(answer):
    return [item["shortcut"] for item in answer.json["items"]]


def test_an_agent_keeps_their_own_and_uses_the_shared_ones(lin, mei, zhou):
    make(lin, is_personal=True)
    make(zhou, shortcut="refund", text="退款三天内到账。", is_personal=False)
    assert shortcuts(lin.get("/canned-responses")) == ["你好", "refund"]
    assert shortcuts(mei.get("/canned-responses")) == ["refund"]
    [shared] = mei.get("/canned-responses").json["items"]
    assert not shared["is_personal"]
    assert not shared["may_edit"]


def test_shared_ones_are_written_by_supervisors(lin, zhou):
    assert lin.post("/canned-responses", HELLO | {"is_personal": False}).status_code == 403
    shared = make(zhou, is_personal=False)
    assert lin.patch(f"/canned-responses/{shared['id']}", {"text": "x"}).status_code == 403
    assert zhou.patch(f"/canned-responses/{shared['id']}", {"text": "x"}).json["text"] == "x"


def test_nobody_sees_or_changes_somebody_elses_own(lin, mei):
    own = make(lin, is_personal=True)
    assert mei.patch(f"/canned-responses/{own['id']}", {"text": "x"}).status_code == 404
    assert mei.post(f"/canned-responses/{own['id']}/used").status_code == 404
    assert (
        mei.post(f"/canned-responses/{own['id']}/fill", {"conversation_id": 1}).status_code == 404
    )


def test_a_marketer_has_no_prepared_answers(chen):
    assert chen.get("/canned-responses").status_code == 403


def test_a_shortcut_is_unique_for_its_owner_and_hides_the_shared_one(lin, zhou):
    make(zhou, is_personal=False)
    make(lin, is_personal=True, text="我的问候")
    mine, shared = lin.get("/canned-responses", q="/你好").json["items"]
    assert (mine["is_personal"], mine["is_shadowed"]) == (True, False)
    assert (shared["is_personal"], shared["is_shadowed"]) == (False, True)
    again = lin.post("/canned-responses", HELLO | {"shortcut": " /你好 "})
    assert again.status_code == 422
    assert again.json["field"] == "shortcut"


def test_shortcuts_that_begin_with_what_was_typed_come_first(lin, zhou):
    make(zhou, shortcut="退款", text="原路退回。", is_personal=False)
    make(zhou, shortcut="退款慢", text="还要几天。", is_personal=False)
    make(lin, shortcut="x", text="说到退款的", is_personal=True)
    assert shortcuts(lin.get("/canned-responses", q="退款")) == ["退款", "退款慢", "x"]
    assert shortcuts(lin.get("/canned-responses", q="100%")) == []


def test_between_equals_the_most_used_comes_first(lin, clock):
    make(lin, shortcut="a", text="甲")
    often = make(lin, shortcut="b", text="乙")
    clock.advance(minutes=1)
    assert lin.post(f"/canned-responses/{often['id']}/used").status_code == 204
    first, _ = lin.get("/canned-responses").json["items"]
    assert (first["shortcut"], first["use_count"]) == ("b", 1)
    assert first["used_at"] == "2026-03-02T09:01:00.000Z"


def test_pages_hold_each_one_once(lin, zhou):
    for number in range(7):
        make(zhou if number % 2 else lin, shortcut=f"s{number}", is_personal=not number % 2)
    found, cursor = [], None
    while cursor or not found:
        page = lin.get("/canned-responses", limit=2, **({"cursor": cursor} if cursor else {})).json
        found += [item["shortcut"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert found == ["s0", "s2", "s4", "s6", "s1", "s3", "s5"]


def test_variables_are_filled_for_the_conversation(lin, runtime, account):
    message = customer_writes(runtime, account)
    hello = make(lin, text="{{customer|您}}，{{greeting}}！我是{{agent}}（{{remark}}）")
    filled = lin.post(
        f"/canned-responses/{hello['id']}/fill", {"conversation_id": message.conversation_id}
    ).json
    assert filled == {"text": "您，下午好！我是Lin（{{remark}}）", "unknown": ["remark"]}
    with runtime.unit_of_work() as uow:
        change_remark(uow, message.contact_id, "王女士 VIP")
    filled = lin.post(
        f"/canned-responses/{hello['id']}/fill", {"conversation_id": message.conversation_id}
    ).json
    assert filled == {"text": "王女士，下午好！我是Lin（王女士 VIP）", "unknown": []}


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"shortcut": "two words"}, "shortcut"),
        ({"shortcut": ""}, "shortcut"),
        ({"shortcut": "x" * 41}, "shortcut"),
        ({"text": "  "}, "text"),
        ({"text": "{{costumer}}"}, "text"),
        ({"text": "字" * 3_500}, "text"),
        ({"title": "t" * 81}, "title"),
        ({"folder": "f" * 41}, "folder"),
        ({"is_personal": "yes"}, "is_personal"),
        ({"text": 7}, "text"),
    ],
)
def test_what_cannot_be_taken_is_named(lin, values, field):
    answer = lin.post("/canned-responses", HELLO | values)
    assert answer.status_code == 422
    assert answer.json["field"] == field


def test_one_that_is_removed_is_gone(lin):
    own = make(lin)
    assert lin.delete(f"/canned-responses/{own['id']}").status_code == 204
    assert shortcuts(lin.get("/canned-responses")) == []
    assert lin.delete(f"/canned-responses/{own['id']}").status_code == 404


def test_an_untitled_one_is_called_by_its_beginning(lin):
    assert make(lin, title="", text="第一行\n第二行")["title"] == "第一行"
