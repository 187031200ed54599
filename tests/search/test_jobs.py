"""The indexer follows what is written, and forgets what is taken back."""

from datetime import timedelta

import pytest
from cast import (
    WANG,
    agent_answers,
    auto_answer,
    customer_writes,
    entry,
    make_account,
    make_rule,
)
from sqlalchemy import select, text, update

from wxdesk.background_jobs import INDEX_MESSAGES
from wxdesk.contacts.changes import change_remark, change_tags
from wxdesk.contacts.models import Contact
from wxdesk.contacts.operations import get_locked
from wxdesk.conversations.models import Conversation, Message
from wxdesk.conversations.timeline import Activity, note_activity
from wxdesk.intake.operations import record
from wxdesk.plumbing.search_text import phrases_of
from wxdesk.search import jobs
from wxdesk.search.jobs import index_messages
from wxdesk.search.models import MESSAGES, SearchDay
from wxdesk.search.operations import (
    Batch,
    entries_of,
    forget_contact,
    forget_message,
    index_contacts,
    store_batch,
)
from wxdesk.search.progress import is_complete, position, read_written
from wxdesk.search.queries import (
    SearchFilter,
    find_contacts,
    newest_messages,
)


def find(runtime, query: str, **filters: object) -> list[int]:
    with runtime.reading() as session:
        wanted = SearchFilter(tuple(phrases_of(query)), query, **filters)
        return newest_messages(session, wanted, None, 50).ids


def contacts(runtime, query: str) -> list[int]:
    with runtime.reading() as session:
        wanted = SearchFilter(tuple(phrases_of(query)), query)
        return find_contacts(session, wanted, None, 50).ids


class TestMessages:
    def test_what_customers_agents_and_rules_write_is_found(self, runtime, account, team):
        question = customer_writes(runtime, account, "我的订单呢")
        answer = agent_answers(runtime, question, team.lin, "马上查订单")
        rule = make_rule(runtime, account, reply_text="订单请看菜单")
        customer_writes(runtime, account, "抽奖", answer=auto_answer(rule))
        assert find(runtime, "订单") == []
        index_messages()
        found = find(runtime, "订单")
        assert len(found) == 3
        assert found == sorted(found, reverse=True)
        assert {question.id, answer} < set(found)

    @pytest.mark.parametrize(
        ("kind", "fields", "query"),
        [
            ("file", {"Title": "合同终稿.pdf", "FileTotalLen": "10"}, "合同终稿 pdf"),
            ("link", {"Title": "双十一攻略", "Description": "满减", "Url": "http://x"}, "攻略"),
            (
                "location",
                {"Label": "杭州市西湖区", "Location_X": "30", "Location_Y": "120"},
                "西湖",
            ),
            ("voice", {"MediaId": "m", "Recognition": "我要退货"}, "退货"),
        ],
    )
    def test_names_of_files_titles_places_and_voices_are_found(
        self, runtime, account, kind, fields, query
    ):
        message = customer_writes(runtime, account, "", kind=kind, fields=fields)
        index_messages()
        assert find(runtime, query) == [message.id]

    def test_events_and_what_happened_to_conversations_are_not_words_of_anybody(
        self, runtime, account, team
    ):
        question = customer_writes(runtime, account)
        customer_writes(runtime, account, "", kind="event", event="CLICK")
        with runtime.unit_of_work() as uow:
            conversation = uow.session.get_one(Conversation, question.conversation_id)
            note_activity(uow, conversation, Activity.CLAIMED, by=team.lin, note="claimed")
        index_messages()
        assert find(runtime, "claimed") == find(runtime, "click") == []
        with runtime.reading() as session:
            newest = session.scalars(select(Message.id).order_by(Message.id.desc())).first()
            assert position(session) == newest

    def test_filters(self, runtime, account, team, clock):
        other = make_account(runtime, slug="other", original_id="gh_o", app_id="wx_o")
        first = customer_writes(runtime, account, "订单一")
        mine = agent_answers(runtime, first, team.lin, "订单二")
        clock.advance(days=3)
        third = customer_writes(runtime, other, "订单三", openid="oLi")
        index_messages()
        day = timedelta(days=1)
        assert find(runtime, "订单", account_id=other.id) == [third.id]
        assert find(runtime, "订单", openid=WANG) == [mine, first.id]
        assert find(runtime, "订单", openid="oNobody") == []
        assert find(runtime, "订单", agent_id=team.lin) == [mine, first.id]  # sent, and hers
        assert find(runtime, "订单", agent_id=team.mei) == []
        assert find(runtime, "订单", since=clock.now - day) == [third.id]
        assert find(runtime, "订单", until=clock.now - day) == [mine, first.id]
        assert find(runtime, "订单", since=clock.now + day) == []
        assert find(runtime, "订单", since=clock.now - 4 * day, until=clock.now + day) == [
            third.id,
            mine,
            first.id,
        ]

    def test_a_day_that_began_elsewhere_loses_nothing(self, runtime, account, clock):
        for _ in range(8):
            customer_writes(runtime, account, "订单")
            clock.advance(hours=5)
        index_messages()
        since = clock.now - timedelta(hours=21)
        with runtime.reading() as session:
            query = select(Message.id).where(Message.received_at >= since)
            wanted = session.scalars(query.order_by(Message.id.desc())).all()
            assert len(session.scalars(select(SearchDay)).all()) == 2
        assert find(runtime, "订单", since=since) == wanted


class TestTakenBack:
    def test_a_message_that_was_taken_back_is_not_found(self, runtime, account, team):
        question = customer_writes(runtime, account)
        answer = agent_answers(runtime, question, team.lin, "说错了")
        index_messages()
        assert find(runtime, "说错") == [answer]
        with runtime.unit_of_work() as uow:
            forget_message(uow, answer)
        assert find(runtime, "说错") == []

    def test_what_was_taken_back_before_it_was_indexed_is_never_found(
        self, runtime, account, team, clock
    ):
        question = customer_writes(runtime, account)
        answer = agent_answers(runtime, question, team.lin, "说错了")
        with runtime.unit_of_work() as uow:
            forget_message(uow, answer)
            uow.session.get_one(Message, answer).undone_at = clock.now
        index_messages()
        assert find(runtime, "说错") == []

    def test_nothing_of_a_forgotten_customer_is_found(self, runtime, account):
        theirs = customer_writes(runtime, account, "订单")
        other = customer_writes(runtime, account, "订单", openid="oLi")
        index_messages()
        assert contacts(runtime, WANG) == [theirs.contact_id]
        with runtime.unit_of_work() as uow:
            forget_contact(uow, theirs.contact_id)
        assert find(runtime, "订单") == [other.id]
        assert contacts(runtime, WANG) == []

    def test_what_is_emptied_while_the_indexer_works_does_not_come_back(self, runtime, account):
        message = customer_writes(runtime, account, "我的秘密")
        customer_writes(runtime, account, "订单")
        with runtime.reading() as session:
            written = read_written(session, 0, 50)
            prepared = MESSAGES.prepare(session, entries_of(written))
        with runtime.unit_of_work() as uow:
            uow.session.execute(update(Message).where(Message.id == message.id).values(text=""))
            forget_message(uow, message.id)
        with runtime.unit_of_work() as uow:
            assert store_batch(uow, Batch(0, written, prepared))
        assert find(runtime, "秘密") == []
        assert len(find(runtime, "订单")) == 1


class TestTheIndexer:
    def test_it_goes_on_where_it_ended(self, runtime, account):
        for number in range(3):
            customer_writes(runtime, account, f"订单{number}")
            index_messages()
        assert len(find(runtime, "订单")) == 3
        with runtime.reading() as session:
            count = session.scalar(text("SELECT count(*) FROM search_messages"))
        index_messages()
        with runtime.reading() as session:
            assert session.scalar(text("SELECT count(*) FROM search_messages")) == count

    def test_two_at_once_store_each_batch_once(self, runtime, account):
        customer_writes(runtime, account, "订单")
        with runtime.reading() as session:
            written = read_written(session, 0, 50)
            prepared = MESSAGES.prepare(session, entries_of(written))
        batch = Batch(0, written, prepared)
        with runtime.unit_of_work() as uow:
            assert store_batch(uow, batch)
        with runtime.unit_of_work() as uow:
            assert not store_batch(uow, batch)
        assert len(find(runtime, "订单")) == 1

    def test_a_kill_before_the_commit_changes_nothing(self, runtime, account):
        customer_writes(runtime, account, "订单")
        with runtime.reading() as session:
            written = read_written(session, 0, 50)
            prepared = MESSAGES.prepare(session, entries_of(written))
        with pytest.raises(KeyboardInterrupt), runtime.unit_of_work() as uow:
            store_batch(uow, Batch(0, written, prepared))
            raise KeyboardInterrupt
        with runtime.reading() as session:
            assert position(session) == 0
        assert find(runtime, "订单") == []
        index_messages()
        assert len(find(runtime, "订单")) == 1

    def test_many_batches_in_one_run(self, runtime, account, monkeypatch):
        monkeypatch.setattr(jobs, "BATCH", 7)
        with runtime.unit_of_work() as uow:
            record(uow, [entry(runtime, account, "订单", openid=f"o{n}") for n in range(40)])
        index_messages()
        assert len(find(runtime, "订单")) == 40
        assert len(contacts(runtime, "0001 ")) <= 1
        with runtime.reading() as session:
            assert not session.scalars(select(Contact).where(~Contact.is_indexed)).all()

    def test_a_long_rest_is_left_to_the_next_run(self, runtime, account, monkeypatch, redis):
        monkeypatch.setattr(jobs, "BATCH", 5)
        monkeypatch.setattr(jobs, "LONGEST_RUN_SECONDS", -1.0)
        with runtime.unit_of_work() as uow:
            record(uow, [entry(runtime, account, "订单", openid=f"o{n}") for n in range(12)])
        index_messages()
        assert len(find(runtime, "订单")) == 5
        assert redis.exists(INDEX_MESSAGES.doorbell_key)

    def test_it_says_whether_old_messages_are_missing(self, runtime, account, clock):
        with runtime.reading() as session:
            assert is_complete(session, clock.now)
        customer_writes(runtime, account)
        with runtime.reading() as session:
            assert is_complete(session, clock.now)  # a moment behind is no rest
            assert not is_complete(session, clock.now + timedelta(hours=1))
        index_messages()
        with runtime.reading() as session:
            assert is_complete(session, clock.now + timedelta(hours=1))


class TestCustomers:
    def test_customers_are_found_by_remark_number_tag_and_openid(self, runtime, account):
        contact_id = customer_writes(runtime, account).contact_id
        customer_writes(runtime, account, openid="oSomebodyElse")
        index_messages()
        assert contacts(runtime, f"{contact_id:04d}") == [contact_id]
        assert contacts(runtime, WANG[:8].lower()) == [contact_id]
        with runtime.unit_of_work() as uow:
            change_remark(uow, contact_id, "王小姐(批發)")
            change_tags(uow, contact_id, ["老客户"])
        assert contacts(runtime, "王小姐") == []
        index_messages()
        assert contacts(runtime, "王小姐") == contacts(runtime, "批发") == [contact_id]
        assert contacts(runtime, "老客户") == [contact_id]
        with runtime.unit_of_work() as uow:
            change_remark(uow, contact_id, "李先生")
            change_tags(uow, contact_id, [])
        index_messages()
        assert contacts(runtime, "王小姐") == contacts(runtime, "老客户") == []
        assert contacts(runtime, "李") == [contact_id]

    def test_a_remark_that_stays_the_same_is_not_indexed_again(self, runtime, account):
        contact_id = customer_writes(runtime, account).contact_id
        with runtime.unit_of_work() as uow:
            change_remark(uow, contact_id, "王小姐")
        index_messages()
        with runtime.unit_of_work() as uow:
            contact = uow.session.get_one(Contact, contact_id)
            contact.remark = "王小姐"
            assert contact.is_indexed
            contact.remark = "王女士"
            assert not contact.is_indexed

    # On SQLite there is one writer at a time.
    @pytest.mark.parametrize("database", ["postgresql"], indirect=True)
    def test_a_customer_in_other_hands_is_left_and_forgetting_does_not_wait(self, runtime, account):
        theirs = customer_writes(runtime, account).contact_id
        other = customer_writes(runtime, account, openid="oLi-12345").contact_id
        with runtime.unit_of_work() as forgetting:
            get_locked(forgetting, theirs)
            with runtime.unit_of_work() as indexing:
                indexing.session.execute(text("SET LOCAL lock_timeout = '5s'"))
                assert index_contacts(indexing, 10) == 1
                forgetting.session.execute(text("SET LOCAL lock_timeout = '5s'"))
            forget_contact(forgetting, theirs)
        assert contacts(runtime, "oLi-1") == [other]
        assert contacts(runtime, WANG) == []

    def test_a_forgotten_customer_is_not_put_in_again(self, runtime, account, clock):
        contact_id = customer_writes(runtime, account).contact_id
        index_messages()
        with runtime.unit_of_work() as uow:
            contact = uow.session.get_one(Contact, contact_id)
            contact.remark, contact.forgotten_at = "x", clock.now
        index_messages()
        assert contacts(runtime, WANG) == contacts(runtime, f"{contact_id:04d}") == []
