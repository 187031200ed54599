"""What besides keywords is answered, in which order, for whom and for how long."""

from datetime import UTC, datetime, timedelta

import pytest

from wxdesk.satisfaction.rules import choice_id
from wxdesk.triage.conditions import Unmet
from wxdesk.triage.hearing import heard_of
from wxdesk.triage.rulebook import Fate, Rulebook, RuleText
from wxdesk.triage.rules import (
    NOTHING_KNOWN,
    CampaignGate,
    Conditions,
    CustomerFacts,
    Heard,
    Hit,
    Match,
    Moment,
    Newness,
    Outcome,
    Reply,
    Trigger,
    Variant,
)

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
NIGHT = Moment(is_open=False, is_anybody_online=False)


def rule(number: int, trigger: Trigger, patterns: str = "", **values) -> RuleText:
    return RuleText(
        id=number,
        version=1,
        match=Match.EXACT,
        patterns=patterns,
        reply=values.pop("reply", Reply("好")),
        priority=values.pop("priority", 0),
        trigger=trigger,
        **values,
    )


def push(kind: str = "text", text: str = "", event: str = "", at=AT, **fields) -> Heard | None:
    return heard_of(kind=kind, event=event, text=text, fields=fields, openid="o", at=at)


class Customer:
    """Counts how often it is asked about."""

    def __init__(self, facts: CustomerFacts | None) -> None:
        self.facts = facts
        self.asked = 0

    def __call__(self) -> CustomerFacts | None:
        self.asked += 1
        return self.facts


KNOWN = CustomerFacts(contact_id=1, is_new=False)
ALL = [
    rule(1, Trigger.TEXT, "1\n人工"),
    rule(2, Trigger.FOLLOW),
    rule(3, Trigger.SCAN, "shop-1"),
    rule(4, Trigger.MENU_CLICK, "HELP"),
    rule(5, Trigger.MENU_TAP, "101"),
    rule(6, Trigger.FIRST_MESSAGE),
    rule(7, Trigger.OUT_OF_HOURS),
    rule(8, Trigger.NOBODY_ONLINE),
    rule(9, Trigger.WAITING),
]


def hit(heard: Heard | None, *rules: RuleText, moment=NOTHING_KNOWN, facts=KNOWN) -> Hit | None:
    return Rulebook(rules or ALL).find(heard, moment, lambda: facts) if heard else None


@pytest.mark.parametrize(
    ("heard", "moment", "facts", "expected"),
    [
        (push(text="1"), Moment(), KNOWN, 1),
        (push(event="subscribe", kind="event"), Moment(), KNOWN, 2),
        (push(kind="event", Event="subscribe", EventKey="qrscene_shop-1"), Moment(), KNOWN, 3),
        (push(kind="event", Event="subscribe", EventKey="qrscene_shop-2"), Moment(), KNOWN, 2),
        (push(kind="event", Event="SCAN", EventKey="shop-1"), Moment(), KNOWN, 3),
        (push(kind="event", Event="SCAN", EventKey="SHOP-1"), Moment(), KNOWN, None),
        (push(kind="event", Event="CLICK", EventKey="HELP"), Moment(), KNOWN, 4),
        (push(kind="event", Event="VIEW", EventKey="https://a.cn"), Moment(), KNOWN, None),
        (push(kind="event", Event="unsubscribe"), NIGHT, CustomerFacts(), None),
        (push(text="人工", bizmsgmenuid="101"), Moment(), KNOWN, 5),
        (push(text="人工", bizmsgmenuid="102"), Moment(), KNOWN, 1),
        (push(text="你好"), Moment(), CustomerFacts(), 6),
        (push(text="你好"), NIGHT, KNOWN, 7),
        (push(text="你好"), Moment(is_anybody_online=False), KNOWN, 8),
        (push(text="你好"), Moment(), KNOWN, None),
        (push(kind="image", text=""), NIGHT, KNOWN, 7),
        (push(kind="voice", text="人工"), Moment(), KNOWN, None),
        (push(text="1", bizmsgmenuid=choice_id(5, 1)), NIGHT, KNOWN, None),
    ],
)
def test_each_push_has_its_trigger(heard, moment, facts, expected):
    found = hit(heard, moment=moment, facts=facts)
    assert (found.rule_id if found else None) == expected


def test_a_scan_rule_without_codes_is_for_any_code():
    any_code, one = rule(1, Trigger.SCAN), rule(2, Trigger.SCAN, "a", priority=1)
    for scene, expected in (("a", 2), ("b", 1)):
        assert (
            hit(push(kind="event", Event="SCAN", EventKey=scene), any_code, one).rule_id == expected
        )


def test_the_customer_is_asked_about_once_and_only_if_a_rule_needs_it():
    needs = Conditions(newness=Newness.RETURNING)
    rules = [
        rule(1, Trigger.TEXT, "a"),
        rule(2, Trigger.TEXT, "b", priority=9, conditions=Conditions(contact_tag_ids=(5,))),
        rule(3, Trigger.TEXT, "b", conditions=needs, reply=Reply("{{remark|您}}")),
    ]
    book = Rulebook(rules)
    for text, asked, winner in (("a", 0, 1), ("c", 0, None), ("b", 1, 3)):
        customer = Customer(KNOWN)
        found = book.find(push(text=text), Moment(), customer)
        assert (customer.asked, found and found.rule_id) == (asked, winner)
    assert found.customer == KNOWN


@pytest.mark.parametrize(
    ("text", "is_answered"), [("好", True), ("{{remark|您}}好", True), ("{{remark}}好", False)]
)
def test_when_nobody_can_tell_who_it_is_only_replies_that_need_it_are_silent(text, is_answered):
    replies = {Outcome.DEFAULT: (Variant(1, Reply(text)),)}
    found = hit(push(text="a"), rule(1, Trigger.TEXT, "a", replies=replies), facts=None)
    assert (found is not None) is is_answered
    tagged = rule(1, Trigger.TEXT, "a", conditions=Conditions(contact_tag_ids=(5,)))
    assert hit(push(text="a"), tagged, facts=None) is None


def campaign(number: int, starts: int, ends: int | None) -> CampaignGate:
    """From so many days to so many days after AT."""
    end = None if ends is None else AT + timedelta(days=ends)
    return CampaignGate(
        campaign_id=number,
        starts_at=AT + timedelta(days=starts),
        ends_at=end,
        is_paused=False,
        entries_per_person=1,
        total_entries=None,
        has_codes=False,
    )


@pytest.mark.parametrize(("day", "winner"), [(-1, 1), (0, 1), (1, 2), (3, 2), (12, 2), (19, None)])
def test_of_two_campaigns_with_one_keyword_the_one_that_runs_answers(day, winner):
    """Else the older one tells that it has not begun, or for a week that it is over."""
    rules = [
        rule(1, Trigger.TEXT, "抽奖", campaign=campaign(1, 0, 1)),
        rule(2, Trigger.TEXT, "抽奖", campaign=campaign(2, 1, 12)),
    ]
    found = hit(push(text="抽奖", at=AT + timedelta(days=day)), *rules)
    assert (found.rule_id if found else None) == winner


def test_it_is_explained_why_each_rule_that_fits_answers_or_not():
    rules = [
        rule(1, Trigger.TEXT, "抽奖", priority=9, exclusions="退\n抽 奖"),
        rule(2, Trigger.TEXT, "抽奖", priority=8, conditions=Conditions(weekdays=(7,))),
        rule(3, Trigger.TEXT, "抽奖", priority=7, conditions=Conditions(newness=Newness.NEW)),
        rule(4, Trigger.TEXT, "抽奖!", priority=6),
        rule(5, Trigger.TEXT, "抽奖", priority=5),
        rule(6, Trigger.TEXT, "别的", priority=10),
        rule(7, Trigger.OUT_OF_HOURS),
    ]
    told = Rulebook(rules).explain(push(text="抽奖"), NIGHT, lambda: KNOWN)
    assert [(one.rule_id, one.fate, one.detail) for one in told] == [
        (1, Fate.EXCLUDED, "抽 奖"),
        (2, Unmet.WEEKDAYS, ""),
        (3, Unmet.NEWNESS, ""),
        (4, Fate.WINS, ""),
        (5, Fate.BEATEN, ""),
        (7, Fate.BEATEN, ""),
    ]
    assert told[3].pattern == "抽奖!"
