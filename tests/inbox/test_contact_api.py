"""Customers over /api/v1: their data, what agents change about them, and being forgotten."""

import pytest
from cast import WANG, Api, conversation_of, customer_writes, make_account
from sqlalchemy import event, select, update

from wxdesk.accounts.models import Account
from wxdesk.audit.models import AuditEntry
from wxdesk.contacts.models import Contact
from wxdesk.inbox.contact_shapes import contacts_json
from wxdesk.plumbing.live import STREAM

pytestmark = pytest.mark.one_database

LI = "oLi0000000000000000000000000"


@pytest.fixture
def wang(runtime, account) -> int:
    """Customer Wang has written; gives the contact's id."""
    customer_writes(runtime, account)
    with runtime.reading() as session:
        return session.scalars(select(Contact.id)).one()


def change(runtime, openid: str = WANG, **values) -> None:
    with runtime.unit_of_work() as uow:
        uow.session.execute(update(Contact).where(Contact.openid == openid).values(**values))


def topics(runtime) -> str:
    return str(runtime.redis.xrange(STREAM))


def test_a_customer_is_shown_with_everything_that_is_known(runtime, wang, lin, clock):
    change(
        runtime,
        unionid="uWang",
        follow_scene="ADD_SCENE_QR_CODE",
        qr_scene="spring-poster",
        followed_at=clock.now,
    )
    found = lin.get(f"/contacts/{wang}").json
    assert found["account"] == "yunshan"
    assert found["openid"] == WANG
    assert found["name"] == f"WeChat user {wang:04d}"
    assert found["follow_source"] == "Scanned the QR code spring-poster"
    assert (found["unionid"], found["qr_scene"]) == ("uWang", "spring-poster")
    assert found["followed_at"] == "2026-03-02T09:00:00.000Z"
    assert (found["is_following"], found["is_blacklisted"], found["is_forgotten"]) == (
        True,
        False,
        False,
    )
    assert (found["tags"], found["linked"], found["sync_note"]) == ([], [], None)


def test_a_customer_that_does_not_exist_is_not_found(lin):
    assert lin.get("/contacts/987654").status_code == 404
    assert lin.patch("/contacts/987654", {"remark": "x"}).status_code == 404


def test_a_remark_becomes_the_name_until_wechat_knows_it_is_pending(runtime, wang, lin):
    answer = lin.patch(f"/contacts/{wang}", {"remark": " 老王 "})
    assert answer.status_code == 200
    assert (answer.json["remark"], answer.json["name"]) == ("老王", "老王")
    assert answer.json["remark_state"] == "pending"
    seen = topics(runtime)
    assert f"contact:{wang}" in seen
    assert f"conversation:{conversation_of(runtime).id}" in seen


def test_a_remark_that_is_a_sentence_of_ours_is_not_translated(wang, lin):
    assert lin.patch(f"/contacts/{wang}", {"remark": "Not found"}).json["name"] == "Not found"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"remark": "很" * 30}, "remark"),
        ({"remark": 7}, "remark"),
        ({"is_blacklisted": "yes"}, "is_blacklisted"),
        ({}, "remark"),
    ],
)
def test_what_can_t_be_taken_names_its_field_and_changes_nothing(wang, lin, body, field):
    answer = lin.patch(f"/contacts/{wang}", body)
    assert answer.status_code == 422
    assert answer.json["field"] == field


def test_two_changes_at_once_are_all_or_nothing(wang, lin):
    lin.patch(f"/contacts/{wang}", {"remark": "老王", "is_blacklisted": 7})
    assert lin.get(f"/contacts/{wang}").json["remark"] == ""


def test_blacklisting_is_noted_with_who_did_it(runtime, wang, lin, team):
    assert lin.patch(f"/contacts/{wang}", {"is_blacklisted": True}).json["is_blacklisted"]
    with runtime.reading() as session:
        query = select(AuditEntry).where(AuditEntry.action == "contact.blacklisted")
        assert session.scalars(query).one().actor_id == team.lin


def test_tags_are_set_as_a_whole_and_listed_for_the_account(wang, lin):
    answer = put_tags(lin, wang, ["VIP", "老客户"])
    assert [tag["name"] for tag in answer.json["tags"]] == ["VIP", "老客户"]
    answer = put_tags(lin, wang, ["VIP"])
    assert [(tag["name"], tag["state"]) for tag in answer.json["tags"]] == [("VIP", "adding")]
    items = lin.get("/accounts/yunshan/tags").json["items"]
    assert {item["name"]: item["count"] for item in items} == {"VIP": 1, "老客户": 0}
    assert lin.get("/accounts/nowhere/tags").status_code == 404


def put_tags(api: Api, contact_id: int, tags: object):
    return api.client.put(
        f"/api/v1/contacts/{contact_id}/tags", json={"tags": tags}, headers=api.headers
    )


@pytest.mark.parametrize("tags", ["VIP", [7], None, ["x" * 31], [f"t{n}" for n in range(21)]])
def test_tags_that_wechat_would_refuse_are_refused_here(wang, lin, tags):
    answer = put_tags(lin, wang, tags)
    assert answer.status_code == 422
    assert answer.json["field"] == "tags"


def test_marketers_read_customers_and_change_nothing(wang, chen):
    assert chen.get(f"/contacts/{wang}").status_code == 200
    assert chen.patch(f"/contacts/{wang}", {"remark": "x"}).status_code == 403
    assert put_tags(chen, wang, ["VIP"]).status_code == 403
    assert chen.post(f"/contacts/{wang}/forget", {"confirm": True}).status_code == 403


def test_an_account_that_is_not_verified_says_that_all_stays_here(runtime, wang, lin):
    with runtime.unit_of_work() as uow:
        uow.session.execute(update(Account).values(is_verified=False))
    answer = lin.patch(f"/contacts/{wang}", {"remark": "老王"}).json
    assert answer["remark_state"] == "synced"
    assert "stay here" in answer["sync_note"]


def test_the_same_person_at_another_account_is_linked_with_their_conversation(
    runtime, account, wang, lin
):
    other = make_account(runtime, slug="other", original_id="gh_other", app_id="wxother")
    customer_writes(runtime, other, openid=LI)
    conversation = conversation_of(runtime, LI)
    for openid in (WANG, LI):
        change(runtime, openid, unionid="uWang")
    change(runtime, LI, remark="老王@other")
    (linked,) = lin.get(f"/contacts/{wang}").json["linked"]
    assert linked == {
        "contact_id": conversation.contact_id,
        "name": "老王@other",
        "account": "other",
        "account_name": other.name,
        "conversation_id": conversation.id,
    }


def test_at_most_twenty_linked_customers_are_shown(runtime, account, wang, lin):
    accounts = [
        make_account(runtime, slug=f"a{number}", original_id=f"gh_{number}", app_id=f"wx{number}")
        for number in range(25)
    ]
    with runtime.unit_of_work() as uow:
        uow.session.add_all(
            Contact(
                account_id=each.id,
                openid=f"o{each.id}",
                unionid="uWang",
                first_seen_at=uow.now,
                last_seen_at=uow.now,
            )
            for each in accounts
        )
    change(runtime, unionid="uWang")
    assert len(lin.get(f"/contacts/{wang}").json["linked"]) == 20


def test_a_page_of_customers_costs_a_fixed_number_of_queries(runtime, account, app):
    with runtime.unit_of_work() as uow:
        uow.session.add_all(
            Contact(
                account_id=account.id,
                openid=f"o{number}",
                unionid=f"u{number % 7}",
                first_seen_at=uow.now,
                last_seen_at=uow.now,
            )
            for number in range(60)
        )
    statements: list[str] = []

    def note(_connection, _cursor, statement, *_rest) -> None:
        if statement.startswith("SELECT"):
            statements.append(statement)

    with app.test_request_context(), runtime.reading() as session:
        contacts = session.scalars(select(Contact)).all()
        event.listen(runtime.engine, "before_cursor_execute", note)
        found = contacts_json(session, contacts)
        event.remove(runtime.engine, "before_cursor_execute", note)
    assert len(found) == 60
    assert len(statements) == 4


class TestForgetting:
    def test_a_supervisor_removes_a_customer_at_their_wish(self, runtime, wang, zhou, team):
        answer = zhou.post(f"/contacts/{wang}/forget", {"confirm": True})
        assert answer.status_code == 200
        assert (answer.json["is_forgotten"], answer.json["policy"]) == (True, "anonymise")
        shown = zhou.get(f"/contacts/{wang}").json
        assert shown["is_forgotten"]
        assert shown["openid"].startswith("forgotten-")
        with runtime.reading() as session:
            query = select(AuditEntry).where(AuditEntry.action == "contact.forgotten")
            assert session.scalars(query).one().actor_id == team.zhou

    def test_agents_may_not(self, wang, lin):
        assert lin.post(f"/contacts/{wang}/forget", {"confirm": True}).status_code == 403

    @pytest.mark.parametrize("body", [{}, {"confirm": False}, {"confirm": "true"}])
    def test_nothing_happens_without_a_plain_confirmation(self, wang, zhou, body):
        assert zhou.post(f"/contacts/{wang}/forget", body).status_code == 422
        assert not zhou.get(f"/contacts/{wang}").json["is_forgotten"]

    def test_twice_is_a_conflict_and_nothing_can_be_changed_afterwards(self, wang, zhou):
        zhou.post(f"/contacts/{wang}/forget", {"confirm": True})
        assert zhou.post(f"/contacts/{wang}/forget", {"confirm": True}).status_code == 409
        assert zhou.patch(f"/contacts/{wang}", {"remark": "x"}).status_code == 409
        assert put_tags(zhou, wang, ["VIP"]).status_code == 409

    def test_whoever_writes_again_is_a_new_customer(self, runtime, account, wang, zhou):
        zhou.post(f"/contacts/{wang}/forget", {"confirm": True})
        again = customer_writes(runtime, account, "I am back")
        assert again.contact_id != wang
        assert zhou.get(f"/contacts/{again.contact_id}").json["openid"] == WANG
