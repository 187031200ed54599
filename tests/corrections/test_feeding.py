"""A correction reaches exactly those who got the wrong answer, once each, at its rate."""

from datetime import timedelta

import pytest
from cast import auto_answer, conversation_of, customer_writes, make_rule, messages_of
from sqlalchemy import select

from corrections.helping import (
    act,
    an_agent_helps,
    change_contact,
    choice_of,
    contact_of,
    correction,
    end,
    make_correction,
    openid,
    send_all,
    states,
    wrong_answers,
)
from wxdesk.accounts.models import Account
from wxdesk.accounts.operations import touch
from wxdesk.contacts.models import Contact
from wxdesk.corrections.choosing import look
from wxdesk.corrections.jobs import feed
from wxdesk.corrections.models import CorrectionRecipient
from wxdesk.corrections.operations import Wish, begin, cancel, create, pause, resume, retry
from wxdesk.corrections.queries import get_view, reach_counts
from wxdesk.corrections.reporting import report_of
from wxdesk.corrections.rules import CorrectionState, Reach, RecipientState
from wxdesk.outbound.jobs import deliver_bulk
from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.operations import claim_delivery
from wxdesk.outbound.settling import settle_failed, settle_passive
from wxdesk.outbound.turns import next_bulk
from wxdesk.plumbing.errors import ConflictError, DeliveryError, InvalidInputError


def test_everybody_who_got_it_is_told_once_and_nobody_else(runtime, account, team, wechat, clock):
    rule = wrong_answers(runtime, account, 3, wechat)
    wrong_answers(runtime, account, 1, rule=rule)  # the first one got it twice
    other = make_rule(runtime, account, "签到", "好的")
    wechat.add_customer(openid(9))
    customer_writes(runtime, account, "签到", openid=openid(9), answer=auto_answer(other))
    clock.advance(minutes=5)
    change_contact(runtime, 1, remark="王姐")
    made = make_correction(runtime, rule, team.chen, "{{remark|您}}好,是满100减9。")
    act(runtime, begin, made, team.chen, None)
    send_all(runtime)
    assert correction(runtime, made).state is CorrectionState.SENDING  # it looks once more
    end(runtime, clock)
    assert states(runtime) == ["sent:now"] * 3
    assert [wechat.phone(openid(number)) for number in (0, 1, 2, 9)] == [
        ["您好,是满100减9。"],
        ["王姐好,是满100减9。"],
        ["您好,是满100减9。"],
        [],
    ]
    row = correction(runtime, made)
    assert (row.state, row.ended_at) == (CorrectionState.DONE, clock.now)
    with runtime.reading() as session:
        view = get_view(session, made)
    assert (view.total, view.answers) == (3, 4)
    sent = messages_of(runtime)[-1]
    assert (sent.source, sent.sender_id) == ("correction", made)
    assert sent.idempotency_key == f"correction-{made}-{sent.contact_id}"


def test_each_is_judged_at_the_moment_of_sending(runtime, account, team, wechat, clock):
    rule = wrong_answers(runtime, account, 6, wechat)
    clock.advance(minutes=1)
    made = make_correction(runtime, rule, team.chen)
    an_agent_helps(runtime, account, 0, team.lin)
    change_contact(runtime, 1, is_following=False)
    change_contact(runtime, 2, is_blacklisted=True)
    change_contact(runtime, 3, window_closes_at=clock.now)
    change_contact(runtime, 4, window_remaining=2)
    with runtime.reading() as session:
        row = correction(runtime, made)
        assert reach_counts(session, row, clock.now) == dict.fromkeys(Reach, 1)
        found = look(session, choice_of(rule, clock.now), clock.now, skips_helped=False)
    assert found.by_reach[Reach.NOW] == 2  # the one that was helped is told too, if one asks
    act(runtime, begin, made, team.chen, None)
    send_all(runtime)
    assert states(runtime) == [
        "left_out:helped",
        "left_out:unfollowed",
        "left_out:blocked",
        "waits:window_closed",
        "waits:quota_gone",
        "sent:now",
    ]
    end(runtime, clock)
    assert correction(runtime, made).state is CorrectionState.DONE
    clock.advance(minutes=10)
    wechat.platform.write(openid(3), "在吗")
    customer_writes(runtime, account, "在吗", openid=openid(3))
    send_all(runtime)
    assert states(runtime)[3] == "sent:window_closed"
    assert wechat.phone(openid(3)) == ["更正:满100减9。"]


def test_it_keeps_its_rate_and_few_are_on_their_way_at_a_time(
    runtime, account, team, wechat, clock
):
    rule = wrong_answers(runtime, account, 13, wechat)
    clock.advance(minutes=1)
    made = make_correction(runtime, rule, team.chen, per_minute=6)
    act(runtime, begin, made, team.chen, None)
    feed()
    assert states(runtime).count("queued:now") == 1
    send_all(runtime)
    assert states(runtime).count("sent:now") == 6
    clock.advance(seconds=59)
    send_all(runtime)
    assert states(runtime).count("sent:now") == 6
    clock.advance(seconds=1)
    send_all(runtime)
    assert states(runtime).count("sent:now") == 12


def test_paused_nothing_leaves_and_resumed_everybody_gets_it_once(
    runtime, account, team, wechat, clock
):
    rule = wrong_answers(runtime, account, 12, wechat)
    clock.advance(minutes=1)
    change_contact(runtime, 0, window_closes_at=clock.now)
    made = make_correction(runtime, rule, team.chen, per_minute=60)
    act(runtime, begin, made, team.chen, None)
    feed()
    assert states(runtime).count("queued:now") > 0
    act(runtime, pause, made, team.chen)
    assert set(states(runtime)) <= {"listed:now", "listed:window_closed"}
    wechat.platform.write(openid(0), "在吗")
    customer_writes(runtime, account, "在吗", openid=openid(0))
    send_all(runtime)
    assert [wechat.phone(openid(number)) for number in range(12)] == [[]] * 12
    with pytest.raises(ConflictError, match="not being sent"):
        act(runtime, pause, made, team.chen)
    act(runtime, resume, made, team.chen)
    send_all(runtime)
    assert states(runtime) == ["sent:now"] * 12
    assert [len(wechat.phone(openid(number))) for number in range(12)] == [1] * 12


@pytest.mark.parametrize("is_resumed_first", [False, True])
def test_a_try_in_vain_that_was_under_way_when_it_was_paused_waits_for_it_to_go_on(
    runtime, account, team, wechat, clock, is_resumed_first
):
    rule = wrong_answers(runtime, account, 3, wechat)
    clock.advance(minutes=1)
    made = make_correction(runtime, rule, team.chen)
    act(runtime, begin, made, team.chen, None)
    feed()
    with runtime.reading() as session:
        leaving = next_bulk(session, clock.now)
    act(runtime, claim_delivery, leaving)
    act(runtime, pause, made, team.chen)
    assert states(runtime) == ["queued:now", "listed:now", "listed:now"]
    if is_resumed_first:
        act(runtime, resume, made, team.chen)
    act(runtime, settle_failed, leaving, DeliveryError("system busy", code="-1"))
    clock.advance(seconds=5)
    deliver_bulk()  # it would be its next try, before any other job
    assert [wechat.phone(openid(number)) for number in range(3)] == [[]] * 3
    send_all(runtime)
    if not is_resumed_first:
        assert states(runtime) == ["listed:now"] * 3
        act(runtime, resume, made, team.chen)
    send_all(runtime)
    assert states(runtime) == ["sent:now"] * 3
    assert [len(wechat.phone(openid(number))) for number in range(3)] == [1] * 3


def test_cancelled_nobody_else_gets_it_even_when_they_write_next(
    runtime, account, team, wechat, clock
):
    rule = wrong_answers(runtime, account, 3, wechat)
    clock.advance(minutes=1)
    change_contact(runtime, 1, window_closes_at=clock.now)
    made = make_correction(runtime, rule, team.chen)
    act(runtime, begin, made, team.chen, None)
    send_all(runtime)
    end(runtime, clock)
    assert states(runtime) == ["sent:now", "waits:window_closed", "sent:now"]
    act(runtime, cancel, made, team.chen)  # it was done, but for one who had not written
    customer_writes(runtime, account, "在吗", openid=openid(1))
    send_all(runtime)
    assert states(runtime)[1] == "listed:window_closed"
    assert wechat.phone(openid(1)) == []
    with pytest.raises(ConflictError, match="has ended"):
        act(runtime, cancel, made, team.chen)


def test_who_was_given_it_at_the_moment_of_the_cancelling_counts_as_corrected(
    runtime, account, team, wechat, clock
):
    rule = wrong_answers(runtime, account, 2, wechat)
    with runtime.unit_of_work() as uow:
        uow.session.get_one(Account, account.id).is_verified = False  # answers to pushes only
        touch(uow, account.id)
    made = make_correction(runtime, rule, team.chen)
    act(runtime, begin, made, team.chen, None)
    send_all(runtime)
    contact = contact_of(runtime, 0)
    with runtime.reading() as session:
        held = session.scalars(
            select(DeliveryRow.id).where(DeliveryRow.contact_id == contact.id, DeliveryRow.is_bulk)
        ).all()
    act(runtime, pause, made, team.chen)
    act(runtime, cancel, made, team.chen)
    with runtime.unit_of_work() as uow:  # the drain was a moment behind the webhook
        settle_passive(uow, uow.session.get_one(Contact, contact.id), held, uow.now)
    send_all(runtime)
    assert sorted(each.partition(":")[0] for each in states(runtime)) == ["listed", "sent"]
    with runtime.reading() as session:
        assert report_of(session, made, clock()).corrected == 1


def test_what_failed_is_tried_again_and_what_may_have_arrived_only_when_asked(
    runtime, account, team, wechat, clock
):
    rule = wrong_answers(runtime, account, 3, wechat)
    clock.advance(minutes=1)
    wechat.spoil("errcode", errcode=45002)
    made = make_correction(runtime, rule, team.chen)
    act(runtime, begin, made, team.chen, None)
    feed()
    deliver_bulk()
    with runtime.unit_of_work() as uow:  # of one more nobody saw the end
        row = uow.session.scalars(select(CorrectionRecipient).limit(1).offset(2)).one()
        delivery = uow.session.scalars(
            select(DeliveryRow).where(DeliveryRow.message_id == row.message_id)
        ).one()
        delivery.state = "unconfirmed"
    send_all(runtime)
    assert states(runtime) == ["failed:now", "sent:now", "unconfirmed:now"]
    act(runtime, retry, made, team.chen, contact_id=None, is_doubtful=False)
    send_all(runtime)
    assert states(runtime) == ["sent:now", "sent:now", "unconfirmed:now"]
    with pytest.raises(ConflictError, match="nothing to be tried"):
        act(runtime, retry, made, team.chen, contact_id=None, is_doubtful=False)
    act(runtime, retry, made, team.chen, contact_id=row.contact_id, is_doubtful=True)
    send_all(runtime)
    assert states(runtime) == ["sent:now"] * 3


def test_answers_recorded_late_are_found_before_it_ends(runtime, account, team, wechat, clock):
    rule = wrong_answers(runtime, account, 1, wechat)
    made = make_correction(runtime, rule, team.chen)
    act(runtime, begin, made, team.chen, None)
    for number in (1, 2):
        wechat.add_customer(openid(number))
        late = clock.now - timedelta(minutes=1)
        customer_writes(
            runtime,
            account,
            "抽奖",
            openid=openid(number),
            answer=auto_answer(rule),
            received_at=late,
        )
    send_all(runtime)
    assert states(runtime) == ["sent:now"] * 3


def test_versions_and_spans_narrow_it_and_nobody_is_a_clear_error(
    runtime, account, team, wechat, clock
):
    rule = wrong_answers(runtime, account, 2, wechat)
    with runtime.unit_of_work() as uow:
        newer = uow.session.merge(rule)
        newer.version = 2
    wrong_answers(runtime, account, 1, rule=newer)
    now = clock.now
    with runtime.reading() as session:
        of_one = look(session, choice_of(rule, now, versions=(2,)), now, skips_helped=True)
        of_default = look(
            session, choice_of(rule, now, outcomes=("default",)), now, skips_helped=True
        )
    assert (of_one.people, of_one.answers) == (1, 1)
    assert (of_default.people, of_default.answers) == (2, 3)
    for values, field in [
        ({"versions": (3,)}, "rule_id"),
        ({"sent_until": now - timedelta(hours=2)}, "sent_until"),
        ({"sent_from": now - timedelta(days=300)}, "sent_until"),
    ]:
        wish = Wish(choice_of(rule, now, **values), "x", rule_id=rule.id)
        with pytest.raises(InvalidInputError) as raised:
            act(runtime, create, wish, team.chen)
        assert raised.value.field == field


def test_the_same_key_makes_one_correction(runtime, account, team, wechat, clock):
    rule = wrong_answers(runtime, account, 1, wechat)
    wish = Wish(choice_of(rule, clock.now), "更正", rule_id=rule.id)
    made = set()
    for _ in range(2):
        with runtime.unit_of_work() as uow:
            made.add(create(uow, wish, team.chen, "key-1").id)
    assert len(made) == 1
    assert states(runtime) == ["listed:now"]


def test_a_correction_stops_no_clock_and_wakes_nobody(runtime, account, team, wechat, clock):
    rule = wrong_answers(runtime, account, 1, wechat)
    clock.advance(minutes=1)
    asked = customer_writes(runtime, account, "真的吗?", openid=openid(0))
    made = make_correction(runtime, rule, team.chen)
    act(runtime, begin, made, team.chen, None)
    send_all(runtime)
    assert states(runtime) == ["sent:now"]
    waiting = conversation_of(runtime, openid(0))
    assert waiting.waiting_since == asked.received_at
    assert messages_of(runtime)[-1].conversation_id == waiting.id
    assert RecipientState.SENT in get_counts(runtime, made)


def get_counts(runtime, made: int) -> dict[RecipientState, int]:
    with runtime.reading() as session:
        return get_view(session, made).counts
