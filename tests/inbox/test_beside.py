"""What stands beside conversations, and how often the database is asked for it."""

import re
from collections.abc import Callable

import pytest
from cast import agent_answers, customer_writes, make_account
from sqlalchemy import event, update

from wxdesk.accounts.models import MessageTemplate
from wxdesk.accounts.rules import TemplateKind
from wxdesk.contacts.models import ContactTag, Tag
from wxdesk.contacts.rules import TagState
from wxdesk.conversations.models import (
    ConversationTag,
    ConversationTagging,
    Draft,
    Message,
    ReadMark,
)
from wxdesk.conversations.rules import DraftKind
from wxdesk.inbox.beside import Found, find_beside
from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.rules import Delivery
from wxdesk.satisfaction.models import SatisfactionRating

BRACKETS = re.compile(r"\([^()]*\)")
TABLE = re.compile(r"FROM ([a-z_]+)")


def tables_asked(runtime, ask: Callable[[], object]) -> list[str]:
    """Of each SELECT the first table that it reads, beside its subqueries."""
    found: list[str] = []

    def note(_connection, _cursor, statement, *_more):
        if statement.startswith("SELECT"):
            while BRACKETS.search(statement):
                statement = BRACKETS.sub("", statement)
            found.append(TABLE.findall(statement)[0])

    event.listen(runtime.engine, "before_cursor_execute", note)
    ask()
    event.remove(runtime.engine, "before_cursor_execute", note)
    return found


@pytest.fixture
def bare(runtime, account) -> Message:
    return customer_writes(runtime, account, openid="oBare")


@pytest.fixture
def rich(runtime, team, clock) -> Message:
    """A message of a customer of another account, who has one of everything, of agent Lin."""
    message = customer_writes(
        runtime,
        make_account(runtime, slug="rich", original_id="gh_rich", app_id="wxrich"),
        openid="oRich",
    )
    agent_answers(runtime, message, team.lin)
    places = {"conversation_id": message.conversation_id}
    whose = {"account_id": message.account_id, "contact_id": message.contact_id}
    with runtime.unit_of_work() as uow:
        label = Tag(account_id=message.account_id, name="VIP")
        tag = ConversationTag(name="催单", created_at=clock.now)
        uow.session.add_all([label, tag])
        uow.session.flush()
        uow.session.add_all(
            [
                ContactTag(contact_id=message.contact_id, tag_id=label.id, state=TagState.SYNCED),
                ConversationTagging(**places, tag_id=tag.id, tagged_at=clock.now),
                Draft(
                    **places,
                    agent_id=team.lin,
                    kind=DraftKind.REPLY,
                    text="您好",
                    updated_at=clock.now,
                ),
                ReadMark(
                    agent_id=team.lin,
                    contact_id=message.contact_id,
                    message_id=message.id,
                    read_at=clock.now,
                ),
                SatisfactionRating(
                    **places, **whose, resolved_at=clock.now, asked_at=clock.now, score=4
                ),
                MessageTemplate(
                    account_id=message.account_id,
                    kind=TemplateKind.TEMPLATE,
                    template_id="t1",
                    title="到货",
                    content="{{thing1.DATA}}",
                    refreshed_at=clock.now,
                ),
            ]
        )
    return message


def test_each_thing_is_found_where_it_is_and_nowhere_else(runtime, team, bare, rich):
    ids = [bare.conversation_id, rich.conversation_id]
    with runtime.reading() as session:
        assert find_beside(session, ids, team.lin) == Found(
            read={rich.contact_id: rich.id},
            drafts={rich.conversation_id},
            tagged=[rich.conversation_id],
            rated=[rich.conversation_id],
            labelled=[rich.contact_id],
            unsent=[rich.contact_id],
            templates={rich.account_id},
        )
        colleagues = find_beside(session, ids, team.mei)
    assert (colleagues.read, colleagues.drafts) == ({}, set())


def test_what_is_found_stands_in_the_list(lin, bare, rich):
    items = lin.get("/conversations").json["items"]
    told = {
        item["openid"]: (
            item["tags"],
            [tag["name"] for tag in item["contact"]["tags"]],
            item["has_draft"],
            item["rating"] and item["rating"]["score"],
            "template" in item["ways"],
        )
        for item in items
    }
    assert told == {
        "oBare": ([], [], False, None, False),
        "oRich": (["催单"], ["VIP"], True, 4, True),
    }


@pytest.mark.parametrize("state", list(Delivery))
def test_only_answers_on_their_way_are_unsent(runtime, team, rich, state):
    with runtime.unit_of_work() as uow:
        uow.session.execute(update(DeliveryRow).values(state=state))
    with runtime.reading() as session:
        unsent = find_beside(session, [rich.conversation_id], team.lin).unsent
    is_on_its_way = state in (Delivery.QUEUED, Delivery.HELD, Delivery.SENDING)
    assert unsent == ([rich.contact_id] if is_on_its_way else [])


def test_a_list_asks_no_table_that_has_nothing_for_it(runtime, account, lin):
    def page() -> object:
        return lin.get("/conversations")

    customer_writes(runtime, account, openid="o0")
    page()
    of_one = tables_asked(runtime, page)
    nothing_there = {"drafts", "satisfaction_ratings", "message_templates", "contact_tags"}
    nothing_there |= {"conversation_taggings", "deliveries", "read_marks"}
    assert set(of_one).isdisjoint(nothing_there)
    for number in range(1, 12):
        customer_writes(runtime, account, openid=f"o{number}")
    assert tables_asked(runtime, page) == of_one


def test_a_thread_asks_once_where_it_ends_and_how_far_it_is_read(runtime, lin, bare):
    path = f"/conversations/{bare.conversation_id}/thread"
    asked = tables_asked(runtime, lambda: lin.get(path))
    assert asked == ["agents", "conversations", "messages"]


def test_the_counts_take_the_preferences_that_came_with_the_person(runtime, lin, bare):
    lin.get("/inbox/counts")
    asked = tables_asked(runtime, lambda: lin.get("/inbox/counts"))
    assert asked.count("agents") == 1
