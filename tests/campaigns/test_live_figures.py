"""The live page's numbers: counted on from the last reading, the same as counted from anew."""

from datetime import timedelta

import pytest
from cast import Api, Webhook, as_json, record_waiting
from sqlalchemy import select

from campaigns.events import REPLIES, form_of, make_live, openid
from campaigns.scene import said_in, writes
from wxdesk.campaigns import switching
from wxdesk.campaigns.codes import import_codes
from wxdesk.campaigns.deciding import entering_of, list_waiting, settle
from wxdesk.campaigns.jobs import offer_codes
from wxdesk.campaigns.live_cache import LiveCache
from wxdesk.campaigns.live_figures import Arrivals, LiveFigures, Waits, read_arrivals, read_waits
from wxdesk.campaigns.models import Campaign
from wxdesk.campaigns.offering import ready
from wxdesk.campaigns.operations import create_campaign
from wxdesk.campaigns.queries import get_campaign
from wxdesk.contacts.models import Contact, FollowEvent
from wxdesk.conversations.models import Conversation
from wxdesk.plumbing.gates import Gatekeeper
from wxdesk.triage.rules import Outcome


class Timer:
    """A stopwatch that a test moves."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def figures(runtime, campaign_id: int, cache: LiveCache) -> LiveFigures:
    with runtime.reading() as session:
        view = get_campaign(session, campaign_id, runtime.clock())
        return cache.get(session, view, runtime.clock())


def arrivals(runtime, campaign_id: int, before: Arrivals | None) -> Arrivals:
    with runtime.reading() as session:
        view = get_campaign(session, campaign_id, runtime.clock())
        return read_arrivals(session, view, before)


@pytest.fixture
def campaign_id(runtime, account) -> int:
    made = make_live(runtime, account)
    offer_codes()
    return made


@pytest.fixture
def with_codes(runtime, account) -> int:
    """A campaign with three codes that says nothing to whoever comes again."""
    replies = REPLIES | {Outcome.ENTERED: "您的码 {{code}}", Outcome.ALREADY: ""}
    form = form_of(runtime, account, has_codes=True, replies=replies)
    with runtime.unit_of_work() as uow:
        made = create_campaign(uow, form, actor_id=None).id
        import_codes(uow, made, b"A-1\nA-2\nA-3\n")
        switching.go_live(uow, made, actor_id=None, is_seen=True)
    offer_codes()
    return made


def test_numbers_follow_what_customers_do(runtime, webhook: Webhook, clock, with_codes):
    assert [writes(webhook, who) for who in (1, 2, 1)] == ["您的码 A-1", "您的码 A-2", ""]
    clock.advance(minutes=1)
    writes(webhook, 3, "订单在哪里?")
    record_waiting(runtime)
    clock.advance(seconds=90)
    it = figures(runtime, with_codes, LiveCache())
    assert it.outcomes == {"entered": 2, "quiet": 1}
    assert (it.hits, it.slow.people, it.arrivals.arrivals, it.arrivals.passed_on) == (3, 2, 4, 1)
    assert (it.answered_at_once, it.slow.codes.left, it.slow.codes.given) == (2, 1, 2)
    assert it.waits == Waits(1, 90, 90, 90)
    assert [(one.hits, one.arrivals, one.passed_on) for one in list(it.minutes.values())[-3:]] == [
        (3, 3, 0),
        (0, 1, 1),
        (0, 0, 0),
    ]


def test_all_who_look_within_a_second_get_the_same_reading(runtime, webhook, with_codes):
    timer = Timer()
    cache = LiveCache(timer)
    assert figures(runtime, with_codes, cache).hits == 0
    writes(webhook, 4)
    record_waiting(runtime)
    assert figures(runtime, with_codes, cache).hits == 0
    timer.now += 5
    assert figures(runtime, with_codes, cache).hits == 1
    assert figures(runtime, with_codes, cache) == figures(runtime, with_codes, LiveCache())


def test_going_on_counts_the_same_as_counting_from_anew(runtime, webhook, clock, campaign_id):
    before = None
    for number in range(12):
        writes(webhook, number, "抽奖" if number % 3 else "什么时候开奖?")
        if number % 4 == 3:
            record_waiting(runtime)
            before = arrivals(runtime, campaign_id, before)
            clock.advance(seconds=50)
    assert before == arrivals(runtime, campaign_id, None)
    assert (before.arrivals, before.passed_on) == (12, 4)


def test_a_stopped_campaign_answers_nothing_and_what_comes_is_counted(
    runtime, team, webhook, campaign_id
):
    assert writes(webhook, 1) == "感谢参与!"
    with runtime.unit_of_work() as uow:
        switching.stop(uow, campaign_id, actor_id=team.chen)
    webhook.client.application.extensions["wxdesk-door"].directory.refresh()
    assert writes(webhook, 2) == ""
    record_waiting(runtime)
    it = figures(runtime, campaign_id, LiveCache())
    assert it.outcomes == {"entered": 1, "campaign_stopped": 1}
    with runtime.reading() as session:
        assert session.scalars(select(Conversation)).all() == []  # no agent is woken


def test_who_is_in_but_was_not_told_is_not_counted_as_answered(runtime, team, account, webhook):
    made = make_live(runtime, account)  # nobody can enter yet: the gate is closed
    assert writes(webhook, 1) == ""
    record_waiting(runtime)
    with runtime.reading() as session:
        campaign = session.get_one(Campaign, made)
        waiting = list_waiting(session, made, 0)
    ready(runtime, made)
    keeper = Gatekeeper(runtime.redis, made)
    [decision] = keeper.settle(entering_of(campaign), [it.wish for it in waiting])
    with runtime.unit_of_work() as uow:
        switching.stop(uow, made, actor_id=team.chen)
    with runtime.unit_of_work() as uow:
        settle(uow, made, {waiting[0].pending_id: decision})
    it = figures(runtime, made, LiveCache())
    assert (it.outcomes["entered"], it.slow.people, it.answered_at_once) == (1, 1, 0)


@pytest.mark.parametrize("is_by_button", [True, False])
def test_an_ended_campaign_says_so_even_when_it_was_stopped_before(
    runtime, team, webhook, clock, campaign_id, is_by_button
):
    with runtime.unit_of_work() as uow:
        switching.stop(uow, campaign_id, actor_id=team.chen)
    if is_by_button:
        with runtime.unit_of_work() as uow:
            switching.end(uow, campaign_id, actor_id=team.chen)
        clock.advance(seconds=1)
    else:
        clock.advance(days=7)
    webhook.client.application.extensions["wxdesk-door"].directory.refresh()
    assert writes(webhook, 1) == REPLIES[Outcome.ENDED]


def test_what_comes_after_the_end_is_not_the_event_s(runtime, account, webhook, clock, campaign_id):
    writes(webhook, 1)
    record_waiting(runtime)
    cache = LiveCache(Timer())
    assert figures(runtime, campaign_id, cache).arrivals.arrivals == 1
    clock.advance(days=6, hours=23)
    writes(webhook, 2)
    writes(webhook, 3, "订单在哪里?")
    clock.advance(days=1)
    writes(webhook, 4)
    writes(webhook, 5, "订单在哪里?")
    record_waiting(runtime)
    cache.timer.now += 5
    with runtime.unit_of_work() as uow:
        who = uow.session.scalars(select(Contact).where(Contact.openid == openid(5))).one()
        unfollow = FollowEvent(
            account_id=account.id, contact_id=who.id, message_id=900, is_follow=False
        )
        unfollow.is_return, unfollow.happened_at = False, clock()
        uow.session.add(unfollow)
    for it in (figures(runtime, campaign_id, cache), figures(runtime, campaign_id, LiveCache())):
        assert (it.arrivals.arrivals, it.arrivals.passed_on, it.unfollows) == (3, 1, 0)
        assert it.outcomes == {"entered": 2, "ended": 1}
        shown = list(it.minutes.items())
        assert (sum(one.entries for _, one in shown), sum(one.arrivals for _, one in shown)) == (
            1,
            2,
        )
        assert shown[-1][0] == clock().replace(second=0, microsecond=0) - timedelta(hours=23)


def test_waits_are_those_of_now(runtime, account, webhook, clock, campaign_id):
    for number, seconds in enumerate((0, 60, 120, 600)):
        clock.advance(seconds=seconds)
        writes(webhook, number, "人工")
    record_waiting(runtime)
    clock.advance(seconds=60)
    with runtime.reading() as session:
        assert read_waits(session, account.id, clock()) == Waits(4, 660, 840, 840)


def test_unfollows_are_counted_in_their_minute(runtime, account, webhook, clock, campaign_id):
    writes(webhook, 1)
    record_waiting(runtime)
    with runtime.unit_of_work() as uow:
        who = uow.session.scalars(select(Contact).where(Contact.openid == openid(1))).one()
        for number, is_follow in enumerate((True, False)):
            uow.session.add(
                FollowEvent(
                    account_id=account.id,
                    contact_id=who.id,
                    message_id=900 + number,
                    is_follow=is_follow,
                    is_return=False,
                    happened_at=clock() - timedelta(minutes=2),
                )
            )
    it = figures(runtime, campaign_id, LiveCache())
    assert (it.follows, it.unfollows) == (1, 1)
    assert [one.unfollows for one in it.minutes.values()][-3:] == [1, 0, 0]


@pytest.mark.one_database
def test_the_page_s_address_gives_plain_numbers(runtime, webhook, lin: Api, campaign_id):
    assert said_in(webhook.deliver(webhook.fields("抽奖")).text) == "感谢参与!"
    record_waiting(runtime)
    answer = lin.client.get(f"/campaigns/{campaign_id}/live/now", headers=lin.headers)
    found = as_json(answer)
    assert (found["hits"], found["people"], found["replies"]["at_once"]) == (1, 1, 1)
    assert found["minutes"][-1]["entries"] == 1
    assert found["codes"] is None
