"""The test chat: what an imagined message would be answered, by which rule, and why. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from wxdesk.triage.answers import reply_for
from wxdesk.triage.hearing import CLICK, FOLLOW, SCAN
from wxdesk.triage.replaying import NEW_RULE
from wxdesk.triage.rulebook import Considered, Rulebook, RuleText
from wxdesk.triage.rules import CustomerFacts, Heard, Hit, Moment, Outcome, Reply

OPENID = "test"
NOBODY = CustomerFacts()
ALL_THERE = Moment()


class Act(StrEnum):
    """What the imagined customer does."""

    TEXT = "text"
    FOLLOW = "follow"
    SCAN = "scan"
    CLICK = "click"
    TAP = "tap"


@dataclass(frozen=True, slots=True)
class Imagined:
    """An act of an imagined customer; `key` is a scene, the key of a menu or the id of a choice."""

    act: Act
    at: datetime
    text: str = ""
    key: str = ""
    customer: CustomerFacts = NOBODY
    is_attended: bool = False
    moment: Moment = ALL_THERE

    @property
    def heard(self) -> Heard:
        match self.act:
            case Act.FOLLOW:
                return Heard(self.at, OPENID, event=FOLLOW, event_key=self.key)
            case Act.SCAN:
                return Heard(self.at, OPENID, event=SCAN, event_key=self.key)
            case Act.CLICK:
                return Heard(self.at, OPENID, event=CLICK, event_key=self.key)
            case Act.TAP:
                return Heard(self.at, OPENID, text=self.text, menu_id=self.key)
            case _:
                return Heard(self.at, OPENID, text=self.text)


@dataclass(frozen=True, slots=True)
class Tried:
    """`reply` None: nothing is said. `is_silent`: a person is there, and the rule waits."""

    hit: Hit | None
    outcome: Outcome | None
    reply: Reply | None
    is_silent: bool
    is_for_person: bool
    considered: Sequence[Considered]


def try_message(
    draft: RuleText | None, active: Iterable[RuleText], zone: ZoneInfo, it: Imagined
) -> Tried:
    """The draft stands in the place of the rule that it is of; None: the rules as they are."""
    rules = list(active)
    if draft is not None:
        draft = replace(draft, id=draft.id or NEW_RULE)
        rules = [*(one for one in rules if one.id != draft.id), draft]
    book = Rulebook(rules, zone)
    hit = book.find(it.heard, it.moment, lambda: it.customer)
    considered = book.explain(it.heard, it.moment, lambda: it.customer)
    is_silent = hit is not None and it.is_attended and not hit.answers_attended
    outcome = None if hit is None or is_silent else _outcome(hit, it.at)
    reply = None
    if hit is not None and outcome is not None:
        reply = reply_for(hit, outcome, it.customer, it.moment)
    is_event = it.heard.is_event
    is_for_person = not is_event and (hit is None or is_silent or hit.passes_on)
    return Tried(hit, outcome, reply, is_silent, is_for_person, considered)


def _outcome(hit: Hit, at: datetime) -> Outcome:
    """What a first-time participant gets while the campaign runs; limits are not counted here."""
    gate = hit.campaign
    if gate is None:
        return Outcome.DEFAULT if Outcome.DEFAULT in hit.replies else next(iter(hit.replies))
    if at < gate.starts_at:
        return Outcome.NOT_STARTED
    if gate.ends_at is not None and at >= gate.ends_at:
        return Outcome.ENDED
    return Outcome.ENTERED
