"""What may be answered: made once where it is always the same, for each push where it is not."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from wxdesk.intake.answering import plan_of
from wxdesk.intake.entries import read_answer
from wxdesk.triage.rules import (
    NOTHING_KNOWN,
    CustomerFacts,
    Heard,
    Hit,
    Limits,
    Moment,
    Outcome,
    Reply,
    ReplyKind,
    Variant,
)

HEARD = Heard(datetime(2026, 1, 5, 2, tzinfo=UTC), "oWang", text="几点开门")
HIT = Hit(7, 3, 0, Reply("九点开门"), "几点")


def answer(hit: Hit, moment: Moment = NOTHING_KNOWN) -> str:
    return plan_of(hit, HEARD, moment, "k" * 64).answer


def one_of(*replies: Reply) -> dict[Outcome, tuple[Variant, ...]]:
    return {Outcome.DEFAULT: tuple(Variant(1, reply) for reply in replies)}


@pytest.mark.parametrize(
    "hit",
    [
        HIT,
        replace(HIT, replies=one_of(HIT.reply)),
        replace(HIT, reply=Reply("", ReplyKind.IMAGE, attachment_id=4, media_id="m-1")),
        replace(HIT, passes_on=True, answers_attended=True),
    ],
    ids=["text", "its only variant", "picture", "passed on"],
)
def test_what_is_always_said_is_written_once_and_reads_as_it_was_meant(hit):
    plan = plan_of(hit, HEARD, NOTHING_KNOWN, "k" * 64)
    assert plan_of(replace(hit), HEARD, Moment(waiting=5), "other") is plan
    assert plan.said == read_answer(plan.answer)
    assert plan.spooled == plan.answer
    assert (plan.passes_on, plan.answers_attended) == (hit.passes_on, hit.answers_attended)


@pytest.mark.parametrize(
    "other",
    [
        replace(HIT, rule_id=8),
        replace(HIT, version=4),
        replace(HIT, matched="开门"),
        replace(HIT, passes_on=True),
        replace(HIT, reply=Reply("十点开门")),
    ],
    ids=["rule", "version", "pattern", "passed on", "text"],
)
def test_another_rule_version_or_pattern_is_another_answer(other):
    assert answer(other) != answer(HIT)
    assert answer(HIT) == answer(replace(HIT))


def test_what_hangs_on_the_queue_is_said_as_it_is_now():
    hit = replace(HIT, reply=Reply("您前面还有 {{position}} 位"))
    assert answer(hit, Moment(waiting=1)) != answer(hit, Moment(waiting=2))


def test_what_hangs_on_the_customer_is_said_to_them():
    hit = replace(HIT, reply=Reply("{{remark|您}}好"))
    known = replace(hit, customer=CustomerFacts(remark="王小姐"))
    assert "王小姐好" in answer(known)
    assert "您好" in answer(hit)


def test_chance_decides_again_for_each_push():
    hit = replace(HIT, replies=one_of(Reply("甲"), Reply("乙")))
    assert len({answer(hit) for _ in range(200)}) == 2


def test_a_rule_with_limits_is_decided_for_each_push():
    limited = plan_of(replace(HIT, limits=Limits(total=1)), HEARD, NOTHING_KNOWN, "k" * 64)
    assert limited.gate is not None
    assert limited.said is None


def test_the_fields_of_a_card_are_filled_for_each_push():
    card = Reply("", ReplyKind.NEWS, fields={"title": "第 {{position}} 位"})
    hit = replace(HIT, reply=card)
    assert answer(hit, Moment(waiting=1)) != answer(hit, Moment(waiting=2))
