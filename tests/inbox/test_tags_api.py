"""Tags of conversations over /api/v1, and put on conversations."""

import pytest
from cast import customer_writes
from sqlalchemy import select

from wxdesk.conversations.models import Message
from wxdesk.conversations.operations import get_locked
from wxdesk.conversations.rules import Line
from wxdesk.conversations.tagging import (
    MOST_OF_CONVERSATION,
    change_tags,
    create_tag,
    list_conversation_tags,
    merge_tags,
)
from wxdesk.inbox.models import SavedView
from wxdesk.plumbing.errors import InvalidInputError


@pytest.fixture
def conversation_id(runtime, account):
    return customer_writes(runtime, account).conversation_id


def tag(runtime, conversation_id, add=(), remove=(), *, may_make=True, by=None):
    with runtime.unit_of_work() as uow:
        conversation, _ = get_locked(uow, conversation_id)
        return change_tags(uow, conversation, add=add, remove=remove, by=by, may_make=may_make)


def names(lin, conversation_id):
    return lin.get(f"/conversations/{conversation_id}").json["tags"]


def activities(runtime):
    with runtime.reading() as session:
        rows = session.scalars(
            select(Message).where(Message.kind == Line.ACTIVITY).order_by(Message.id)
        )
        return [(row.payload["action"], row.payload["tags"]) for row in rows]


def test_tags_are_put_on_taken_off_and_told_in_the_thread(runtime, lin, conversation_id):
    assert tag(runtime, conversation_id, add=["退款", " VIP "])
    assert names(lin, conversation_id) == ["VIP", "退款"]
    assert tag(runtime, conversation_id, add=["物流"], remove=["vip", "从来没有"])
    assert names(lin, conversation_id) == ["物流", "退款"]
    assert activities(runtime) == [
        ("tagged", ["退款", "VIP"]),
        ("tagged", ["物流"]),
        ("untagged", ["VIP"]),
    ]


def test_what_changes_nothing_says_so(runtime, conversation_id):
    tag(runtime, conversation_id, add=["VIP"])
    assert not tag(runtime, conversation_id, add=["vip"], remove=["物流"])
    assert activities(runtime) == [("tagged", ["VIP"])]


def test_a_conversation_has_a_bounded_number_of_tags(runtime, lin, conversation_id):
    tag(runtime, conversation_id, add=[f"t{n}" for n in range(MOST_OF_CONVERSATION)])
    with pytest.raises(InvalidInputError):
        tag(runtime, conversation_id, add=["one more"])
    assert tag(runtime, conversation_id, add=["one more"], remove=["t0"])
    assert len(names(lin, conversation_id)) == MOST_OF_CONVERSATION


def test_who_may_not_make_tags_uses_those_that_exist(runtime, conversation_id):
    with pytest.raises(InvalidInputError) as refused:
        tag(runtime, conversation_id, add=["新的"], may_make=False)
    assert refused.value.field == "add"
    with runtime.unit_of_work() as uow:
        create_tag(uow, "新的", "red")
    assert tag(runtime, conversation_id, add=["新的"], may_make=False)


def test_supervisors_make_rename_and_remove_tags(runtime, lin, zhou, conversation_id):
    made = zhou.post("/conversation-tags", {"name": "投诉", "colour": "red"})
    assert made.status_code == 201
    tag_id = made.json["id"]
    tag(runtime, conversation_id, add=["投诉"])
    renamed = zhou.patch(f"/conversation-tags/{tag_id}", {"name": "重要投诉"}).json
    assert renamed == {"id": tag_id, "name": "重要投诉", "colour": "red", "count": 1}
    assert names(lin, conversation_id) == ["重要投诉"]
    assert lin.get("/conversation-tags").json == {"items": [renamed]}
    assert zhou.delete(f"/conversation-tags/{tag_id}").json == {"id": tag_id, "count": 1}
    assert names(lin, conversation_id) == []
    assert zhou.delete(f"/conversation-tags/{tag_id}").status_code == 404


def test_agents_do_not_change_tags(lin):
    assert lin.post("/conversation-tags", {"name": "x"}).status_code == 403


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "n" * 31}, "name"),
        ({"name": "a,b"}, "name"),
        ({"name": "VIP"}, "name"),
        ({"name": "x", "colour": "mauve"}, "colour"),
    ],
)
def test_what_cannot_be_a_tag_is_named(runtime, zhou, body, field):
    with runtime.unit_of_work() as uow:
        create_tag(uow, "vip")
    answer = zhou.post("/conversation-tags", body)
    assert (answer.status_code, answer.json["field"]) == (422, field)


def test_a_saved_view_follows_the_tag_that_it_names(runtime, zhou, team):
    tag_id = zhou.post("/conversation-tags", {"name": "投诉"}).json["id"]
    with runtime.unit_of_work() as uow:
        uow.session.add(
            SavedView(
                owner_id=team.lin,
                name="v",
                query={"tag": "投诉", "status": "open"},
                created_at=uow.now,
            )
        )
    zhou.patch(f"/conversation-tags/{tag_id}", {"name": "举报"})
    with runtime.reading() as session:
        assert session.scalars(select(SavedView.query)).one() == {"tag": "举报", "status": "open"}


def test_browsers_that_show_a_conversation_hear_of_a_change_of_its_tags(
    runtime, zhou, conversation_id
):
    def topics() -> set[str]:
        heard = runtime.live.since(last)
        return set().union(*(names for _, names in heard))

    last = runtime.live.last_id()
    unused = zhou.post("/conversation-tags", {"name": "退款"}).json["id"]
    zhou.patch(f"/conversation-tags/{unused}", {"name": "退钱"})
    assert topics() == {"inbox"}
    tag(runtime, conversation_id, add=["物流"])
    used = {it["name"]: it["id"] for it in zhou.get("/conversation-tags").json["items"]}["物流"]
    last = runtime.live.last_id()
    zhou.patch(f"/conversation-tags/{used}", {"name": "快递"})
    assert topics() == {"all"}
    last = runtime.live.last_id()
    zhou.delete(f"/conversation-tags/{used}")
    assert "all" in topics()


def test_merged_tags_leave_one_on_each_conversation(runtime, account, lin, conversation_id):
    other = customer_writes(runtime, account, openid="oLi0000000000000000000000000").conversation_id
    tag(runtime, conversation_id, add=["退款", "退钱"])
    tag(runtime, other, add=["退钱"])
    with runtime.unit_of_work() as uow:
        ids = {it.name: it.id for it in list_conversation_tags(uow.session)}
        assert merge_tags(uow, ids["退钱"], ids["退款"]) == 2
    assert names(lin, conversation_id) == names(lin, other) == ["退款"]
    with runtime.reading() as session:
        assert [(it.name, it.count) for it in list_conversation_tags(session)] == [("退款", 2)]
