"""What a marketer says about a campaign, and what can't be taken of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from wxdesk.conversations.rules import printable
from wxdesk.triage.rules import Match, MoreReply, Outcome, ReplyKind, Trigger, split_patterns
from wxdesk.triage.variables import texts_of
from wxdesk.words import say

LONGEST_NAME = 80
LONGEST_NOTE = 2_000
MOST_PRIZES = 50
MOST_OF_A_PRIZE = 100_000
MOST_ENTRIES_PER_PERSON = 1_000
MOST_ENTRIES = 10_000_000
CODE = "{{code}}"
OUTCOMES = (
    Outcome.ENTERED,
    Outcome.ALREADY,
    Outcome.NOT_STARTED,
    Outcome.ENDED,
    Outcome.SOLD_OUT,
)
TRIGGERS = (Trigger.TEXT, Trigger.SCAN, Trigger.MENU_CLICK, Trigger.FOLLOW)


@dataclass(frozen=True, slots=True)
class PrizeForm:
    """What can be won in a draw; `quantity` as it was typed."""

    name: str
    quantity: int | None


@dataclass(frozen=True, slots=True)
class CampaignForm:
    """A campaign as one form: schedule, ways in, replies by outcome, limits and prizes.

    `patterns`, `scenes` and `menu_keys` hold one a line; an empty one is no way in. A reply that
    is missing means that nothing is answered; `cards` are those that are no texts, an outcome has
    one of both. `entries_per_person` 0: no limit.
    """

    account_id: int
    name: str
    starts_at: datetime
    ends_at: datetime | None = None
    note: str = ""
    match: Match = Match.EXACT
    patterns: str = ""
    exclusions: str = ""
    scenes: str = ""
    menu_keys: str = ""
    is_on_follow: bool = False
    priority: int = 10
    answers_attended: bool = True
    replies: Mapping[Outcome, str] = field(default_factory=dict)
    cards: Mapping[Outcome, MoreReply] = field(default_factory=dict)
    entries_per_person: int = 1
    total_entries: int | None = None
    has_codes: bool = False
    prizes: tuple[PrizeForm, ...] = ()

    @property
    def ways(self) -> dict[Trigger, str]:
        """The ways in that are used, with their patterns."""
        found = {
            Trigger.TEXT: self.patterns,
            Trigger.SCAN: self.scenes,
            Trigger.MENU_CLICK: self.menu_keys,
        }
        used = {trigger: lines for trigger, lines in found.items() if split_patterns(lines)}
        return used | ({Trigger.FOLLOW: ""} if self.is_on_follow else {})

    @property
    def all_replies(self) -> dict[Outcome, MoreReply]:
        """What is answered by outcome, in their order, whatever kind it is of."""
        texts = {it: MoreReply(it, 1, text) for it, text in self.replies.items() if text}
        both = texts | dict(self.cards)
        return {it: both[it] for it in OUTCOMES if it in both}


def cleaned(form: CampaignForm) -> CampaignForm:
    """As it is stored: without control characters, doubles and outer spaces."""
    replies = {
        outcome: text
        for outcome in OUTCOMES
        if outcome not in form.cards
        and ((text := _text(form.replies.get(outcome, ""))) or outcome is Outcome.ENTERED)
    }
    return replace(
        form,
        name=printable(form.name).strip(),
        note=_text(form.note),
        patterns="\n".join(split_patterns(printable(form.patterns))),
        exclusions="\n".join(split_patterns(printable(form.exclusions))),
        scenes="\n".join(split_patterns(printable(form.scenes))),
        menu_keys="\n".join(split_patterns(printable(form.menu_keys))),
        replies=replies,
        prizes=tuple(
            PrizeForm(printable(prize.name).strip(), prize.quantity) for prize in form.prizes
        ),
    )


def problems(form: CampaignForm) -> dict[str, str]:
    """Field to sentence, for each field that can't be taken; empty when all is well.

    What its rules can't take is found by them (triage/problems.py).
    """
    form = cleaned(form)
    found: dict[str, str] = {}
    if not 1 <= len(form.name) <= LONGEST_NAME:
        found["name"] = say("a name has 1 to %(most)d characters", most=LONGEST_NAME)
    if len(form.note) > LONGEST_NOTE:
        found["note"] = say("at most %(most)d characters", most=LONGEST_NOTE)
    if form.ends_at is not None and form.ends_at <= form.starts_at:
        found["ends_at"] = say("the end must be after the start")
    if not form.ways:
        found["patterns"] = say(
            "name at least one way in: a keyword, a QR code, a menu or a follow"
        )
    found |= _reply_problems(form) | _limit_problems(form) | _prize_problems(form)
    return found


def _reply_problems(form: CampaignForm) -> dict[str, str]:
    entered = form.all_replies.get(Outcome.ENTERED)
    if entered is None:
        return {"reply_entered": say("whoever takes part needs an answer")}
    if form.has_codes and entered.kind is not ReplyKind.TEXT:
        return {"reply_entered": say("a code stands in a text: choose a text for this answer")}
    if form.has_codes and CODE not in entered.text:
        return {
            "reply_entered": say("the answer must hold %(code)s: the code stands there", code=CODE)
        }
    if not form.has_codes:
        for outcome, reply in form.all_replies.items():
            if any(CODE in text for text in texts_of(reply.text, reply.fields)):
                sentence = say("%(code)s needs a campaign with codes", code=CODE)
                return {f"reply_{outcome.value}": sentence}
    return {}


def _limit_problems(form: CampaignForm) -> dict[str, str]:
    found: dict[str, str] = {}
    if not 0 <= form.entries_per_person <= MOST_ENTRIES_PER_PERSON:
        most = MOST_ENTRIES_PER_PERSON
        found["entries_per_person"] = say("between 0 and %(most)d", most=most)
    elif form.has_codes and form.entries_per_person != 1:
        found["entries_per_person"] = say("with codes everybody takes part once: one code a person")
    if form.total_entries is not None and not 1 <= form.total_entries <= MOST_ENTRIES:
        found["total_entries"] = say("between 1 and %(most)d", most=MOST_ENTRIES)
    return found


def _prize_problems(form: CampaignForm) -> dict[str, str]:
    if len(form.prizes) > MOST_PRIZES:
        return {"prizes": say("at most %(most)d prizes", most=MOST_PRIZES)}
    seen: set[str] = set()
    for prize in form.prizes:
        if not 1 <= len(prize.name) <= LONGEST_NAME:
            return {"prizes": say("the name of a prize has 1 to %(most)d characters", most=80)}
        if prize.name.casefold() in seen:
            return {"prizes": say("the prize %(name)s is named twice", name=prize.name)}
        if prize.quantity is None or not 1 <= prize.quantity <= MOST_OF_A_PRIZE:
            return {
                "prizes": say(
                    "of %(name)s there are 1 to %(most)d", name=prize.name, most=MOST_OF_A_PRIZE
                )
            }
        seen.add(prize.name.casefold())
    return {}


def _text(text: str) -> str:
    return printable(text).replace("\r\n", "\n").strip()
