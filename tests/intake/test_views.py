"""The webhook as WeChat sees it: who is let in, what is answered, what is kept."""

import logging
import shutil

import pytest
from cast import (
    APP_ID,
    ORIGINAL_ID,
    WANG,
    Webhook,
    make_account,
    make_rule,
    messages_of,
    push_xml,
    record_waiting,
)
from servers import wait_until
from sqlalchemy import func, select

from wxdesk.accounts.rules import Mode
from wxdesk.app import create_app
from wxdesk.conversations import standings
from wxdesk.conversations.assigning import claim
from wxdesk.conversations.models import Message
from wxdesk.conversations.rules import Place
from wxdesk.intake.queries import account_for_everything
from wxdesk.intake.streams import NAMES, intake_streams
from wxdesk.plumbing.schema import upgrade
from wxdesk.runtime import Runtime
from wxdesk.triage.rules import Match
from wxdesk.wechat.crypto import Cipher, is_signed, sign
from wxdesk.wechat.push import LARGEST_BODY, read_fields

pytestmark = pytest.mark.one_database


def queued(runtime) -> dict[str, int]:
    """How many entries each stream holds, empty ones left out."""
    waiting = zip(NAMES, intake_streams(runtime.redis).waiting(), strict=True)
    return {name: count for name, count in waiting if count}


class TestTheCheckOfTheAddress:
    def test_a_signed_echo_comes_back_as_it_is(self, webhook, account):
        query = webhook.signed(echostr="4375120948345356249")
        answer = webhook.client.get("/wechat/yunshan", query_string=query)
        assert (answer.status_code, answer.text) == (200, "4375120948345356249")
        assert answer.mimetype == "text/plain"

    @pytest.mark.parametrize("missing", ["signature", "timestamp", "nonce"])
    def test_an_echo_without_its_signature_is_refused(self, webhook, account, missing):
        query = webhook.signed(echostr="1")
        del query[missing]
        assert webhook.client.get("/wechat/yunshan", query_string=query).status_code == 403

    def test_an_account_that_nobody_has_is_not_found(self, webhook, account):
        assert webhook.client.get("/wechat/other", query_string={}).status_code == 404


class TestWhoIsLetIn:
    @pytest.fixture(autouse=True)
    def _nothing_is_queued(self, runtime, account):
        yield
        assert queued(runtime) == {}
        assert runtime.spool.is_empty()

    def test_a_wrong_signature_is_forbidden(self, webhook):
        query = webhook.signed() | {"signature": "0" * 40}
        assert webhook.post(push_xml(webhook.fields()), query).status_code == 403

    def test_a_push_without_query_is_forbidden(self, webhook):
        assert webhook.post(push_xml(webhook.fields()), {}).status_code == 403

    def test_a_signature_made_with_another_token_is_forbidden(self, webhook):
        webhook.token = "othertoken"  # noqa: S105
        assert webhook.deliver(webhook.fields()).status_code == 403

    def test_an_unknown_account_is_not_found(self, webhook):
        webhook.slug = "nobody"
        assert webhook.deliver(webhook.fields()).status_code == 404

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"<xml><broken",
            b"{}",
            b'<!DOCTYPE x [<!ENTITY a "b">]><xml><MsgType>&a;</MsgType></xml>',
            push_xml({"ToUserName": ORIGINAL_ID, "FromUserName": WANG, "MsgType": "text"}),
        ],
    )
    def test_broken_xml_is_a_bad_request(self, webhook, body):
        assert webhook.post(body, webhook.signed()).status_code == 400

    def test_a_push_for_another_official_account_is_forbidden(self, webhook):
        fields = webhook.fields(ToUserName="gh_somebody_else")
        assert webhook.deliver(fields).status_code == 403

    def test_a_body_over_64_kib_is_too_large(self, webhook):
        assert webhook.deliver(webhook.fields("长" * LARGEST_BODY)).status_code == 413

    def test_a_sealed_push_to_another_app_id_is_forbidden(self, webhook):
        webhook.cipher = Cipher("x" * 42 + "A", APP_ID)
        assert webhook.deliver_sealed(webhook.fields()).status_code == 403

    def test_a_sealed_push_with_a_wrong_message_signature_is_forbidden(self, webhook):
        encrypted = webhook.cipher.encrypt(push_xml(webhook.fields()).decode())
        query = webhook.signed(encrypt_type="aes", msg_signature="0" * 40)
        assert webhook.post(push_xml({"Encrypt": encrypted}), query).status_code == 403

    def test_the_plain_signature_does_not_open_a_sealed_push(self, webhook):
        """WeChat's page: in safe mode check msg_signature, not signature."""
        encrypted = webhook.cipher.encrypt(push_xml(webhook.fields()).decode())
        query = webhook.signed(encrypt_type="aes")
        assert webhook.post(push_xml({"Encrypt": encrypted}), query).status_code == 403

    @pytest.mark.parametrize("encrypted", ["", "junk", "AAAA"])
    def test_a_well_signed_ciphertext_that_is_junk_is_refused(self, webhook, encrypted):
        assert webhook.deliver_encrypted(encrypted).status_code in (400, 403)

    def test_a_sealed_push_whose_content_is_broken_is_a_bad_request(self, webhook):
        answer = webhook.deliver_encrypted(webhook.cipher.encrypt("<xml><broken"))
        assert answer.status_code == 400


class TestModes:
    @pytest.fixture
    def account(self):
        """Each test makes its own."""

    def test_plain_mode(self, webhook, runtime):
        make_rule(runtime, make_account(runtime), "优惠", "满 199 减 30")
        assert webhook.deliver(webhook.fields("你好")).text == "success"
        answer = webhook.deliver(webhook.fields("有优惠吗"))
        assert answer.mimetype == "application/xml"
        assert read_fields(answer.data)["Content"] == "满 199 减 30"

    @pytest.mark.parametrize("mode", [Mode.COMPATIBLE, Mode.SAFE])
    def test_a_sealed_push_gets_a_sealed_answer_and_a_plain_success(self, webhook, runtime, mode):
        make_rule(runtime, make_account(runtime, mode=mode), "优惠", "满 199 减 30")
        assert webhook.deliver_sealed(webhook.fields("你好")).text == "success"

        envelope = read_fields(webhook.deliver_sealed(webhook.fields("有优惠吗")).data)

        parts = (envelope["TimeStamp"], envelope["Nonce"], envelope["Encrypt"])
        assert is_signed(envelope["MsgSignature"], webhook.token, *parts)
        answer = read_fields(webhook.cipher.decrypt(envelope["Encrypt"]).encode())
        assert answer["Content"] == "满 199 减 30"
        assert (answer["ToUserName"], answer["FromUserName"]) == (WANG, ORIGINAL_ID)

    def test_safe_mode_refuses_a_plain_push(self, webhook, runtime):
        make_account(runtime, mode=Mode.SAFE)
        assert webhook.deliver(webhook.fields()).status_code == 403
        assert queued(runtime) == {}

    def test_compatible_mode_takes_a_plain_push(self, webhook, runtime):
        make_account(runtime, mode=Mode.COMPATIBLE)
        assert webhook.deliver(webhook.fields()).text == "success"

    def test_compatible_mode_believes_only_the_encrypted_part(self, webhook, runtime):
        make_account(runtime, mode=Mode.COMPATIBLE)
        forged = webhook.fields("转账给我")
        answer = webhook.deliver_sealed(webhook.fields("我的订单呢"), beside=forged)
        assert answer.text == "success"
        record_waiting(runtime)
        assert [message.text for message in messages_of(runtime)] == ["我的订单呢"]


class TestAnswers:
    def test_a_hit_is_answered_and_recorded_with_rule_and_version(self, webhook, runtime, account):
        rule = make_rule(runtime, account, "抽奖", "感谢参与 ]]> <b>!")
        answer = webhook.deliver(webhook.fields("我要抽奖"))
        assert read_fields(answer.data)["Content"] == "感谢参与 ]]> <b>!"
        assert queued(runtime) == {"bulk": 1}

        record_waiting(runtime)

        incoming, outgoing = messages_of(runtime)
        assert (incoming.place, incoming.conversation_id) == (Place.AUTO_ANSWERED, None)
        assert (outgoing.sender_id, outgoing.rule_version) == (rule.id, rule.version)
        assert (outgoing.matched, outgoing.reply_to_id) == ("抽奖", incoming.id)

    def test_a_redelivery_gets_the_same_answer_even_when_the_rule_has_changed(
        self, webhook, runtime, account
    ):
        make_rule(runtime, account, "抽奖", "第一版")
        push = webhook.fields("抽奖")
        first = webhook.deliver(push)
        make_rule(runtime, account, "^抽.$", "第二版", match=Match.REGEX, priority=9)
        webhook.client.application.extensions["wxdesk-door"].directory.refresh()
        assert read_fields(webhook.deliver(webhook.fields("抽奖")).data)["Content"] == "第二版"

        again = webhook.deliver(push)

        assert read_fields(again.data)["Content"] == read_fields(first.data)["Content"] == "第一版"
        assert queued(runtime) == {"bulk": 2}

    def test_a_redelivery_of_a_success_stays_a_success(self, webhook, runtime, account):
        push = webhook.fields("抽奖")
        assert webhook.deliver(push).text == "success"
        make_rule(runtime, account, "抽奖", "现在有规则了")
        webhook.client.application.extensions["wxdesk-door"].directory.refresh()
        assert webhook.deliver(push).text == "success"
        assert queued(runtime) == {"direct": 1}

    def test_two_processes_of_the_desk_take_a_push_once(self, runtime, webhook, account):
        other = Webhook(create_app(runtime).test_client(), runtime)
        push = webhook.fields("你好")
        assert [webhook.deliver(push).text, other.deliver(push).text] == ["success"] * 2
        assert queued(runtime) == {"direct": 1}

    def test_two_customers_with_the_same_msg_id_are_two_messages(self, webhook, runtime, account):
        push = webhook.fields("你好", MsgId=77)
        webhook.deliver(push)
        webhook.deliver(push | {"FromUserName": "oLi"})
        assert queued(runtime) == {"direct": 2}

    def test_a_sealed_redelivery_with_a_new_random_prefix_is_recognised(
        self, webhook, runtime, account
    ):
        push = webhook.fields("你好")
        webhook.deliver_sealed(push)
        webhook.deliver_sealed(push)
        webhook.deliver(push)
        assert queued(runtime) == {"direct": 1}

    def test_no_answer_is_kept_by_a_cache(self, webhook, account):
        answer = webhook.deliver(webhook.fields())
        assert "Set-Cookie" not in answer.headers


class TestUrgency:
    def test_a_question_is_direct_and_an_event_routine(self, webhook, runtime, account):
        webhook.deliver(webhook.fields("我的订单呢"))
        webhook.deliver(webhook.event("CLICK", EventKey="menu"))
        assert queued(runtime) == {"direct": 1, "routine": 1}

    def test_a_customer_who_waits_past_the_deadline_is_urgent(self, webhook, runtime, account):
        runtime.redis.hset(standings.key(account.id), WANG, "overdue")
        webhook.deliver(webhook.fields("还在吗"))
        assert queued(runtime) == {"urgent": 1}

    def test_no_rule_speaks_while_an_agent_is_in_the_conversation(self, webhook, runtime, account):
        make_rule(runtime, account, "抽奖", "感谢参与")
        runtime.redis.hset(standings.key(account.id), WANG, "attended")
        assert webhook.deliver(webhook.fields("抽奖")).text == "success"
        assert queued(runtime) == {"direct": 1}


class TestKinds:
    def test_unknown_kinds_and_events_are_kept_with_everything(self, webhook, runtime, account):
        webhook.deliver(webhook.fields(MsgType="hologram", Content=None, Depth={"Cm": 7}))
        webhook.deliver(webhook.event("brand_new_event", Secret="値"))
        record_waiting(runtime)
        hologram, event = sorted(messages_of(runtime), key=lambda message: message.kind)[::-1]
        assert (hologram.kind, hologram.payload["Depth"]) == ("hologram", {"Cm": "7"})
        assert hologram.place is Place.CONVERSATION
        assert (event.payload["Event"], event.payload["Secret"]) == ("brand_new_event", "値")
        assert (event.place, event.set_aside_reason) == (Place.SET_ASIDE, "event")

    def test_control_characters_do_not_lose_a_message(self, webhook, runtime, account):
        assert webhook.deliver(webhook.fields("a\x02b\x08c")).text == "success"
        record_waiting(runtime)
        assert [message.text for message in messages_of(runtime)] == ["abc"]

    def test_a_kind_with_capitals_and_a_rule_word_in_an_event_is_no_text(
        self, webhook, runtime, account
    ):
        make_rule(runtime, account, "抽奖", "感谢参与")
        assert webhook.deliver(webhook.event("CLICK", EventKey="抽奖")).text == "success"

    def test_an_emoji_and_a_long_text_come_through_whole(self, webhook, runtime, account):
        text = "😀" * 500
        webhook.deliver(webhook.fields(text))
        record_waiting(runtime)
        assert messages_of(runtime)[0].text == text

    def test_a_nul_in_a_nested_value_does_not_stop_the_batch(self, webhook, runtime, account):
        webhook.deliver(webhook.fields("a\x00b", Extra={"Deep": "c\x00d"}))
        record_waiting(runtime)
        assert messages_of(runtime)[0].payload["Extra"] == {"Deep": "cd"}

    def test_a_huge_msg_id_is_cut_and_not_lost(self, webhook, runtime, account):
        webhook.deliver(webhook.fields(MsgId="9" * 100))
        record_waiting(runtime)
        assert len(messages_of(runtime)) == 1


def record_all(runtime: Runtime) -> None:
    """The web process moves what is spooled too, in a thread: whoever comes second does nothing."""

    def is_all_recorded() -> bool:
        record_waiting(runtime)
        return runtime.spool.is_empty() and not sum(intake_streams(runtime.redis).waiting())

    wait_until(is_all_recorded, seconds=60, what="an empty spool and empty streams")


class TestRedisAway:
    @pytest.fixture
    def runtime(self, build_runtime, own_redis):
        return build_runtime(WXDESK_REDIS_URL=own_redis.url)

    @pytest.fixture
    def webhook(self, runtime, account):
        """An app that has seen its account before Redis goes away."""
        webhook = Webhook(create_app(runtime).test_client(), runtime)
        webhook.deliver(webhook.fields("之前"))
        record_waiting(runtime)
        return webhook

    def test_pushes_are_spooled_and_answered_the_same(self, webhook, runtime, account, own_redis):
        make_rule(runtime, account, "抽奖", "感谢参与")
        webhook.client.application.extensions["wxdesk-door"].directory.refresh()
        own_redis.stop()
        push = webhook.fields("抽奖")

        answers = [webhook.deliver(push), webhook.deliver(push)]

        assert [read_fields(answer.data)["Content"] for answer in answers] == ["感谢参与"] * 2
        assert webhook.deliver(webhook.fields("你好")).text == "success"
        assert len(runtime.spool) == 2

    def test_everything_comes_back_once_and_in_order(self, webhook, runtime, clock, own_redis):
        own_redis.stop()
        pushes = []
        for number in range(5):
            clock.advance(seconds=1)
            pushes.append(webhook.fields(f"第 {number} 条"))
            assert webhook.deliver(pushes[-1]).text == "success"
        own_redis.start()
        for push in pushes:
            assert webhook.deliver(push).text == "success"  # WeChat delivers again

        record_all(runtime)

        assert [m.text for m in messages_of(runtime)][1:] == [f"第 {n} 条" for n in range(5)]

    def test_a_push_after_redis_is_back_does_not_overtake_the_spooled(
        self, webhook, runtime, clock, own_redis
    ):
        own_redis.stop()
        webhook.deliver(webhook.fields("先"))
        own_redis.start()
        clock.advance(seconds=1)
        webhook.deliver(webhook.fields("后"))
        record_all(runtime)
        assert [message.text for message in messages_of(runtime)] == ["之前", "先", "后"]

    def test_no_rule_speaks_while_an_agent_is_in_the_conversation(
        self, webhook, runtime, account, team, own_redis
    ):
        """Redis can't be asked then: the database knows who is attended."""
        make_rule(runtime, account, "抽奖", "感谢参与")
        webhook.client.application.extensions["wxdesk-door"].directory.refresh()
        with runtime.unit_of_work() as uow:
            message = uow.session.scalars(select(Message)).one()
            claim(uow, message.conversation_id, team.lin)
        own_redis.stop()
        assert webhook.deliver(webhook.fields("抽奖")).text == "success"
        answer = webhook.deliver(webhook.fields("抽奖") | {"FromUserName": "oLi"})
        assert read_fields(answer.data)["Content"] == "感谢参与"

    def test_redis_and_disk_away_is_a_500_so_that_wechat_delivers_again(
        self, webhook, runtime, own_redis, caplog
    ):
        own_redis.stop()
        shutil.rmtree(runtime.settings.data_dir / "spool", ignore_errors=True)
        (runtime.settings.data_dir / "spool").write_text("a file in the way")
        with caplog.at_level(logging.CRITICAL):
            assert webhook.deliver(webhook.fields("你好")).status_code == 500

    def test_the_accounting_adds_up_when_all_is_back(self, webhook, runtime, own_redis):
        own_redis.stop()
        webhook.deliver(webhook.fields("你好"))
        with runtime.spool.alone() as is_alone:  # the web process moves nothing yet
            assert is_alone
            own_redis.start()
            with runtime.reading() as session:
                found = account_for_everything(session, runtime.redis, runtime.spool)
        assert (found.spooled, found.in_conversation, found.difference) == (1, 1, 0)
        record_all(runtime)
        with runtime.reading() as session:
            found = account_for_everything(session, runtime.redis, runtime.spool)
            rows = session.scalar(select(func.count()).select_from(Message))
        assert (found.accepted, found.in_conversation, rows) == (2, 2, 2)
        assert found.is_balanced


def test_the_database_away_does_not_stop_the_webhook(build_runtime, redis_server, tmp_path):
    """It goes on with the accounts and rules that it knew last."""
    runtime = build_runtime(
        WXDESK_REDIS_URL=redis_server.url, WXDESK_DATABASE_URL=f"sqlite:///{tmp_path}/own.sqlite3"
    )
    upgrade(runtime.engine)
    make_rule(runtime, make_account(runtime), "抽奖", "感谢参与")
    webhook = Webhook(create_app(runtime).test_client(), runtime)
    webhook.deliver(webhook.fields("你好"))
    runtime.engine.dispose()
    for path in tmp_path.glob("own.sqlite3*"):
        path.unlink()
    (tmp_path / "own.sqlite3").mkdir()

    assert read_fields(webhook.deliver(webhook.fields("抽奖")).data)["Content"] == "感谢参与"
    assert webhook.deliver(webhook.fields("你好")).text == "success"
    assert queued(runtime) == {"direct": 2, "bulk": 1}


def test_the_signature_is_checked_before_the_body_is_read(webhook, account):
    """A stranger learns nothing from how a broken body is answered."""
    query = webhook.signed() | {"signature": sign("othertoken", "1", "2")}
    assert webhook.post(b"<xml><broken", query).status_code == 403


def test_redis_and_database_away_still_keeps_the_push_and_lets_no_rule_speak(
    build_runtime, own_redis, tmp_path, caplog
):
    """Nobody knows whether an agent is in the conversation: a person will answer."""
    path = tmp_path / "own.sqlite3"
    runtime = build_runtime(WXDESK_REDIS_URL=own_redis.url, WXDESK_DATABASE_URL=f"sqlite:///{path}")
    upgrade(runtime.engine)
    make_rule(runtime, make_account(runtime), "抽奖", "感谢参与")
    webhook = Webhook(create_app(runtime).test_client(), runtime)
    webhook.deliver(webhook.fields("你好"))
    runtime.engine.dispose()
    own_redis.stop()
    path.rename(path.with_suffix(".away"))
    path.mkdir()
    assert webhook.deliver(webhook.fields("抽奖")).text == "success"
    assert len(runtime.spool) == 1
