"""From the end of a conversation to the score: over HTTP, with a phone that is tapped."""

import threading

import pytest
import requests
from cast import WANG, make_rule
from sqlalchemy import event, select, update

from wxdesk.accounts.models import Account
from wxdesk.contacts.models import Contact
from wxdesk.conversations.models import Conversation, Message
from wxdesk.conversations.rules import Direction, Line, Place
from wxdesk.intake.queries import account_for_everything
from wxdesk.outbound.models import DeliveryRow
from wxdesk.satisfaction.asking import ask as ask_one
from wxdesk.satisfaction.asking import list_due
from wxdesk.satisfaction.jobs import ask
from wxdesk.satisfaction.rules import COMMENT_QUESTION, HEAD, RatingState

ANSWER = "查到了，今天发货。"
LOW = "服务态度很差"


def incoming(story) -> list[tuple[str, str, str | None]]:
    with story.runtime.reading() as session:
        rows = session.scalars(
            select(Message).where(Message.direction == Direction.INCOMING).order_by(Message.id)
        )
        return [(row.text, row.place, row.set_aside_reason) for row in rows]


def scores_in_thread(story) -> list[int]:
    with story.runtime.reading() as session:
        rows = session.scalars(
            select(Message).where(Message.kind == Line.ACTIVITY).order_by(Message.id)
        )
        return [row.payload["score"] for row in rows if row.payload["action"] == "rated"]


def is_balanced(story) -> bool:
    with story.runtime.reading() as session:
        found = account_for_everything(session, story.runtime.redis, story.runtime.spool)
    return found.is_balanced


def test_a_served_customer_is_asked_and_the_tap_becomes_the_score(story):
    conversation_id = story.serve()
    assert story.from_desk() == [ANSWER, HEAD]
    before = story.conversation(conversation_id)
    assert before["rating"]["state"] == "asked"
    question = story.lin.get(f"/conversations/{conversation_id}/thread").json["items"][-1]
    assert (question["sender"]["kind"], question["delivery"]) == ("system", "sent")
    assert question["content"]["choices"][0]["text"] == "非常满意"
    story.clock.advance(minutes=1)
    story.taps(5)
    after = story.conversation(conversation_id)
    assert (after["rating"]["state"], after["rating"]["score"]) == ("rated", 5)
    assert after["rating"]["rated_at"] == "2026-03-02T09:01:31.000Z"
    assert after["status"] == "resolved"
    assert after["version"] > before["version"]
    assert story.open_ones() == []
    assert incoming(story)[-1] == ("非常满意", Place.SET_ASIDE, "rating")
    assert scores_in_thread(story) == [5]
    assert is_balanced(story)
    assert story.from_desk() == [ANSWER, HEAD]


@pytest.mark.one_database
def test_nobody_asks_before_half_a_minute_has_passed_nor_after_half_an_hour(story):
    story.writes("我的订单在哪里?")
    conversation_id = story.answers()
    story.resolves(conversation_id)
    story.asks_after(seconds=29)
    assert story.from_desk() == [ANSWER]
    story.asks_after(minutes=30)
    assert story.from_desk() == [ANSWER]
    assert story.ratings() == []


@pytest.mark.one_database
def test_an_account_that_does_not_ask_does_not(story):
    with story.runtime.unit_of_work() as uow:
        uow.session.execute(update(Account).values(asks_rating=False))
    story.serve()
    assert story.from_desk() == [ANSWER]


@pytest.mark.one_database
def test_a_customer_whom_nobody_answered_is_not_asked(story):
    story.writes("谢谢")
    [conversation_id] = story.open_ones()
    story.resolves(conversation_id)
    story.asks_after(seconds=31)
    assert story.from_desk() == []
    assert story.ratings() == []


def test_an_answer_of_an_earlier_episode_does_not_count(story):
    with story.runtime.unit_of_work() as uow:
        uow.session.execute(update(Account).values(reopen_within_hours=100))
    conversation_id = story.serve()
    story.clock.advance(hours=30)
    story.writes("好的")
    assert story.open_ones() == [conversation_id]
    story.resolves(conversation_id)
    story.asks_after(seconds=31)
    assert len(story.ratings()) == 1
    story.clock.advance(hours=30)
    story.writes("还有一件事")
    story.resolves(story.answers("请说"))
    story.asks_after(seconds=31)
    assert [rating.conversation_id for rating in story.ratings()] == [conversation_id] * 2


def test_a_customer_is_not_asked_again_within_a_day(story):
    story.serve()
    story.clock.advance(hours=2)
    story.writes("还有一个问题")
    story.resolves(story.answers("请说"))
    story.asks_after(seconds=31)
    assert story.from_desk() == [ANSWER, HEAD, "请说"]
    story.clock.advance(hours=22)
    story.writes("又来了")
    story.resolves(story.answers("您好"))
    story.asks_after(seconds=31)
    assert story.from_desk()[-2:] == ["您好", HEAD]
    assert len(story.ratings()) == 2


@pytest.mark.one_database
def test_a_conversation_that_goes_on_is_not_asked_about(story):
    story.writes("我的订单在哪里?")
    story.resolves(story.answers())
    story.clock.advance(seconds=10)
    story.writes("等一下")
    story.asks_after(seconds=31)
    assert story.from_desk() == [ANSWER]


@pytest.mark.one_database
def test_the_last_answers_of_the_window_are_kept_for_people(story):
    story.writes("我的订单在哪里?")
    conversation_id = story.answers()
    story.resolves(conversation_id)
    with story.runtime.unit_of_work() as uow:
        slots = uow.session.scalar(select(Account.slots_for_people))
        uow.session.execute(update(Contact).values(window_remaining=slots))
    story.asks_after(seconds=31)
    assert story.from_desk() == [ANSWER]
    assert story.ratings() == []


@pytest.mark.one_database
def test_a_closed_window_is_not_asked_through(story):
    story.writes("我的订单在哪里?")
    conversation_id = story.answers()
    story.clock.advance(hours=49)
    story.resolves(conversation_id)
    story.asks_after(seconds=31)
    assert story.from_desk() == [ANSWER]
    assert story.ratings() == []


@pytest.mark.one_database
def test_an_account_without_the_message_api_does_not_ask(story):
    story.writes("我的订单在哪里?")
    story.resolves(story.answers())
    with story.runtime.unit_of_work() as uow:
        uow.session.execute(update(Account).values(is_verified=False))
    story.asks_after(seconds=31)
    assert story.ratings() == []


@pytest.mark.one_database
def test_spam_is_not_asked_for_its_opinion(story):
    story.writes("我的订单在哪里?")
    story.resolves(story.answers())
    with story.runtime.unit_of_work() as uow:
        uow.session.execute(update(Conversation).values(is_spam=True))
    story.asks_after(seconds=31)
    assert story.ratings() == []


def test_two_workers_at_once_ask_once(story):
    story.writes("我的订单在哪里?")
    conversation_id = story.answers()
    story.resolves(conversation_id)
    story.clock.advance(seconds=31)
    started = threading.Barrier(4)
    asked = []

    def work() -> None:
        started.wait()
        with story.runtime.unit_of_work() as uow:
            asked.append(ask_one(uow, conversation_id))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(asked) == [False, False, False, True]
    ask()
    story.work_off()
    assert story.from_desk() == [ANSWER, HEAD]
    assert len(story.ratings()) == 1


@pytest.mark.one_database
def test_the_question_changes_nothing_about_the_conversation(story):
    story.writes("我的订单在哪里?")
    conversation_id = story.answers()
    story.resolves(conversation_id)
    before = story.conversation(conversation_id)
    story.asks_after(seconds=31)
    after = story.conversation(conversation_id)
    kept = (
        "status",
        "last_message",
        "waiting_since",
        "clocks",
        "due_at",
        "assignee",
        "resolved_at",
    )
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert after["reply_window"]["remaining"] == before["reply_window"]["remaining"] - 1


@pytest.mark.one_database
def test_the_question_meets_no_clock(story):
    story.writes("我的订单在哪里?")
    conversation_id = story.answers()
    story.writes("还有呢")
    story.resolves(conversation_id)
    story.asks_after(seconds=31)
    assert story.from_desk() == [ANSWER, HEAD]
    assert story.conversation(conversation_id)["clocks"]["next_response"]["met_at"] is None


@pytest.mark.one_database
def test_a_question_that_wechat_refuses_was_not_asked(story):
    story.writes("我的订单在哪里?")
    conversation_id = story.answers()
    story.resolves(conversation_id)
    story.wechat.spoil("errcode", errcode=48002)
    story.asks_after(seconds=31)
    assert story.from_desk() == [ANSWER]
    story.asks_after(seconds=10)
    assert [rating.state for rating in story.ratings()] == [RatingState.UNSENT]
    assert story.conversation(conversation_id)["rating"] is None
    assert story.from_desk() == [ANSWER]


def test_a_question_that_could_not_leave_in_time_is_taken_back(story):
    story.writes("我的订单在哪里?")
    conversation_id = story.answers()
    story.resolves(conversation_id)
    story.wechat.spoil("errcode", errcode=40164)
    story.asks_after(seconds=31)
    story.writes("等一下")
    story.asks_after(seconds=10)
    with story.runtime.reading() as session:
        states = session.scalars(select(DeliveryRow.state).order_by(DeliveryRow.id)).all()
    assert states == ["sent", "withdrawn"]
    assert [rating.state for rating in story.ratings()] == [RatingState.UNSENT]


def test_a_question_that_stood_behind_answers_for_long_is_taken_back(story):
    story.writes("我的订单在哪里?")
    story.resolves(story.answers())
    story.clock.advance(seconds=31)
    ask()  # and nothing leaves: others' answers are always due
    story.clock.advance(minutes=29)
    ask()
    assert [rating.state for rating in story.ratings()] == [RatingState.ASKED]
    story.asks_after(minutes=2)
    assert story.from_desk() == [ANSWER]
    assert [rating.state for rating in story.ratings()] == [RatingState.UNSENT]


@pytest.mark.one_database
def test_a_question_waits_for_no_new_conversation_of_the_customer(story):
    with story.runtime.unit_of_work() as uow:
        uow.session.execute(update(Account).values(reopen_within_hours=0))
    story.writes("我的订单在哪里?")
    rated = story.answers()
    story.resolves(rated)
    story.wechat.spoil("errcode", errcode=40164)
    story.asks_after(seconds=31)
    story.writes("等一下")
    assert story.open_ones() != [rated]
    story.asks_after(seconds=10)
    assert [rating.state for rating in story.ratings()] == [RatingState.UNSENT]


@pytest.mark.one_database
def test_the_summary_counts_answers_of_those_who_were_asked_then(story):
    story.serve()
    story.clock.advance(days=1)
    story.taps(4)
    first, second = (
        story.zhou.get("/ratings", **{"from": day, "to": day}).json
        for day in ("2026-03-02", "2026-03-03")
    )
    assert (first["summary"]["asked"], first["summary"]["count"], first["items"]) == (1, 1, [])
    assert (second["summary"]["asked"], second["summary"]["count"]) == (0, 0)
    assert [item["score"] for item in second["items"]] == [4]


@pytest.mark.one_database
def test_a_tap_that_is_delivered_twice_counts_once(story):
    conversation_id = story.serve()
    story.taps(4)
    bubble = story.last_reply
    requests.post(
        f"{story.wechat.url}/sim/redeliver?wait=1",
        json={"openid": WANG, "message_id": str(bubble["id"])},
        timeout=30,
    ).raise_for_status()
    story.taps(4)
    assert story.conversation(conversation_id)["rating"]["score"] == 4
    assert scores_in_thread(story) == [4]


def test_a_changed_mind_counts_for_ten_minutes(story):
    conversation_id = story.serve()
    story.taps(3)
    story.clock.advance(minutes=9)
    story.taps(5)
    assert story.conversation(conversation_id)["rating"]["score"] == 5
    story.clock.advance(minutes=2)
    story.taps(4)
    assert story.conversation(conversation_id)["rating"]["score"] == 5
    assert scores_in_thread(story) == [3, 5]
    assert story.open_ones() == []


@pytest.mark.one_database
def test_a_question_that_nobody_answers_expires_and_a_late_tap_counts_all_the_same(story):
    conversation_id = story.serve()
    story.asks_after(days=3, seconds=1)
    assert story.conversation(conversation_id)["rating"]["state"] == "expired"
    story.taps(5)
    rating = story.conversation(conversation_id)["rating"]
    assert (rating["state"], rating["score"]) == ("rated", 5)
    assert story.open_ones() == []


@pytest.mark.one_database
def test_a_rule_does_not_answer_the_score(story):
    make_rule(story.runtime, story.account, "满意", "感谢认可")
    story.serve()
    story.clock.advance(seconds=2)
    story.taps(5)
    assert story.last_reply["outcome"] == "success"
    assert [rating.score for rating in story.ratings()] == [5]


@pytest.mark.one_database
def test_a_tap_on_a_question_that_nobody_knows_is_a_message(story):
    story.serve()
    story.writes("满意", "csat-987654-4")
    assert len(story.open_ones()) == 1
    assert incoming(story)[-1] == ("满意", Place.CONVERSATION, None)


def test_a_low_score_is_asked_for_its_reason(story):
    conversation_id = story.serve()
    story.taps(2)
    story.work_off()
    assert story.from_desk() == [ANSWER, HEAD, COMMENT_QUESTION]
    story.clock.advance(seconds=20)
    story.writes(LOW)
    rating = story.conversation(conversation_id)["rating"]
    assert (rating["score"], rating["comment"]) == (2, LOW)
    assert story.open_ones() == []
    assert incoming(story)[-1] == (LOW, Place.SET_ASIDE, "rating")
    assert is_balanced(story)
    story.writes("再说一句")
    assert story.open_ones() == [conversation_id]


@pytest.mark.one_database
@pytest.mark.parametrize("text", ["为什么这么慢?", "我要退款", "单号 12345678", "太慢" * 101])
def test_a_comment_that_may_need_an_answer_goes_to_people_too(story, text):
    conversation_id = story.serve()
    story.taps(1)
    story.work_off()
    story.clock.advance(seconds=20)
    story.writes(text)
    assert story.open_ones() == [conversation_id]
    assert incoming(story)[-1] == (text, Place.CONVERSATION, None)
    assert story.conversation(conversation_id)["rating"]["comment"] == text


@pytest.mark.one_database
def test_a_comment_that_a_rule_answers_stays_answered_and_is_a_comment(story):
    make_rule(story.runtime, story.account, "太差", "已记录")
    conversation_id = story.serve()
    story.taps(1)
    story.work_off()
    story.clock.advance(seconds=20)
    story.writes("太差了")
    assert incoming(story)[-1] == ("太差了", Place.AUTO_ANSWERED, None)
    assert story.conversation(conversation_id)["rating"]["comment"] == "太差了"


@pytest.mark.one_database
def test_what_was_written_before_the_question_for_the_reason_is_a_message(story):
    conversation_id = story.serve()
    story.taps(1)
    story.writes(LOW)  # the question for the reason has not left yet
    assert story.open_ones() == [conversation_id]
    assert story.conversation(conversation_id)["rating"]["comment"] == ""


@pytest.mark.one_database
def test_a_comment_is_waited_for_half_an_hour(story):
    conversation_id = story.serve()
    story.taps(1)
    story.work_off()
    story.clock.advance(minutes=31)
    story.writes(LOW)
    assert story.open_ones() == [conversation_id]


@pytest.mark.one_database
def test_who_writes_something_else_first_is_served_by_people(story):
    conversation_id = story.serve()
    story.taps(1)
    story.work_off()
    story.clock.advance(seconds=20)
    requests.post(
        f"{story.wechat.url}/sim/customers/{WANG}/messages?wait=1",
        json={
            "kind": "location",
            "latitude": 31.2,
            "longitude": 121.4,
            "label": "店里",
            "scale": 15,
        },
        timeout=30,
    ).raise_for_status()
    story.writes(LOW)
    assert story.open_ones() == [conversation_id]
    assert incoming(story)[-1] == (LOW, Place.CONVERSATION, None)


@pytest.mark.one_database
def test_a_mind_that_changed_to_satisfied_is_not_waited_for(story):
    conversation_id = story.serve()
    story.taps(1)
    story.work_off()
    story.clock.advance(seconds=20)
    story.taps(5)
    story.writes("谢谢你们")
    assert story.open_ones() == [conversation_id]
    assert story.conversation(conversation_id)["rating"]["comment"] == ""


@pytest.mark.one_database
def test_a_tap_while_people_serve_the_customer_asks_nothing_more(story):
    conversation_id = story.serve()
    story.writes("还有一个问题")
    story.taps(1)
    story.work_off()
    assert story.from_desk() == [ANSWER, HEAD]
    assert story.open_ones() == [conversation_id]
    assert story.conversation(conversation_id)["rating"]["score"] == 1


def test_managers_read_the_ratings_and_agents_the_customers(story):
    today = {"from": "2026-03-02", "to": "2026-03-02"}
    conversation_id = story.serve()
    story.taps(2)
    zhou = story.zhou
    page = zhou.get("/ratings", **today).json
    assert page["summary"] == {
        "asked": 1,
        "count": 1,
        "average": 2.0,
        "by_score": {"5": 0, "4": 0, "3": 0, "2": 1, "1": 0},
    }
    [line] = page["items"]
    assert (line["score"], line["account"], line["agent"]["name"]) == (2, "yunshan", "Lin")
    assert zhou.get("/ratings", **{"from": "2026-03-03"}).json["items"] == []
    assert zhou.get("/ratings", account="yunshan", agent=story.lin.agent_id).json["items"] == [line]
    for name, day in (("from", "yesterday"), ("from", "0001-01-01"), ("to", "9999-12-31")):
        refused = zhou.get("/ratings", **{name: day})
        assert (refused.status_code, refused.json["field"]) == (422, name)
    assert "yunshan,Lin,2," in zhou.get("/ratings.csv").get_data(as_text=True)
    assert story.lin.get("/ratings").status_code == 403
    [of_wang] = story.lin.get(f"/contacts/{line['contact']['id']}/ratings").json["items"]
    assert (of_wang["conversation_id"], of_wang["score"]) == (conversation_id, 2)


@pytest.mark.one_database
def test_whom_to_ask_is_found_by_the_time_of_the_end(story):
    seen = []

    def note(_connection, _cursor, statement, parameters, *_more) -> None:
        if "BETWEEN" in statement:
            seen.append((statement, parameters))

    engine = story.runtime.engine
    event.listen(engine, "before_cursor_execute", note)
    with story.runtime.reading() as session:
        list_due(session, [story.account.id], story.clock.now, after=None, limit=200)
        event.remove(engine, "before_cursor_execute", note)
        [(statement, parameters)] = seen
        plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        assert "USING INDEX ix_conversations_resolved" in next(row[3] for row in plan)
