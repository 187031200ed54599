"""Lists by every filter and order, counts, and saved views."""

import itertools
from datetime import timedelta

import pytest
from cast import agent_answers, customer_writes, make_account
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, insert, select, update

from wxdesk.agents.models import Team as TeamRow
from wxdesk.contacts.models import Contact
from wxdesk.conversations.filters import ConversationFilter, Order
from wxdesk.conversations.lists import count_up_to, list_ids
from wxdesk.conversations.models import (
    Conversation,
    ConversationTag,
    ConversationTagging,
    Draft,
    Mention,
    ReadMark,
)
from wxdesk.conversations.queries import page_of
from wxdesk.conversations.rules import DraftKind, Priority, Status
from wxdesk.inbox.queries import TotalsCache
from wxdesk.plumbing.clock import FAR_FUTURE
from wxdesk.sla.jobs import check_deadlines

LISTS = "wxdesk.conversations.lists.NARROW"


@pytest.fixture
def crowd(runtime, account, team, clock):
    """120 conversations in every state."""
    now = clock.now
    with runtime.unit_of_work() as uow:
        uow.session.add_all([TeamRow(name=name, created_at=now) for name in ("售前", "售后")])
        uow.session.add(ConversationTag(name="催单", created_at=now))
        uow.session.flush()
        teams = uow.session.scalars(select(TeamRow.id)).all()
        contacts = [
            {"account_id": account.id, "openid": f"o{n}", "first_seen_at": now, "last_seen_at": now}
            for n in range(120)
        ]
        uow.session.execute(insert(Contact), contacts)
        contact_ids = uow.session.scalars(select(Contact.id).order_by(Contact.id)).all()
        states = itertools.product(
            list(Status), list(Priority), [None, team.lin, team.mei], [None, *teams]
        )
        for n, (contact_id, state) in enumerate(zip(contact_ids, states, strict=False)):
            uow.session.add(_conversation(account.id, contact_id, n, state, now))
        uow.session.flush()
        tag_id = uow.session.scalars(select(ConversationTag.id)).one()
        every_third = uow.session.scalars(select(Conversation.id)).all()[::3]
        uow.session.add_all(
            ConversationTagging(conversation_id=each, tag_id=tag_id, tagged_at=now)
            for each in every_third
        )
        return teams, tag_id


def _conversation(account_id, contact_id, n, state, now):
    status, priority, assignee_id, team_id = state
    waits = status is not Status.RESOLVED and n % 2 == 0
    at = now - timedelta(minutes=n % 40)
    due_at = at + timedelta(minutes=20) if waits else FAR_FUTURE
    return Conversation(
        account_id=account_id,
        contact_id=contact_id,
        status=status,
        priority=priority,
        assignee_id=assignee_id,
        team_id=team_id,
        opened_at=at,
        resolved_at=None if status is not Status.RESOLVED else at,
        last_message_at=at - timedelta(seconds=n % 7),
        queued_at=at,
        waiting_since=at if waits else None,
        due_at=due_at,
        urgent_at=due_at,
        urgency_rank=0 if waits and n % 5 == 0 else 1,
        is_breached=waits and due_at < now,
        is_spam=n % 11 == 0,
    )


FILTERS = st.fixed_dictionaries(
    {"order": st.sampled_from(list(Order))},
    optional={
        "statuses": st.lists(st.sampled_from(list(Status)), unique=True).map(tuple),
        "assignee": st.sampled_from(["none", "lin", "mei"]),
        "team": st.sampled_from([0, 1, 2]),
        "tag": st.just(1),
        "priority": st.sampled_from(list(Priority)),
        "is_breached": st.booleans(),
        "is_closing_soon": st.booleans(),
        "due": st.just(1),
        "is_spam": st.sampled_from([True, False, None]),
    },
)


class TestEveryCombination:
    """Both ways of reading (few rows sorted, the index walked) list what plain Python would."""

    @pytest.mark.parametrize("narrow", [2_000, 0, 10])
    @settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(given=FILTERS)
    def test_the_list_is_complete_and_in_order(self, runtime, crowd, team, given, narrow):
        order = given["order"]
        wanted, matches = self._wanted(given, team, crowd, runtime.clock())
        with pytest.MonkeyPatch.context() as patch, runtime.reading() as session:
            patch.setattr(LISTS, narrow)
            tagged = set(session.scalars(select(ConversationTagging.conversation_id)))
            expected = sorted(
                (row for row in session.scalars(select(Conversation)) if matches(row, tagged)),
                key=lambda row: self._key(row, order),
                reverse=order is Order.NEWEST,
            )
            seen, after = [], None
            while True:
                page = page_of(session, wanted, order, after, 9)
                seen += [row.conversation.id for row in page.rows]
                after = page.next_key
                if after is None:
                    break
            assert seen == [row.id for row in expected]
            assert count_up_to(session, wanted, 1_000) == len(expected)
            assert count_up_to(session, wanted, 3) == min(3, len(expected))
            found = list_ids(session, wanted, after_id=0, limit=1_000)
            assert found == sorted(row.id for row in expected)

    def _key(self, row, order):
        queue = (row.urgency_rank, row.urgent_at, row.queued_at, row.id)
        return {
            Order.DEADLINE: queue,
            Order.WAITING: (row.queued_at, row.id),
            Order.NEWEST: (row.last_message_at, row.id),
            Order.PRIORITY: (list(Priority).index(row.priority), *queue),
        }[order]

    def _wanted(self, given, team, crowd, now):
        teams, tag_id = crowd
        assignee = {"none": 0, "lin": team.lin, "mei": team.mei, None: None}[given.get("assignee")]
        team_id = {0: 0, 1: teams[0], 2: teams[1], None: None}[given.get("team")]
        due = now + timedelta(minutes=2) if "due" in given else None
        is_spam = given.get("is_spam", False)
        wanted = ConversationFilter(
            statuses=given.get("statuses", ()),
            assignee_id=assignee,
            team_id=team_id,
            tag_id=tag_id if "tag" in given else None,
            priority=given.get("priority"),
            is_breached=given.get("is_breached"),
            is_closing_soon=given.get("is_closing_soon"),
            due_before=due,
            is_spam=is_spam,
        )

        def matches(row, tagged):
            return (
                (not wanted.statuses or row.status in wanted.statuses)
                and (assignee is None or (row.assignee_id or 0) == assignee)
                and (team_id is None or (row.team_id or 0) == team_id)
                and (wanted.tag_id is None or row.id in tagged)
                and wanted.priority in (None, row.priority)
                and wanted.is_breached in (None, row.is_breached)
                and wanted.is_closing_soon in (None, row.urgency_rank == 0)
                and (due is None or (not row.is_breached and row.due_at <= due))
                and is_spam in (None, row.is_spam)
            )

        return wanted, matches


COMBINATIONS = (
    {},
    {"statuses": (Status.OPEN,)},
    {"statuses": (Status.OPEN, Status.PENDING), "priority": Priority.URGENT},
    {"statuses": (Status.OPEN,), "assignee_id": 0, "tag_id": 1},
    {"assignee_id": 1, "team_id": 1, "account_id": 1},
    {"team_id": 1, "is_breached": True},
    {"is_closing_soon": True, "unread_by": 1},
    {"due_before": FAR_FUTURE},
    {"mentions_of": 1, "drafts_of": 1},
    {"openid": "o1", "contact_id": 1, "is_spam": True},
)


@pytest.mark.one_database
@pytest.mark.parametrize("narrow", [2_000, -1], ids=["few", "many"])
@pytest.mark.parametrize("order", list(Order))
def test_no_list_reads_the_whole_table(runtime, order, narrow, monkeypatch):
    """SQLite would say SCAN; with so few rows PostgreSQL's plan says nothing."""
    monkeypatch.setattr(LISTS, narrow)
    statements: list[tuple[str, object]] = []

    def note(_connection, _cursor, statement, parameters, *_rest) -> None:
        statements.append((statement, parameters))

    event.listen(runtime.engine, "before_cursor_execute", note)
    with runtime.reading() as session:
        for filters in COMBINATIONS:
            wanted = ConversationFilter(**filters)
            page_of(session, wanted, order, None, 50)
            count_up_to(session, ConversationFilter(**({"statuses": (Status.OPEN,)} | filters)), 9)
    event.remove(runtime.engine, "before_cursor_execute", note)
    assert len(statements) >= 2 * len(COMBINATIONS)
    with runtime.engine.connect() as connection:
        for statement, parameters in statements:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            steps = [row[-1] for row in plan]
            assert not [step for step in steps if step.startswith("SCAN conversations")], statement


class TestFilters:
    @pytest.fixture
    def found(self, lin):
        def found(**query: object) -> list[str]:
            answer = lin.get("/conversations", **query)
            assert answer.status_code == 200, answer.json
            return sorted(item["openid"] for item in answer.json["items"])

        return found

    def test_several_states_at_once(self, runtime, account, lin, found):
        for name in ("oOpen", "oDone", "oLater"):
            message = customer_writes(runtime, account, openid=name)
        with runtime.unit_of_work() as uow:
            uow.session.execute(
                update(Conversation)
                .where(Conversation.id == message.conversation_id)
                .values(status=Status.SNOOZED)
            )
        assert found(status="open,snoozed") == ["oDone", "oLater", "oOpen"]
        assert found(status="snoozed") == ["oLater"]
        assert found(status="resolved") == []

    def test_mine_to_read_with_mentions_and_drafts(self, runtime, account, found, team):
        first = customer_writes(runtime, account, openid="oFirst")
        second = customer_writes(runtime, account, openid="oSecond")
        third = customer_writes(runtime, account, openid="oThird")
        with runtime.unit_of_work() as uow:
            now = uow.now
            uow.session.add_all(
                [
                    ReadMark(
                        agent_id=team.lin,
                        contact_id=first.contact_id,
                        message_id=first.id,
                        read_at=now,
                    ),
                    Draft(
                        agent_id=team.lin,
                        conversation_id=second.conversation_id,
                        kind=DraftKind.REPLY,
                        text="还没写完",
                        updated_at=now,
                    ),
                ]
            )
            for message, seen_at in ((second, now), (third, None)):
                uow.session.add(
                    Mention(
                        message_id=message.id,
                        conversation_id=message.conversation_id,
                        agent_id=team.lin,
                        created_at=now,
                        seen_at=seen_at,
                    )
                )
        assert found(unread="true") == ["oSecond", "oThird"]
        assert found(drafts="me") == ["oSecond"]
        assert found(mentions="me") == ["oSecond", "oThird"]
        assert found(mentions="unseen") == ["oThird"]
        assert found(contact=first.contact_id) == ["oFirst"]
        answer_id = agent_answers(runtime, second, team.lin)
        assert answer_id
        assert found(unread="true") == ["oThird"]  # what a colleague wrote last is not unread

    def test_what_is_resolved_is_unread_only_on_request(self, runtime, account, found):
        for name in ("oOpen", "oDone"):
            message = customer_writes(runtime, account, openid=name)
        with runtime.unit_of_work() as uow:
            done = update(Conversation).where(Conversation.id == message.conversation_id)
            uow.session.execute(done.values(status=Status.RESOLVED, resolved_at=uow.now))
        assert found(unread="true") == ["oOpen"]
        assert found(unread="true", status="resolved") == ["oDone"]
        assert found(unread="false") == ["oDone", "oOpen"]

    def test_spam_is_shown_on_request_only_and_merged_ones_never(self, runtime, account, found):
        for name in ("oGood", "oSpam", "oMerged"):
            customer_writes(runtime, account, openid=name)
        with runtime.unit_of_work() as uow:
            ids = uow.session.scalars(select(Conversation.id).order_by(Conversation.id)).all()
            spam = update(Conversation).where(Conversation.id == ids[1]).values(is_spam=True)
            uow.session.execute(spam)
            merged = update(Conversation).where(Conversation.id == ids[2])
            uow.session.execute(
                merged.values(merged_into_id=ids[0], status=Status.RESOLVED, resolved_at=uow.now)
            )
        assert found() == ["oGood"]
        assert found(spam="true") == ["oSpam"]

    def test_urgent_ones_first_then_by_deadline(self, runtime, account, lin, clock):
        wanted = [Priority.NORMAL, Priority.LOW, Priority.URGENT, Priority.HIGH, Priority.URGENT]
        for number, priority in enumerate(wanted):
            message = customer_writes(runtime, account, openid=f"o{number}")
            clock.advance(seconds=1)
            with runtime.unit_of_work() as uow:
                uow.session.get_one(Conversation, message.conversation_id).priority = priority
        seen, cursor = [], ""
        while cursor is not None:
            page = lin.get("/conversations", order="priority", limit=1, cursor=cursor).json
            seen += [item["openid"] for item in page["items"]]
            cursor = page["next_cursor"]
        assert seen == ["o2", "o4", "o3", "o0", "o1"]

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ({"status": "open,done"}, "status"),
            ({"team": "sales"}, "team"),
            ({"tag": "没有"}, "tag"),
            ({"priority": "top"}, "priority"),
            ({"contact": "x"}, "contact"),
            ({"due_soon": "soon"}, "due_soon"),
            ({"unread": "2"}, "unread"),
            ({"mentions": "all"}, "mentions"),
            ({"drafts": "all"}, "drafts"),
            ({"view": "x"}, "view"),
        ],
    )
    def test_a_wrong_filter_is_422_with_its_name(self, account, lin, query, field):
        answer = lin.get("/conversations", **query)
        assert (answer.status_code, answer.json.get("field")) == (422, field)


class TestKnownRows:
    """A browser that heard of no change names what it has, and is told only the places."""

    @pytest.fixture
    def wrote(self, runtime, account, clock):
        for number in range(4):
            customer_writes(runtime, account, f"{number}", openid=f"o{number}")
            clock.advance(seconds=1)

    def test_of_known_ones_only_the_id_is_told_in_its_place(self, lin, wrote):
        rows = lin.get("/conversations", order="newest").json["items"]
        known = f"{rows[0]['id']},{rows[2]['id']}"
        told = lin.get("/conversations", order="newest", known=known).json["items"]
        assert told == [{"id": rows[0]["id"]}, rows[1], {"id": rows[2]["id"]}, rows[3]]

    def test_pages_and_cursors_are_the_same_for_who_knows_all(self, lin, wrote):
        first = lin.get("/conversations", order="newest", limit=2).json
        known = ",".join(str(row["id"]) for row in first["items"])
        again = lin.get("/conversations", order="newest", limit=2, known=known).json
        assert again["next_cursor"] == first["next_cursor"]
        assert again["items"] == [{"id": row["id"]} for row in first["items"]]

    def test_what_left_the_list_or_never_was_is_not_told_although_known(self, lin, wrote):
        rows = lin.get("/conversations", order="newest", status="open").json["items"]
        gone = rows[1]["id"]
        lin.post(f"/conversations/{gone}/resolve")
        known = ",".join([*(str(row["id"]) for row in rows), "999999"])
        told = lin.get("/conversations", order="newest", status="open", known=known).json["items"]
        assert told == [{"id": row["id"]} for row in rows if row["id"] != gone]

    @pytest.mark.parametrize("known", ["1,x", "-1", "1;2", ",".join(map(str, range(501)))])
    def test_what_is_no_list_of_ids_is_refused(self, lin, known):
        answer = lin.get("/conversations", known=known)
        assert (answer.status_code, answer.json["field"]) == (422, "known")


class TestCounts:
    def test_the_counts_are_the_lengths_of_the_lists(self, runtime, crowd, lin, team):
        counts = lin.get("/inbox/counts").json

        def length(**query: object) -> int:
            return len(lin.get("/conversations", limit=500, **query).json["items"])

        assert counts["mine"] == length(status="open", assignee="me")
        assert counts["unassigned"] == length(status="open", assignee="none")
        assert counts["all"] == length(status="open")
        assert counts["breached"] == length(status="open", breached="true")
        assert counts["due_soon"] == length(status="open", due_soon="true")
        assert counts["closing_soon"] == length(status="open", closing_soon="true")
        assert counts["pending"] == length(status="pending")
        assert counts["snoozed"] == length(status="snoozed")
        assert counts["spam"] == length(status="open,pending,snoozed", spam="true")
        assert counts["all"] > 0
        assert counts["breached"] > 0
        assert counts["closing_soon"] > 0

    def test_who_waits_longest_is_shown_to_whom_it_concerns(
        self, runtime, account, lin, team, clock
    ):
        first = customer_writes(runtime, account, openid="oFirst")
        clock.advance(seconds=60)
        hers = customer_writes(runtime, account, openid="oHers")
        mine = customer_writes(runtime, account, openid="oMine")
        with runtime.unit_of_work() as uow:
            uow.session.get_one(Conversation, hers.conversation_id).assignee_id = team.mei
            uow.session.get_one(Conversation, mine.conversation_id).assignee_id = team.lin
        clock.advance(seconds=90)
        assert lin.get("/inbox/counts").json["slow"] == {"count": 0, "items": []}
        clock.advance(seconds=60)
        slow = lin.get("/inbox/counts").json["slow"]
        assert slow["count"] == 1
        assert slow["items"][0]["id"] == first.conversation_id
        assert slow["items"][0]["contact"]["id"] == first.contact_id
        clock.advance(seconds=60)
        counts = lin.get("/inbox/counts").json
        assert [one["id"] for one in counts["slow"]["items"]] == [
            first.conversation_id,
            mine.conversation_id,
        ]
        assert counts["slow"]["items"][1]["assignee_id"] == team.lin
        assert counts["oldest_waiting_since"] == "2026-03-02T09:00:00.000Z"

    def test_mentions_and_drafts_are_ones_own(self, runtime, account, lin, mei, team):
        message = customer_writes(runtime, account)
        with runtime.unit_of_work() as uow:
            uow.session.add(
                Mention(
                    message_id=message.id,
                    conversation_id=message.conversation_id,
                    agent_id=team.lin,
                    created_at=uow.now,
                )
            )
            for kind in DraftKind:
                uow.session.add(
                    Draft(
                        agent_id=team.mei,
                        conversation_id=message.conversation_id,
                        kind=kind,
                        text="x",
                        updated_at=uow.now,
                    )
                )
        hers, mine = mei.get("/inbox/counts").json, lin.get("/inbox/counts").json
        assert (mine["mentions"], mine["drafts"]) == (1, 0)
        assert (hers["mentions"], hers["drafts"]) == (0, 1)

    def test_what_lists_hide_is_not_counted(self, runtime, account, lin, team):
        hidden = ({}, {"is_spam": True}, {"merged_into_id": True}, {"resolved_at": None})
        for number, changes in enumerate(hidden):
            message = customer_writes(runtime, account, openid=f"o{number}")
            values = {"status": Status.RESOLVED, "resolved_at": runtime.clock(), **changes}
            if "merged_into_id" in changes:
                values["merged_into_id"] = message.conversation_id - 1
            with runtime.unit_of_work() as uow:
                it = update(Conversation).where(Conversation.id == message.conversation_id)
                uow.session.execute(it.values(values))
                for kind in DraftKind:
                    uow.session.add(
                        Draft(
                            agent_id=team.lin,
                            conversation_id=message.conversation_id,
                            kind=kind,
                            text="x",
                            updated_at=uow.now,
                        )
                    )
        counts = lin.get("/inbox/counts").json
        assert counts["resolved_today"] == 1
        assert counts["drafts"] == len(lin.get("/conversations", drafts="me").json["items"]) == 2

    def test_nobody_waits(self, account, lin):
        counts = lin.get("/inbox/counts").json
        assert counts["oldest_waiting_since"] is None
        assert counts["slow"] == {"count": 0, "items": []}


class TestSavedViews:
    def test_a_view_keeps_filters_and_order(self, runtime, account, lin, team, clock):
        made = lin.post("/views", {"name": " 紧急  的 ", "query": {"priority": "urgent"}})
        assert made.status_code == 201
        view = made.json
        assert (view["name"], view["is_shared"], view["may_edit"]) == ("紧急 的", False, True)
        assert view["owner"] == {"id": team.lin, "name": "Lin"}
        assert view["query"] == {"priority": "urgent"}
        for number in range(3):
            message = customer_writes(runtime, account, openid=f"o{number}")
        with runtime.unit_of_work() as uow:
            it = uow.session.get_one(Conversation, message.conversation_id)
            it.priority = Priority.URGENT
        found = lin.get("/conversations", view=view["id"]).json["items"]
        assert [item["openid"] for item in found] == ["o2"]
        assert lin.get("/inbox/counts").json["views"] == {str(view["id"]): 1}
        over = lin.get("/conversations", view=view["id"], priority="normal").json["items"]
        assert len(over) == 2

    def test_the_order_of_a_view_holds_for_its_pages(self, runtime, account, lin, clock):
        query = {"status": "open", "order": "newest", "spam": False, "breached": None}
        view = lin.post("/views", {"name": "新的", "query": query}).json
        assert view["query"] == {"status": "open", "order": "newest", "spam": "false"}
        for number in range(3):
            customer_writes(runtime, account, openid=f"o{number}")
            clock.advance(seconds=5)
        first = lin.get("/conversations", view=view["id"], limit=2).json
        rest = lin.get("/conversations", view=view["id"], limit=2, cursor=first["next_cursor"]).json
        openids = [item["openid"] for item in first["items"] + rest["items"]]
        assert openids == ["o2", "o1", "o0"]

    def test_shared_ones_are_seen_by_all_and_changed_by_few(self, account, lin, mei, zhou):
        own = lin.post("/views", {"name": "自己的", "query": {}}).json
        shared = lin.post("/views", {"name": "大家的", "query": {}, "is_shared": True}).json
        names = lambda api: [view["name"] for view in api.get("/views").json["items"]]  # noqa: E731
        assert names(lin) == ["自己的", "大家的"]
        assert names(mei) == ["大家的"]
        assert mei.get("/views").json["items"][0]["may_edit"] is False
        assert zhou.get("/views").json["items"][0]["may_edit"] is True
        path = f"/views/{shared['id']}"
        assert mei.patch(path, {"name": "我的"}).status_code == 403
        assert mei.delete(path).status_code == 403
        assert mei.patch(f"/views/{own['id']}", {"name": "我的"}).status_code == 404
        assert zhou.patch(path, {"is_shared": False}).status_code == 403
        assert zhou.patch(path, {"name": "全体"}).json["name"] == "全体"
        assert lin.patch(path, {"is_shared": False}).json["is_shared"] is False
        assert names(mei) == []
        assert lin.delete(path).status_code == 204
        assert lin.delete(path).status_code == 404

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"query": {}}, "name"),
            ({"name": "", "query": {}}, "name"),
            ({"name": "x" * 41, "query": {}}, "name"),
            ({"name": "x", "query": []}, "query"),
            ({"name": "x", "query": {"colour": "red"}}, "query.colour"),
            ({"name": "x", "query": {"status": "done"}}, "query.status"),
            ({"name": "x", "query": {"status": ["open"]}}, "query.status"),
            ({"name": "x", "query": {"account": "nobody"}}, "query.account"),
            ({"name": "x", "query": {"order": "random"}}, "query.order"),
            ({"name": "x", "query": {"openid": "x" * 300}}, "query.openid"),
            ({"name": "x", "query": {}, "is_shared": "yes"}, "is_shared"),
        ],
    )
    def test_what_the_list_would_refuse_is_not_saved(self, account, lin, body, field):
        answer = lin.post("/views", body)
        assert (answer.status_code, answer.json.get("field")) == (422, field)

    def test_fifty_are_enough_for_one_person(self, account, lin, mei):
        for number in range(50):
            assert lin.post("/views", {"name": f"{number}", "query": {}}).status_code == 201
        assert lin.post("/views", {"name": "51", "query": {}}).json["field"] == "name"
        assert mei.post("/views", {"name": "1", "query": {}}).status_code == 201

    def test_shared_ones_have_an_end_so_that_everybody_sees_them_all(self, account, lin, mei):
        for number in range(50):
            query = {"name": f"{number}", "query": {}}
            assert lin.post("/views", {**query, "is_shared": True}).status_code == 201
            hers = mei.post("/views", query).json
        items = mei.get("/views").json["items"]
        assert [view["is_shared"] for view in items] == [False] * 50 + [True] * 50
        refused = mei.patch(f"/views/{hers['id']}", {"is_shared": True})
        assert (refused.status_code, refused.json["field"]) == (422, "is_shared")

    def test_a_count_that_takes_long_is_kept_longer(self, runtime, account, clock):
        times = itertools.cycle([0.0, 0.01, 0.0, 0.4])  # seconds; before and after each count
        cache = TotalsCache(timer=lambda: next(times))
        wanted = [("quick", ConversationFilter()), ("slow", ConversationFilter())]

        def sizes() -> list[int]:
            with runtime.reading() as session:
                return cache.views(session, clock.now, wanted)

        assert sizes() == [0, 0]
        customer_writes(runtime, account)
        clock.advance(seconds=6)
        assert sizes() == [1, 0]
        clock.advance(seconds=15)
        next(times), next(times)
        assert sizes()[1] == 1

    def test_a_view_of_a_tag_that_is_gone_is_empty_and_says_why(self, runtime, account, lin):
        with runtime.unit_of_work() as uow:
            uow.session.add(ConversationTag(name="催单", created_at=uow.now))
        view = lin.post("/views", {"name": "催单", "query": {"tag": "催单"}}).json
        with runtime.unit_of_work() as uow:
            uow.session.delete(uow.session.scalars(select(ConversationTag)).one())
        assert lin.get("/inbox/counts").json["views"] == {str(view["id"]): 0}
        assert lin.get("/conversations", view=view["id"]).json["field"] == "tag"

    def test_a_view_of_mine_is_each_readers_own(self, runtime, account, lin, mei, team):
        make_account(runtime, slug="other", original_id="gh_o", app_id="wx_o")
        message = customer_writes(runtime, account)
        agent_answers(runtime, message, team.lin)
        view = lin.post(
            "/views", {"name": "我的", "query": {"assignee": "me"}, "is_shared": True}
        ).json
        assert lin.get("/inbox/counts").json["views"] == {str(view["id"]): 1}
        assert mei.get("/inbox/counts").json["views"] == {str(view["id"]): 0}


def test_breaches_appear_in_list_and_count(runtime, account, lin, clock):
    customer_writes(runtime, account)
    clock.advance(seconds=400)
    check_deadlines()
    assert lin.get("/inbox/counts").json["breached"] == 1
    assert len(lin.get("/conversations", breached="true").json["items"]) == 1
