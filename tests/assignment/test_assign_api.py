"""Claim, assign, transfer and take over through the API, with a line in the thread for each."""

import pytest
from cast import agent_answers, customer_writes
from sqlalchemy import select

from wxdesk.conversations.models import Conversation, Message
from wxdesk.inbox.operations import resolve


@pytest.fixture
def one(desk) -> int:
    [found] = desk.writes()
    return found


def assign(api, one: int, **body):
    return api.post(f"/conversations/{one}/assign", body)


def lines_of(desk, one: int) -> list[tuple]:
    """Action, author, from and to of each line, by name."""
    name = lambda person: person["name"] if person else None  # noqa: E731
    return [
        (line["action"], name(line["by"]), name(line.get("from")), name(line.get("to")))
        for line in desk.lines(one)
    ]


class TestAgents:
    def test_a_claim_shows_since_when_and_leaves_a_line(self, desk, one, lin, clock):
        shown = assign(lin, one, assignee="me").json
        assert shown["assignee"]["name"] == "Lin"
        assert shown["assigned_at"] is not None
        assert lines_of(desk, one) == [("claimed", "Lin", None, "Lin")]

    def test_whoever_was_quicker_is_named_to_whoever_was_not(self, one, lin, mei):
        assign(lin, one, assignee="me")
        answer = assign(mei, one, assignee="me")
        assert answer.status_code == 409
        assert answer.json["assignee"]["name"] == "Lin"

    def test_a_second_claim_by_the_same_agent_changes_nothing(self, desk, one, lin):
        assign(lin, one, assignee="me")
        version = desk.conversation(one).version
        assert assign(lin, one, assignee="me").status_code == 200
        assert desk.conversation(one).version == version
        assert len(desk.lines(one)) == 1

    def test_taking_over_names_from_whom(self, desk, one, lin, mei):
        assign(lin, one, assignee="me")
        assert assign(mei, one, assignee="me", take_over=True).status_code == 200
        assert lines_of(desk, one)[-1] == ("claimed", "Mei", "Lin", "Mei")

    def test_whoever_has_it_hands_it_on_without_taking_over(self, desk, team, one, lin, mei):
        assign(lin, one, assignee="me")
        assert assign(lin, one, assignee=team.mei).status_code == 200
        assert lines_of(desk, one)[-1] == ("transferred", "Lin", "Lin", "Mei")
        assert assign(lin, one, assignee=team.zhou).status_code == 409

    def test_a_supervisor_gives_what_nobody_has(self, desk, team, one, zhou):
        assign(zhou, one, assignee=team.mei)
        assert lines_of(desk, one) == [("assigned", "Zhou", None, "Mei")]

    def test_giving_back_leaves_nobody(self, desk, one, lin):
        assign(lin, one, assignee="me")
        shown = assign(lin, one, assignee=None).json
        assert (shown["assignee"], shown["assigned_at"], shown["returned"]) == (None, None, None)
        assert lines_of(desk, one)[-1] == ("unassigned", "Lin", "Lin", None)

    def test_a_note_goes_with_it(self, desk, team, one, lin):
        assign(lin, one, assignee="me")
        assign(lin, one, assignee=team.mei, note="  客户要换货,已同意  ")
        with desk.runtime.reading() as session:
            note = session.scalars(select(Message).where(Message.kind == "note")).one()
        assert (note.text, note.sender_id) == ("客户要换货,已同意", team.lin)

    def test_a_refused_transfer_keeps_no_note(self, desk, one, lin, mei):
        assign(lin, one, assignee="me")
        assert assign(mei, one, assignee="me", note="我来").status_code == 409
        with desk.runtime.reading() as session:
            assert not session.scalars(select(Message).where(Message.kind == "note")).all()

    def test_answering_what_nobody_has_takes_it(self, desk, team):
        question = customer_writes(desk.runtime, desk.account)
        agent_answers(desk.runtime, question, team.lin)
        assert desk.conversation(question.conversation_id).assigned_at is not None
        assert lines_of(desk, question.conversation_id) == [("claimed", "Lin", None, "Lin")]

    def test_a_resolved_one_belongs_to_nobody_new(self, desk, one, lin):
        with desk.runtime.unit_of_work() as uow:
            resolve(uow, one)
        assert assign(lin, one, assignee="me").status_code == 409

    @pytest.mark.parametrize("who", ["chen", "gone", 10**9])
    def test_who_can_not_answer_gets_nothing(self, desk, team, one, lin, who):
        desk.set(team.mei, is_active=False)
        agent_id = {"chen": team.chen, "gone": team.mei}.get(who, who)
        answer = assign(lin, one, assignee=agent_id)
        assert (answer.status_code, answer.json["field"]) == (422, "assignee")


class TestTeams:
    def test_a_transfer_to_a_team_clears_the_assignee(self, desk, team, one, lin):
        to = desk.make_team(team.mei, name="售后")
        assign(lin, one, assignee="me")
        shown = assign(lin, one, team=to, note="退款的事").json
        assert (shown["assignee"], shown["team"]) == (None, {"id": to, "name": "售后"})
        line = desk.lines(one)[-1]
        assert line["action"] == "transferred"
        assert line["team"] == {"id": to, "name": "售后"}
        assert line["from"]["name"] == "Lin"

    def test_a_transfer_to_somebody_in_a_team_sets_both(self, desk, team, one, lin):
        to = desk.make_team(team.mei, name="售后")
        shown = assign(lin, one, team=to, assignee=team.mei).json
        assert (shown["assignee"]["name"], shown["team"]["name"]) == ("Mei", "售后")

    def test_it_can_be_taken_out_of_a_team(self, desk, team, lin):
        desk.make_team(team.lin)
        [one] = desk.writes()
        shown = assign(lin, one, team=None, assignee="me").json
        assert (shown["assignee"]["name"], shown["team"]) == ("Lin", None)

    @pytest.mark.parametrize("wrong", [10**9, "售后", True, 0])
    def test_a_team_that_is_none(self, one, lin, wrong):
        answer = assign(lin, one, team=wrong)
        assert (answer.status_code, answer.json["field"]) == (422, "team")

    def test_one_of_both_is_needed(self, one, lin):
        answer = assign(lin, one, note="nur so")
        assert (answer.status_code, answer.json["field"]) == (422, "assignee")


class TestTheNextOne:
    def next_of(self, api) -> int | None:
        answer = api.post("/conversations/next")
        return None if answer.status_code == 204 else answer.json["id"]

    def test_it_is_the_most_urgent_of_ones_teams_and_of_no_team(self, desk, team, lin, mei):
        [of_nobody] = desk.writes()
        desk.make_team(team.mei, name="售后")
        [of_others] = desk.writes()
        desk.make_team(team.lin, name="售前")
        [own] = desk.writes()
        with desk.runtime.unit_of_work() as uow:
            urgent = uow.session.get_one(Conversation, own)
            urgent.urgency_rank, urgent.urgent_at = 0, uow.now
        assert self.next_of(lin) == own
        assert self.next_of(lin) == of_nobody
        assert self.next_of(lin) is None
        assert self.next_of(mei) == of_others

    def test_whoever_asks_may_go_beyond_their_capacity(self, desk, team, one, lin):
        desk.set(team.lin, capacity=0)
        assert self.next_of(lin) == one

    def test_spam_is_never_the_next(self, desk, one, lin):
        with desk.runtime.unit_of_work() as uow:
            uow.session.get_one(Conversation, one).is_spam = True
        assert self.next_of(lin) is None
