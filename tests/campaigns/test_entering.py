"""From the keyword to the row: who enters, who gets which code, and what is counted."""

from datetime import timedelta

import pytest
from cast import Webhook, customer_writes, make_account, messages_of, record_waiting
from sqlalchemy import select

from campaigns.scene import change, counts, entries, make_campaign, somebody, winners, writes
from wxdesk.app import create_app
from wxdesk.campaigns.code_queries import count_pending, sum_tallies
from wxdesk.campaigns.deciding import settle
from wxdesk.campaigns.jobs import offer_codes
from wxdesk.campaigns.models import Campaign
from wxdesk.campaigns.queries import list_entries
from wxdesk.contacts.models import Contact
from wxdesk.conversations.models import Conversation, Message
from wxdesk.conversations.rules import Direction, Place, SenderKind
from wxdesk.intake.queries import account_for_everything
from wxdesk.outbound.models import DeliveryRow
from wxdesk.triage.rules import Limits, Outcome, Trigger, WhenOver


def tallies(runtime, campaign):
    with runtime.reading() as session:
        return sum_tallies(session, campaign.id)


def last_incoming(runtime):
    return [it for it in messages_of(runtime) if it.direction is Direction.INCOMING][-1]


def test_each_person_gets_one_code_and_the_rows_say_which(runtime, account, webhook):
    campaign = make_campaign(runtime, account, ["A-1", "A-2"])
    assert writes(webhook, 1) == "您的码是 A-1"
    assert writes(webhook, 2) == "您的码是 A-2"
    assert writes(webhook, 1) == "您已参加"
    record_waiting(runtime)
    assert winners(runtime, campaign) == {somebody(1): "A-1", somebody(2): "A-2"}
    assert counts(runtime, campaign).given == 2
    with runtime.reading() as session:
        first = list_entries(session, campaign.id)[0]
    assert (first.number, first.code) == (1, "A-1")
    answers = [it for it in messages_of(runtime) if it.sender_kind is SenderKind.RULE]
    assert [it.outcome for it in answers] == ["entered", "entered", "already"]
    assert tallies(runtime, campaign) == {"entered": 2, "already": 1}


def test_who_comes_after_the_last_code_hears_it(runtime, account, webhook):
    campaign = make_campaign(runtime, account, ["A-1"])
    offer_codes()
    writes(webhook, 1)
    assert writes(webhook, 2) == "已发完"
    record_waiting(runtime)
    assert tallies(runtime, campaign) == {"entered": 1, "sold_out": 1}


def test_too_early_too_late_and_long_over(runtime, account, webhook, clock):
    campaign = make_campaign(
        runtime,
        account,
        starts_at=clock() + timedelta(hours=1),
        ends_at=clock() + timedelta(hours=2),
    )
    assert writes(webhook, 1) == "活动还没开始"
    clock.advance(hours=1)
    assert writes(webhook, 1) == "您的码是 无"
    clock.advance(hours=1)
    assert writes(webhook, 2) == "活动已结束"
    clock.advance(days=7)
    assert writes(webhook, 3) == ""
    record_waiting(runtime)
    assert len(entries(runtime, campaign)) == 1
    assert last_incoming(runtime).place is Place.CONVERSATION


def test_an_outcome_without_a_reply_is_quiet_and_wakes_nobody(runtime, account, webhook):
    campaign = make_campaign(runtime, account, ["A-1"], silent=[Outcome.ALREADY])
    writes(webhook, 1)
    assert writes(webhook, 1) == ""
    record_waiting(runtime)
    quiet = last_incoming(runtime)
    assert (quiet.place, quiet.set_aside_reason) == (Place.SET_ASIDE, "quiet")
    assert (quiet.outcome, quiet.matched) == ("already", "抽奖")
    assert (quiet.source or "").startswith("rule:")
    assert tallies(runtime, campaign) == {"entered": 1, "quiet": 1}
    with runtime.reading() as session:
        assert session.scalar(select(Conversation.id)) is None
        assert account_for_everything(session, runtime.redis, runtime.spool).is_balanced


def test_a_stopped_campaign_says_nothing_and_a_resumed_one_goes_on(runtime, account, webhook):
    campaign = make_campaign(runtime, account, ["A-1"])
    change(runtime, campaign, paused_at=runtime.clock())
    assert writes(webhook, 1) == ""
    record_waiting(runtime)
    assert last_incoming(runtime).set_aside_reason == "campaign_stopped"
    assert tallies(runtime, campaign) == {"campaign_stopped": 1}


def test_who_is_with_a_person_enters_only_where_the_campaign_says_so(
    runtime, account, webhook, team, redis
):
    campaign = make_campaign(runtime, account, ["A-1"], rule={"answers_attended": True})
    customer_writes(runtime, account, openid=somebody(1))
    redis.hset(f"wxdesk:standings:{account.id}", somebody(1), "attended")
    assert writes(webhook, 1) == "您的码是 A-1"
    assert writes(webhook, 1, "我的订单呢") == ""
    record_waiting(runtime)
    assert len(entries(runtime, campaign)) == 1


def test_a_follow_can_enter(runtime, account, webhook):
    campaign = make_campaign(
        runtime, account, ["A-1"], rule={"trigger": Trigger.FOLLOW, "patterns": ""}
    )
    push = webhook.event("subscribe", FromUserName=somebody(1))
    assert "A-1" in webhook.deliver(push).text
    record_waiting(runtime)
    assert winners(runtime, campaign) == {somebody(1): "A-1"}
    assert last_incoming(runtime).set_aside_reason == "event"


def test_a_notice_is_answered_and_still_goes_to_a_person(runtime, account, webhook):
    campaign = make_campaign(runtime, account, ["A-1"], rule={"passes_on": True})
    assert writes(webhook, 1) == "您的码是 A-1"
    record_waiting(runtime)
    assert last_incoming(runtime).place is Place.CONVERSATION
    assert len(entries(runtime, campaign)) == 1
    with runtime.reading() as session:
        waiting = session.scalars(select(Conversation)).one()
    assert waiting.waiting_since is not None


def test_over_its_limit_a_rule_of_a_campaign_does_what_it_says(runtime, account, webhook):
    limits = Limits(per_person=1, when_over=WhenOver.QUIET)
    campaign = make_campaign(runtime, account, ["A-1", "A-2"], rule={"limits": limits})
    assert writes(webhook, 1) == "您的码是 A-1"
    assert writes(webhook, 1) == ""
    record_waiting(runtime)
    assert tallies(runtime, campaign) == {"entered": 1, "quiet": 1}


@pytest.fixture
def waiting(runtime, account, webhook, redis):
    """Somebody wrote while Redis had lost everything."""
    campaign = make_campaign(runtime, account, ["A-1", "A-2"], is_open=False)
    assert writes(webhook, 1) == ""
    record_waiting(runtime)
    return campaign


def test_who_waits_for_the_gate_is_answered_by_message(runtime, account, webhook, waiting):
    assert tallies(runtime, waiting) == {"pending": 1}
    offer_codes()
    answer = messages_of(runtime)[-1]
    assert (answer.text, answer.outcome) == ("您的码是 A-1", "entered")
    assert answer.sender_kind is SenderKind.RULE
    assert winners(runtime, waiting) == {somebody(1): "A-1"}
    with runtime.reading() as session:
        delivery = session.scalars(select(DeliveryRow)).one()
        assert count_pending(session, waiting.id) == 0
    assert (delivery.is_bulk, delivery.may_wait) == (True, True)
    assert tallies(runtime, waiting) == {"entered": 1}
    assert writes(webhook, 1) == "您已参加"


def test_who_waits_while_the_campaign_is_stopped_is_set_aside(runtime, waiting):
    change(runtime, waiting, paused_at=runtime.clock())
    offer_codes()
    assert last_incoming(runtime).set_aside_reason == "campaign_stopped"
    assert tallies(runtime, waiting) == {"campaign_stopped": 1}
    assert counts(runtime, waiting).given == 0


def test_who_waits_when_a_stopped_campaign_goes_on_at_that_moment_still_gets_in(
    runtime, waiting, monkeypatch
):
    """Resumed between the gate's word, which was none, and its row."""
    change(runtime, waiting, paused_at=runtime.clock())
    with monkeypatch.context() as patch:

        def resumed_first(uow, campaign_id, decisions):
            uow.session.get_one(Campaign, campaign_id).paused_at = None
            return settle(uow, campaign_id, decisions)

        patch.setattr("wxdesk.campaigns.jobs.settle", resumed_first)
        offer_codes()
    assert tallies(runtime, waiting) == {"pending": 1}
    offer_codes()
    assert winners(runtime, waiting) == {somebody(1): "A-1"}
    assert tallies(runtime, waiting) == {"entered": 1}


def test_who_waits_and_comes_too_late_hears_that_all_is_given(runtime, account, webhook):
    campaign = make_campaign(runtime, account, ["A-1"], is_open=False)
    for who in (1, 2):
        writes(webhook, who)
    record_waiting(runtime)
    offer_codes()
    said = [it.text for it in messages_of(runtime) if it.direction is Direction.OUTGOING]
    assert said == ["您的码是 A-1", "已发完"]
    assert tallies(runtime, campaign) == {"entered": 1, "sold_out": 1}


def test_while_redis_is_away_nobody_enters_twice(build_runtime, own_redis, clock, monkeypatch):

    runtime = build_runtime(WXDESK_REDIS_URL=own_redis.url)
    account = make_account(runtime)
    campaign = make_campaign(runtime, account, ["A-1", "A-2", "A-3"])
    webhook = Webhook(create_app(runtime).test_client(), runtime)
    assert writes(webhook, 1) == "您的码是 A-1"
    own_redis.stop()
    assert writes(webhook, 1) == ""
    assert writes(webhook, 2) == ""
    own_redis.start()
    record_waiting(runtime)
    offer_codes()
    assert set(winners(runtime, campaign)) == {somebody(1), somebody(2)}
    assert tallies(runtime, campaign) == {"entered": 2, "already": 1}


def test_recording_again_gives_nothing_twice(runtime, account, webhook):
    campaign = make_campaign(runtime, account, ["A-1"], entries_per_person=0)
    push = webhook.fields("抽奖", FromUserName=somebody(1))
    webhook.deliver(push)
    record_waiting(runtime)
    runtime.redis.delete(*runtime.redis.keys("wxdesk:intake:once:*"))
    webhook.deliver(push)
    record_waiting(runtime)
    assert [it.number for it in entries(runtime, campaign)] == [1]


def test_a_code_that_went_to_a_redelivery_of_an_old_push_is_recorded(runtime, account, webhook):
    push = webhook.fields("抽奖", FromUserName=somebody(1))
    webhook.deliver(push)
    record_waiting(runtime)
    campaign = make_campaign(runtime, account, ["A-1"])
    webhook.client.application.extensions["wxdesk-door"].directory.refresh()
    runtime.redis.delete(*runtime.redis.keys("wxdesk:intake:once:*"))
    webhook.deliver(push)
    record_waiting(runtime)
    assert winners(runtime, campaign) == {somebody(1): "A-1"}
    with runtime.reading() as session:
        assert len(session.scalars(select(Message.id)).all()) == 1


def test_who_leaves_is_forgotten_and_comes_back_gets_no_second_code(runtime, account, webhook):
    make_campaign(runtime, account, ["A-1", "A-2"], rule={"limits": Limits(per_person=5)})
    assert writes(webhook, 1) == "您的码是 A-1"
    record_waiting(runtime)
    with runtime.unit_of_work() as uow:
        contact = uow.session.scalars(select(Contact).where(Contact.openid == somebody(1))).one()
        contact.openid = "forgotten-1"
    assert "A-2" not in writes(webhook, 1)
    kept = [*runtime.redis.keys("*:entered"), *runtime.redis.keys("*:given")]
    kept += runtime.redis.keys("wxdesk:rule:*:by")
    assert len(kept) == 3
    names = [name for key in kept for name in runtime.redis.hkeys(key)]
    assert not any(somebody(1).encode() in name for name in names)
