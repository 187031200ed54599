"""Customers who leave: everything of theirs goes, the reports' numbers stay, with proof."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from cast import (
    WANG,
    agent_answers,
    auto_answer,
    conversation_of,
    customer_writes,
    entry,
    make_rule,
    messages_of,
    record_waiting,
)
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import OperationalError

from wxdesk.all_models import metadata
from wxdesk.audit.models import AuditEntry
from wxdesk.background_jobs import FORGET_CUSTOMERS
from wxdesk.bulk_actions.models import BulkRow, BulkRun
from wxdesk.bulk_actions.rules import BulkAction
from wxdesk.contacts.changes import change_remark, change_tags
from wxdesk.contacts.models import Contact, ContactField, ContactFieldValue
from wxdesk.contacts.rules import FieldKind
from wxdesk.conversations import standings
from wxdesk.conversations.drafts import keep_draft
from wxdesk.conversations.models import (
    Conversation,
    ConversationTagging,
    Draft,
    Mention,
    Message,
    ReadMark,
)
from wxdesk.conversations.notes import add_note
from wxdesk.conversations.operations import get_locked
from wxdesk.conversations.reading import mark_read
from wxdesk.conversations.rules import DraftKind, Status
from wxdesk.conversations.tagging import change_tags as change_conversation_tags
from wxdesk.inbox.models import SavedView
from wxdesk.inbox.operations import Answer, reopen
from wxdesk.inbox.operations import reply as answer
from wxdesk.intake.models import SetAsidePush
from wxdesk.intake.operations import record, set_aside
from wxdesk.intake.queries import account_for_everything
from wxdesk.media.models import Attachment
from wxdesk.media.operations import WantedFile, expect_files
from wxdesk.media.rules import FileKind, FileRole
from wxdesk.outbound import held
from wxdesk.outbound.contents import Outgoing, OutgoingKind
from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.operations import claim_delivery
from wxdesk.outbound.rules import Delivery
from wxdesk.plumbing.errors import ConflictError, NotFoundError
from wxdesk.privacy.erasing import EMPTY_CONTACT, EMPTY_DELIVERY, EMPTY_MESSAGE
from wxdesk.privacy.jobs import forget
from wxdesk.privacy.operations import StillSendingError, forget_due, forget_now, note_event
from wxdesk.privacy.rules import CANCELLED, MODIFIED, REVOKED, Policy
from wxdesk.runtime import Runtime
from wxdesk.satisfaction.models import SatisfactionRating
from wxdesk.satisfaction.rules import RatingState
from wxdesk.sla.jobs import check_deadlines
from wxdesk.sla.models import SlaClock

LI = "oLi0000000000000000000000000"
SECRETS = (
    WANG,
    "uWang",
    "老王",
    "spring-poster",
    "私下备注",
    "没发出的草稿",
    "白金会员",
    "服务太慢",
    "我的订单在哪里?",
    "马上查。",
    "抽奖",
    "rid-1",
    "key-1",
)


@pytest.fixture(params=list(Policy))
def policy(request) -> Policy:
    return request.param


@pytest.fixture
def deleting(app, build_runtime, redis_server) -> Runtime:
    """The desk of an operator who chose to delete; made last, so that all use it."""
    return build_runtime(WXDESK_REDIS_URL=redis_server.url, WXDESK_UNFOLLOW_POLICY="delete")


def leave(runtime, account, openid: str = WANG) -> None:
    """The customer stops following; a minute passes."""
    event = entry(runtime, account, "", kind="event", event="unsubscribe", openid=openid)
    with runtime.unit_of_work() as uow:
        record(uow, [event])
    runtime.clock.advance(minutes=2)


def live_fully(runtime, account, agent_id: int) -> Message:
    """Wang writes, is answered by a rule and by Lin, has a profile, a tag, a file and a breach."""
    rule = make_rule(runtime, account)
    customer_writes(runtime, account, "抽奖", answer=auto_answer(rule))
    question = customer_writes(runtime, account)
    runtime.clock.advance(minutes=6)
    check_deadlines()
    answered = agent_answers(runtime, question, agent_id)
    with runtime.unit_of_work() as uow:
        contact = uow.session.scalars(select(Contact).where(Contact.openid == WANG)).one()
        contact.unionid, contact.qr_scene = "uWang", "spring-poster"
        change_remark(uow, contact.id, "老王")
        change_tags(uow, contact.id, ["VIP"])
        uow.session.get_one(Message, answered).idempotency_key = "key-1"
        uow.session.execute(update(DeliveryRow).values(rid="rid-1", state=Delivery.SENT))
        expect_files(uow, [picture_of(question, uow.now)])
    write_down(runtime, question, agent_id)
    return question


def write_down(runtime, question: Message, agent_id: int) -> None:
    """What agents keep beside the messages: a note, drafts, a tag, facts, a rating, searches."""
    conversation_id = question.conversation_id
    with runtime.unit_of_work() as uow:
        add_note(uow, conversation_id, agent_id=agent_id, text="私下备注", mentions=[agent_id])
        keep_draft(uow, conversation_id, DraftKind.REPLY, "没发出的草稿", agent_id=agent_id)
        mark_read(uow, conversation_id, question.id, agent_id=agent_id)
        conversation, contact = get_locked(uow, conversation_id)
        change_conversation_tags(
            uow, conversation, add=["投诉"], remove=[], by=agent_id, may_make=True
        )
        field = ContactField(name=f"等级 {contact.id}", kind=FieldKind.TEXT)
        run = BulkRun(
            agent_id=agent_id,
            action=BulkAction.RESOLVE,
            query={"openid": contact.openid, "status": "open"},
            last_id=conversation_id,
            seen_message_id=question.id,
            created_at=uow.now,
        )
        uow.session.add_all([field, run, rating_of(conversation, uow.now)])
        uow.session.add(
            SavedView(
                owner_id=agent_id,
                name="一位客户",
                query={"openid": contact.openid},
                created_at=uow.now,
            )
        )
        uow.session.flush()
        uow.session.add(
            ContactFieldValue(contact_id=contact.id, field_id=field.id, value="白金会员")
        )
        uow.session.add(BulkRow(run_id=run.id, conversation_id=conversation_id))


def rating_of(conversation: Conversation, now) -> SatisfactionRating:
    return SatisfactionRating(
        account_id=conversation.account_id,
        contact_id=conversation.contact_id,
        conversation_id=conversation.id,
        resolved_at=now,
        state=RatingState.RATED,
        score=2,
        comment="服务太慢",
        asked_at=now,
        rated_at=now,
    )


def picture_of(message: Message, now) -> WantedFile:
    return WantedFile(
        message.account_id, message.id, FileKind.IMAGE, FileRole.CONTENT, "media-1", now
    )


def contacts(runtime) -> list[Contact]:
    with runtime.reading() as session:
        return list(session.scalars(select(Contact).order_by(Contact.id)))


def proofs(runtime) -> list[AuditEntry]:
    with runtime.reading() as session:
        query = select(AuditEntry).where(AuditEntry.action.in_(["contact.forgotten"]))
        return list(session.scalars(query.order_by(AuditEntry.id)))


def whole_database(runtime) -> str:
    """Every value of every table but the tags and rules, which belong to the account."""
    kept = {"tags", "auto_reply_rules", "auto_reply_rule_versions", "accounts", "agents"}
    with runtime.reading() as session:
        return "\n".join(
            str(row)
            for table in metadata.sorted_tables
            if table.name not in kept
            for row in session.execute(text(f"SELECT * FROM {table.name}"))  # noqa: S608
        )


def count(runtime, model: type) -> int:
    with runtime.reading() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


class TestAnonymise:
    def test_nothing_of_the_customer_is_left_in_the_database(self, runtime, account, team):
        live_fully(runtime, account, team.lin)
        before = whole_database(runtime)
        assert all(secret in before for secret in SECRETS)
        leave(runtime, account)
        forget()
        after = whole_database(runtime)
        assert [secret for secret in SECRETS if secret in after] == []

    def test_nothing_new_is_written_about_them(self, runtime, account, team):
        question = customer_writes(runtime, account)
        leave(runtime, account)
        forget()
        conversation_id = question.conversation_id
        assert conversation_id is not None
        reply, lin = DraftKind.REPLY, team.lin
        for write in (
            lambda uow: reopen(uow, conversation_id, agent_id=lin),
            lambda uow: add_note(uow, conversation_id, agent_id=lin, text="老王"),
            lambda uow: keep_draft(uow, conversation_id, reply, "老王", agent_id=lin),
        ):
            with (
                pytest.raises(ConflictError, match="data was removed"),
                runtime.unit_of_work() as it,
            ):
                write(it)
        with runtime.unit_of_work() as uow:  # what a browser clears is cleared
            keep_draft(uow, conversation_id, reply, "", agent_id=lin)

    def test_what_reports_count_stays(self, runtime, account, team):
        live_fully(runtime, account, team.lin)
        before = [(m.id, m.kind, m.place, m.created_at, m.once_key) for m in messages_of(runtime)]
        leave(runtime, account)
        forget()
        after = [(m.id, m.kind, m.place, m.created_at, m.once_key) for m in messages_of(runtime)]
        assert after[: len(before)] == before
        assert count(runtime, SlaClock) == 2
        assert count(runtime, Conversation) == 1
        assert count(runtime, Attachment) == 0
        assert count(runtime, ConversationTagging) == 1
        with runtime.reading() as session:
            assert session.scalars(select(SatisfactionRating.score)).all() == [2]
        for model in (Draft, Mention, ReadMark, ContactFieldValue):
            assert count(runtime, model) == 0

    def test_the_conversation_ends_unanswered_and_its_clock_stops(self, runtime, account):
        customer_writes(runtime, account)
        leave(runtime, account)
        forget()
        with runtime.reading() as session:
            ended = session.scalars(select(Conversation)).one()
        assert ended.status is Status.RESOLVED
        assert ended.waiting_since is None
        assert ended.first_response_met_at is None

    def test_a_push_that_is_delivered_once_more_later_is_still_known(self, runtime, account):
        written = entry(runtime, account)
        with runtime.unit_of_work() as uow:
            record(uow, [written])
        leave(runtime, account)
        forget()
        with runtime.unit_of_work() as uow:
            assert record(uow, [written]) == 0
        assert len(contacts(runtime)) == 1


class TestDelete:
    def test_no_row_of_the_customer_is_left(self, deleting, account, team):
        live_fully(deleting, account, team.lin)
        leave(deleting, account)
        customer_writes(deleting, account, openid=LI)
        forget()
        assert [contact.openid for contact in contacts(deleting)] == [LI]
        assert [count(deleting, model) for model in (Message, Conversation)] == [1, 1]
        assert count(deleting, SlaClock) == 2  # Li's
        gone = (DeliveryRow, Attachment, SatisfactionRating, Draft, Mention, ReadMark)
        gone += (ConversationTagging, ContactFieldValue, BulkRow)
        assert [count(deleting, model) for model in gone] == [0] * len(gone)
        after = whole_database(deleting)
        assert [secret for secret in SECRETS[:-3] if secret in after] == ["我的订单在哪里?"]  # Li's

    def test_the_newest_rows_are_emptied_at_once_and_go_when_their_numbers_are_taken(
        self, deleting, account, team
    ):
        live_fully(deleting, account, team.lin)
        leave(deleting, account)
        newest = messages_of(deleting)[-1].id  # the unfollowing itself
        forget()
        after = whole_database(deleting)
        assert [secret for secret in SECRETS if secret in after] == []
        li = customer_writes(deleting, account, openid=LI)
        assert li.id > newest  # no script that remembers the last id misses Li
        deleting.clock.advance(hours=2)
        forget()
        assert [contact.openid for contact in contacts(deleting)] == [LI]

    @pytest.mark.one_database  # on PostgreSQL no empty rows stay
    def test_empty_rows_go_though_an_agent_has_looked_meanwhile(self, deleting, account, team):
        question = customer_writes(deleting, account)
        leave(deleting, account)
        forget()
        with deleting.unit_of_work() as uow:
            mark_read(uow, question.conversation_id, question.id, agent_id=team.lin)
        customer_writes(deleting, account, openid=LI)
        deleting.clock.advance(hours=2)
        forget()
        assert [contact.openid for contact in contacts(deleting)] == [LI]
        assert count(deleting, ReadMark) == 0

    def test_the_sums_of_the_accounting_agree_before_and_after(self, deleting, account, webhook):
        for number in range(3):
            webhook.deliver(webhook.fields(f"question {number}"))
        record_waiting(deleting)
        webhook.deliver(webhook.fields("Li asks", FromUserName=LI))
        record_waiting(deleting)
        webhook.deliver(webhook.event("unsubscribe"))
        record_waiting(deleting)
        assert balance(deleting) == (5, 0)
        deleting.clock.advance(minutes=2)
        webhook.deliver(webhook.fields("Li asks again", FromUserName=LI))
        record_waiting(deleting)
        forget()
        deleting.clock.advance(hours=2)
        forget()
        assert [contact.openid for contact in contacts(deleting)] == [LI]
        assert balance(deleting) == (2, 4)
        leave_by_webhook(deleting, webhook, LI)
        forget()
        assert sum(balance(deleting)) == 7


def leave_by_webhook(runtime, webhook, openid: str) -> None:
    webhook.deliver(webhook.event("unsubscribe", FromUserName=openid))
    record_waiting(runtime)
    runtime.clock.advance(minutes=2)


def balance(runtime) -> tuple[int, int]:
    """Inbound messages that are there and that were deleted; the sums must agree."""
    with runtime.reading() as session:
        found = account_for_everything(session, runtime.redis, runtime.spool)
    assert found.is_balanced
    there = found.in_conversation + found.auto_answered + sum(found.set_aside.values())
    return there, found.forgotten


class TestProof:
    def test_it_says_what_was_removed_when_and_why_and_names_nobody(
        self, runtime, account, team, policy
    ):
        live_fully(runtime, account, team.lin)
        leave(runtime, account)
        contact = contacts(runtime)[0]
        with runtime.unit_of_work() as uow:
            assert forget_due(uow, contact.id, policy)
        (proof,) = proofs(runtime)
        assert proof.subject == f"contact:{contact.id}"
        assert proof.at == runtime.clock.now
        assert proof.actor_id is None
        assert proof.details["policy"] == policy
        assert proof.details["reason"] == "left"
        assert proof.details["left_at"] < proof.details["done_at"]
        counts = proof.details["counts"]
        assert (counts["messages"], counts["files"], counts["tags"]) == (8, 1, counts["tags"])
        if policy is Policy.ANONYMISE:
            names = ("drafts", "mentions", "read_marks", "fields", "ratings", "queries")
            assert [counts[name] for name in names] == [1, 1, 1, 1, 1, 2]
        assert WANG not in str(proof.details)

    def test_by_hand_it_names_who_did_it(self, runtime, account, team):
        customer_writes(runtime, account)
        with runtime.unit_of_work() as uow:
            contact_id = uow.session.scalars(select(Contact.id)).one()
            forget_now(uow, contact_id, Policy.ANONYMISE, actor_id=team.zhou)
        (proof,) = proofs(runtime)
        assert (proof.actor_id, proof.details["reason"]) == (team.zhou, "requested")


class TestWhen:
    def test_not_before_what_was_written_earlier_has_left_the_queues(self, runtime, account):
        customer_writes(runtime, account)
        leave(runtime, account)
        runtime.clock.advance(minutes=-1, seconds=-1)
        forget()
        assert contacts(runtime)[0].forgotten_at is None
        runtime.clock.advance(seconds=1)
        forget()
        assert contacts(runtime)[0].forgotten_at is not None

    def test_after_the_hours_that_the_operator_set(self, runtime, account):
        event = entry(runtime, account, "", kind="event", event="unsubscribe")
        with runtime.unit_of_work() as uow:
            record(uow, [event], forget_after=timedelta(hours=24))
        runtime.clock.advance(hours=23)
        forget()
        assert contacts(runtime)[0].forgotten_at is None
        runtime.clock.advance(hours=2)
        forget()
        assert contacts(runtime)[0].forgotten_at is not None

    def test_whoever_follows_again_before_that_is_not_forgotten(self, runtime, account):
        event = entry(runtime, account, "", kind="event", event="unsubscribe")
        with runtime.unit_of_work() as uow:
            record(uow, [event], forget_after=timedelta(hours=24))
        runtime.clock.advance(hours=23)
        with runtime.unit_of_work() as uow:
            record(uow, [entry(runtime, account, "", kind="event", event="subscribe")])
        runtime.clock.advance(hours=24)
        forget()
        assert contacts(runtime)[0].openid == WANG

    def test_twice_does_nothing_more(self, runtime, account):
        customer_writes(runtime, account)
        leave(runtime, account)
        forget()
        forget()
        assert len(proofs(runtime)) == 1

    def test_one_customer_that_can_t_be_forgotten_now_does_not_stop_the_others(
        self, runtime, account, team
    ):
        question = customer_writes(runtime, account)
        customer_writes(runtime, account, openid=LI)
        send(runtime, question, team.lin)
        leave(runtime, account)
        leave(runtime, account, LI)
        forget()
        openids = {contact.openid for contact in contacts(runtime)}
        assert WANG in openids
        assert LI not in openids

    def test_the_job_is_rung_every_half_minute(self):
        assert FORGET_CUSTOMERS.every_seconds == 30


def send(runtime, question: Message, agent_id: int) -> int:
    """Lin's answer is on its way to WeChat."""
    agent_answers(runtime, question, agent_id)
    with runtime.unit_of_work() as uow:
        delivery_id = uow.session.scalars(select(DeliveryRow.id)).one()
        assert claim_delivery(uow, delivery_id)
    return delivery_id


class TestDeliveries:
    def test_answers_that_wait_are_not_sent_any_more(self, runtime, account, team):
        question = customer_writes(runtime, account)
        agent_answers(runtime, question, team.lin)
        leave(runtime, account)
        forget()
        with runtime.reading() as session:
            row = session.scalars(select(DeliveryRow)).one()
        assert (row.state, row.error_code) == (Delivery.FAILED, "customer_left")
        assert row.last_error == "the customer has left"

    def test_while_an_answer_is_on_its_way_nothing_is_removed(self, runtime, account, team, policy):
        question = customer_writes(runtime, account)
        send(runtime, question, team.lin)
        contact = contacts(runtime)[0]
        with pytest.raises(StillSendingError), runtime.unit_of_work() as uow:
            forget_now(uow, contact.id, policy, actor_id=team.zhou)
        assert [message.text for message in messages_of(runtime)] == ["我的订单在哪里?", "马上查。"]
        assert conversation_of(runtime).status is Status.OPEN


class TestOtherPlaces:
    def test_redis_knows_the_openid_no_more(self, runtime, account, team):
        question = customer_writes(runtime, account)
        agent_answers(runtime, question, team.lin)
        key = standings.key(account.id)
        runtime.redis.hset(held.key(account.id), WANG, "{}")
        assert runtime.redis.hexists(key, WANG)
        leave(runtime, account)
        forget()
        left = [
            name
            for name in runtime.redis.keys("*")
            if runtime.redis.type(name) == b"hash" and runtime.redis.hexists(name, WANG)
        ]
        assert left == []

    def test_pushes_that_could_not_be_recorded_are_emptied_and_still_counted(
        self, runtime, account, policy
    ):
        customer_writes(runtime, account)
        for openid in (WANG, LI):
            payload = f'{{"openid": "{openid}"}}'
            keep_aside(runtime, account.id, payload, reason=f"DataError: {openid} wrote")
        assert set_aside_after_forgetting(runtime, policy) == [
            ("", ""),
            (f'{{"openid": "{LI}"}}', f"DataError: {LI} wrote"),
        ]

    def test_those_that_can_t_be_read_are_emptied_too(self, runtime, account, policy):
        customer_writes(runtime, account)
        keep_aside(runtime, None, f'{{"openid": "{WANG}", "text": "我的订单')
        keep_aside(runtime, None, "no payload", reason=f"ValueError: {WANG}")
        keep_aside(runtime, None, f'{{"openid": "{WANG.lower()}"')  # somebody else
        left = set_aside_after_forgetting(runtime, policy)
        assert left == [("", ""), ("", ""), (f'{{"openid": "{WANG.lower()}"', "broken")]


def keep_aside(runtime, account_id: int | None, payload: str, *, reason: str = "broken") -> None:
    with runtime.unit_of_work() as uow:
        set_aside(
            uow,
            name=f"direct/{hash((payload, reason))}",
            account_id=account_id,
            reason=reason,
            payload=payload,
            attempts=3,
        )


def set_aside_after_forgetting(runtime, policy: Policy) -> list[tuple[str, str]]:
    """Payload and reason of each, when the one customer was forgotten."""
    with runtime.unit_of_work() as uow:
        contact_id = uow.session.scalars(select(Contact.id)).one()
        forget_now(uow, contact_id, policy, actor_id=None)
    with runtime.reading() as session:
        query = select(SetAsidePush.payload, SetAsidePush.reason).order_by(SetAsidePush.id)
        return [tuple(row) for row in session.execute(query)]


class TestRaces:
    def test_two_workers_forget_a_customer_once(self, runtime, account, policy):
        customer_writes(runtime, account)
        leave(runtime, account)
        contact_id = contacts(runtime)[0].id
        done = at_once(
            *[lambda: in_work(runtime, lambda uow: forget_due(uow, contact_id, policy))] * 4
        )
        assert sorted(done) == [False, False, False, True]
        assert len(proofs(runtime)) == 1

    @pytest.mark.parametrize("round_number", range(3))
    def test_what_a_customer_writes_meanwhile_is_removed_with_them_or_is_a_new_customers(
        self, runtime, account, policy, round_number
    ):
        customer_writes(runtime, account, "old")
        contact_id = contacts(runtime)[0].id
        written = [entry(runtime, account, f"new {number}") for number in range(4)]
        works = [
            lambda one=one: in_work(runtime, lambda uow: record(uow, [one])) for one in written
        ]
        works.insert(
            round_number,
            lambda: in_work(
                runtime, lambda uow: forget_now(uow, contact_id, policy, actor_id=None)
            ),
        )
        at_once(*works)
        with runtime.reading() as session:
            rows = session.execute(
                select(Message.text, Contact.openid).join(Contact, Contact.id == Message.contact_id)
            ).all()
        assert all((openid == WANG) == bool(message_text) for message_text, openid in rows)
        assert not any(message_text == "old" for message_text, _ in rows)

    def test_an_answer_written_meanwhile_is_refused_or_removed(
        self, runtime, account, team, policy
    ):
        question = customer_writes(runtime, account)
        contact_id = contacts(runtime)[0].id
        outgoing = Outgoing(OutgoingKind.TEXT, "马上查。")
        reply = Answer(question.conversation_id, team.lin, outgoing, question.id)
        at_once(
            lambda: in_work(runtime, lambda uow: answer(uow, reply)),
            lambda: in_work(
                runtime, lambda uow: forget_now(uow, contact_id, policy, actor_id=None)
            ),
        )
        assert all(message.text == "" for message in messages_of(runtime))
        with runtime.reading() as session:
            states = set(session.scalars(select(DeliveryRow.state)))
        assert states <= {Delivery.FAILED}


def in_work(runtime, work: Callable) -> object:
    """What the work gives; None where another was quicker. A deadlock's victim tries again."""
    for _ in range(5):
        try:
            with runtime.unit_of_work() as uow:
                return work(uow)
        except OperationalError:
            continue
        except (ConflictError, NotFoundError):
            return None
    raise AssertionError("five deadlocks in a row")


def at_once(*works: Callable[[], object]) -> list[object]:
    start = threading.Barrier(len(works))
    results: list[object] = [None] * len(works)

    def run(number: int) -> None:
        start.wait(timeout=10)
        results[number] = works[number]()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
        assert not thread.is_alive()
    return results


class TestPrivacyEvents:
    def test_a_cancelled_authorisation_removes_everything(self, runtime, account):
        customer_writes(runtime, account)
        event = entry(runtime, account, "", kind="event", event="user_authorization_cancellation")
        with runtime.unit_of_work() as uow:
            record(uow, [event])
        runtime.clock.advance(minutes=2)
        forget()
        assert contacts(runtime)[0].forgotten_at == runtime.clock.now

    def test_a_revoked_one_removes_what_wechat_told_and_asks_no_more(self, runtime, account):
        customer_writes(runtime, account)
        with runtime.unit_of_work() as uow:
            contact = uow.session.scalars(select(Contact)).one()
            contact.unionid, contact.qr_scene, contact.remark = "uWang", "spring", "老王"
            note_event(uow, contact, "user_authorization_revoke")
        (found,) = contacts(runtime)
        assert (found.unionid, found.qr_scene, found.profile_due_at) == (None, "", None)
        assert found.remark == "老王"  # the agents' own
        with runtime.reading() as session:
            actions = session.scalars(select(AuditEntry.action)).all()
        assert "contact.profile_removed" in actions

    def test_a_modified_profile_is_asked_for_again(self, runtime, account):
        customer_writes(runtime, account)
        with runtime.unit_of_work() as uow:
            contact = uow.session.scalars(select(Contact)).one()
            contact.profile_due_at = None
            note_event(uow, contact, "user_info_modified")
        assert contacts(runtime)[0].profile_due_at == runtime.clock.now

    def test_the_push_may_name_another_customer_than_its_sender(self, runtime, account):
        customer_writes(runtime, account)
        customer_writes(runtime, account, openid=LI)
        wang, li = contacts(runtime)
        with runtime.unit_of_work() as uow:
            sender = uow.session.get_one(Contact, li.id)
            note_event(uow, sender, "user_authorization_cancellation", WANG)
            note_event(uow, sender, "user_authorization_cancellation", "oNobody")
        wang, li = contacts(runtime)
        assert wang.forget_at == runtime.clock.now
        assert li.forget_at is None

    @pytest.mark.parametrize("event", [CANCELLED, REVOKED, MODIFIED])
    def test_the_senders_row_says_the_customers_number_and_never_the_openid(
        self, runtime, account, event
    ):
        wang_id = customer_writes(runtime, account).contact_id
        for openid in (WANG, LI):  # nobody knows Li
            fields = {"Event": event, "OpenID": openid, "OpenPID": openid, "RevokeInfo": "301"}
            written = entry(
                runtime,
                account,
                "",
                kind="event",
                event=event.upper(),
                openid="oService",
                fields=fields,
            )
            with runtime.unit_of_work() as uow:
                record(uow, [written])
        kept = {"Event": event, "RevokeInfo": "301"}
        assert [message.payload for message in messages_of(runtime)[1:]] == [
            {**kept, "contact_id": wang_id},
            kept,
        ]


class TestCompleteness:
    """A new table or column with customers' data must be thought of here."""

    def test_every_table_that_leads_to_a_customer_is_known(self):
        leads = {"contacts", "conversations", "messages"}
        found = {
            table.name
            for table in metadata.sorted_tables
            if any(key.column.table.name in leads for key in table.foreign_keys)
        }
        assert found == {
            "attachments",
            "broadcast_targets",
            "bulk_rows",
            "campaign_entries",
            "campaign_pending",
            "campaign_promises",
            "contact_field_values",
            "contact_tags",
            "conversation_taggings",
            "conversations",
            "correction_recipients",
            "deliveries",
            "drafts",
            "follow_events",
            "mentions",
            "messages",
            "prize_codes",
            "qr_scans",
            "read_marks",
            "reply_windows",
            "notifications",
            "satisfaction_ratings",
            "sla_clocks",
        }

    @pytest.mark.parametrize(
        ("table", "emptied", "kept"),
        [
            (
                "messages",
                set(EMPTY_MESSAGE),
                "id account_id contact_id conversation_id direction kind once_key place"
                " set_aside_reason sender_kind sender_id rule_version reply_to_id part_number"
                " part_count undone_at created_at received_at outcome source",
            ),
            (
                "deliveries",
                set(EMPTY_DELIVERY),
                "id message_id contact_id state attempts next_attempt_at claimed_at settled_at"
                " error_code last_error via may_wait queued_at undo_until is_bulk is_stopped",
            ),
            (
                "contacts",
                {*EMPTY_CONTACT, "openid", "forget_at", "forgotten_at"},
                "id account_id followed_at unfollowed_at profile_at synced_at first_seen_at"
                " last_seen_at is_indexed",
            ),
        ],
    )
    def test_every_column_is_emptied_or_kept_on_purpose(self, table, emptied, kept):
        columns = {column.name for column in metadata.tables[table].columns}
        assert columns == emptied | set(kept.split())
