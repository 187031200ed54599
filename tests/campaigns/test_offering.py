"""Codes between the database and Redis: whatever is lost in between, none is given twice."""

import pytest
from cast import record_waiting

from campaigns.scene import change, counts, entries, make_campaign, somebody, winners, writes
from wxdesk.campaigns import offering
from wxdesk.campaigns.codes import release_lost
from wxdesk.campaigns.jobs import offer_codes, reconcile_codes
from wxdesk.plumbing.gates import Gatekeeper, mark_of

CODES = [f"C-{number:04d}" for number in range(30)]


@pytest.fixture
def small_offers(monkeypatch):
    monkeypatch.setattr(offering, "USUAL_OFFER", 4)
    monkeypatch.setattr(offering, "LARGEST_OFFER", 4)


def test_only_as_many_codes_are_in_redis_as_a_moment_needs(runtime, account, webhook, small_offers):
    campaign = make_campaign(runtime, account, CODES)
    assert (counts(runtime, campaign).offered, counts(runtime, campaign).free) == (4, 26)
    said = [writes(webhook, who) for who in range(6)]
    assert said[4:] == ["", ""]  # they wait, nothing is sold out
    record_waiting(runtime)
    offer_codes()
    assert len(winners(runtime, campaign)) == 6
    assert counts(runtime, campaign).left == 24


def test_a_process_killed_between_the_mark_and_the_list_loses_nothing(
    runtime, account, webhook, monkeypatch
):
    campaign = make_campaign(runtime, account, CODES[:2], is_open=False)
    with monkeypatch.context() as patch:
        patch.setattr(Gatekeeper, "push", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            offer_codes()
    assert counts(runtime, campaign).offered == 2
    assert writes(webhook, 1) == ""  # not sold out: they are on their way
    record_waiting(runtime)
    offer_codes()
    assert winners(runtime, campaign) == {somebody(1): "C-0000"}
    assert writes(webhook, 2) == "您的码是 C-0001"
    assert writes(webhook, 3) == "已发完"


def test_a_process_killed_between_the_decision_and_its_row_decides_the_same_again(
    runtime, account, webhook, monkeypatch
):
    campaign = make_campaign(runtime, account, CODES[:2], is_open=False)
    writes(webhook, 1)
    record_waiting(runtime)
    with monkeypatch.context() as patch:
        patch.setattr("wxdesk.campaigns.jobs.settle", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            offer_codes()
    offer_codes()
    assert winners(runtime, campaign) == {somebody(1): "C-0000"}
    assert writes(webhook, 2) == "您的码是 C-0001"


def test_when_redis_loses_its_data_its_codes_are_lost_and_nobody_enters_twice(
    runtime, account, webhook, clock, small_offers
):
    campaign = make_campaign(runtime, account, CODES)
    assert writes(webhook, 1) == "您的码是 C-0000"
    record_waiting(runtime)
    assert writes(webhook, 2) == "您的码是 C-0001"  # and its entry is lost with redis
    runtime.redis.flushall()
    assert writes(webhook, 1) == ""
    record_waiting(runtime)
    offer_codes()
    assert winners(runtime, campaign) == {somebody(1): "C-0000"}  # it waits a while
    clock.advance(seconds=6)
    offer_codes()
    assert len(entries(runtime, campaign)) == 1
    found = counts(runtime, campaign)
    assert (found.given, found.lost, found.total) == (1, 3, 30)
    assert writes(webhook, 3) == "您的码是 C-0004"
    assert writes(webhook, 1) == "您已参加"


def test_a_person_may_take_lost_codes_up_again(runtime, account, webhook, clock):
    campaign = make_campaign(runtime, account, CODES[:3])
    runtime.redis.flushall()
    offer_codes()
    clock.advance(seconds=6)
    offer_codes()
    assert counts(runtime, campaign).lost == 3
    assert writes(webhook, 1) == "已发完"
    with runtime.unit_of_work() as uow:
        assert release_lost(uow, campaign.id) == 3
    offer_codes()
    assert writes(webhook, 2) == "您的码是 C-0000"


def test_after_the_end_codes_come_back_and_redis_forgets(runtime, account, clock):
    campaign = make_campaign(runtime, account, CODES)
    change(runtime, campaign, ended_at=clock())
    offer_codes()
    found = counts(runtime, campaign)
    assert (found.free, found.offered) == (30, 0)
    clock.advance(days=9)
    reconcile_codes()
    assert Gatekeeper(runtime.redis, campaign.id).lease() is None


def test_two_processes_that_move_codes_at_once_put_none_into_the_list_twice(
    runtime, account, monkeypatch
):
    """One takes codes back while the other, who still sees somebody waiting, offers them anew."""
    campaign = make_campaign(runtime, account, CODES[:2])
    keeper = Gatekeeper(runtime.redis, campaign.id)
    lease = keeper.lease()
    look, seen = Gatekeeper.aside_codes, []

    def aside_codes(self, most=0):
        codes = look(self, most)
        if codes and not seen:
            seen.append(codes)
            offering.offer(runtime, campaign.id, lease)
        return codes

    monkeypatch.setattr(Gatekeeper, "aside_codes", aside_codes)
    offering.take_back(runtime, campaign.id, lease)
    offering.offer(runtime, campaign.id, lease)
    here = runtime.redis.lrange(keeper.keys.codes, 0, -1)
    assert sorted(here) == [code.encode() for code in CODES[:2]]


@pytest.mark.parametrize("is_forgotten", [False, True])
def test_a_code_is_offered_again_only_when_redis_has_forgotten_that_it_was_put_aside(
    runtime, account, is_forgotten
):
    """A process that died between the two must not leave a code to be freed a second time."""
    campaign = make_campaign(runtime, account, CODES[:1])
    keeper = Gatekeeper(runtime.redis, campaign.id)
    keeper.put_aside()
    with runtime.unit_of_work() as uow:
        offering._free(uow, campaign.id, keeper.aside_codes())
        if is_forgotten:
            keeper.forget_aside(1)
    with runtime.unit_of_work() as uow:
        assert offering._mark(uow, keeper, "lease:9", 5) == int(is_forgotten)


def test_codes_that_vanish_with_a_stream_are_not_given_again(runtime, account, webhook):
    campaign = make_campaign(runtime, account, CODES[:3])
    writes(webhook, 1)
    reconcile_codes()
    assert counts(runtime, campaign).lost == 0  # it is in the stream
    for key in runtime.redis.keys("wxdesk:intake:bulk"):
        runtime.redis.delete(key)
    reconcile_codes()
    found = counts(runtime, campaign)
    assert (found.lost, found.offered) == (1, 2)


def test_a_decision_that_a_killed_process_left_hides_no_lost_code(runtime, account, webhook, clock):
    campaign = make_campaign(runtime, account, CODES[:3], is_open=False)
    writes(webhook, 1)
    record_waiting(runtime)
    keeper = Gatekeeper(runtime.redis, campaign.id)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Gatekeeper, "forget", lambda *_: None)  # killed before it
        offer_codes()
    assert len(winners(runtime, campaign)) == 1
    assert keeper.decided_marks(10)
    runtime.redis.lpop(keeper.keys.codes)  # a code that is nowhere
    clock.advance(minutes=5)
    reconcile_codes()
    assert keeper.decided_marks(10) == []
    assert counts(runtime, campaign).lost == 1


def test_many_entries_are_known_again_page_by_page(runtime, account, webhook, clock, monkeypatch):
    campaign = make_campaign(runtime, account, CODES, entries_per_person=2)
    for who in (1, 2, 1, 3):
        writes(webhook, who)
    record_waiting(runtime)
    monkeypatch.setattr(offering, "PAGE", 2)
    runtime.redis.flushall()
    offer_codes()
    clock.advance(seconds=6)
    offer_codes()
    known = runtime.redis.hgetall(f"wxdesk:campaign:{campaign.id}:entered")
    assert {who.decode(): marks.count(b",") + 1 for who, marks in known.items()} == {
        mark_of(somebody(1)): 2,
        mark_of(somebody(2)): 1,
        mark_of(somebody(3)): 1,
    }
    assert runtime.redis.hget(f"wxdesk:campaign:{campaign.id}", "total") == b"4"
