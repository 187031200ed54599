"""A campaign as its page or the JSON API sends it, and as the form shows it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from werkzeug.datastructures import MultiDict

from wxdesk.campaigns.definitions import OUTCOMES, CampaignForm, PrizeForm
from wxdesk.campaigns.operations import form_problems
from wxdesk.campaigns.reply_forms import (
    Block,
    block_of,
    cards_of,
    json_replies,
    prefix_of,
    typed_blocks,
)
from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.plumbing.http import LARGEST_ID, number_field, text_field, whole_number
from wxdesk.triage.inputs import boolean, text_list
from wxdesk.triage.rules import Match, Outcome
from wxdesk.words import say

Errors = dict[str, str]
Values = MultiDict[str, str]

TEXTS = ("name", "note", "patterns", "exclusions", "scenes", "menu_keys")
PLAIN = ("name", "note", "match")
INSTANTS = ("starts_at", "ends_at")
LINES = ("patterns", "exclusions", "scenes", "menu_keys")
NUMBERS = ("priority", "entries_per_person", "total_entries")
SWITCHES = ("is_on_follow", "answers_attended", "has_codes")
SPARE_PRIZES = 2
LOCAL = "%Y-%m-%dT%H:%M"
FIRST_REPLIES = {
    Outcome.ENTERED: say("You are in! Thank you for taking part."),
    Outcome.ALREADY: say("You have taken part already. Good luck!"),
    Outcome.NOT_STARTED: say("This has not begun yet. Please come back later."),
    Outcome.ENDED: say("This is over. Thank you for your interest!"),
    Outcome.SOLD_OUT: say("Everything is gone. Thank you for your interest!"),
}


@dataclass(frozen=True, slots=True)
class ShownCampaign:
    """What the form starts with, or shows again: texts as typed.

    `replies` and `cards` by outcome; an outcome with a card has no text of its own.
    """

    texts: Mapping[str, str] = field(default_factory=dict)
    replies: Mapping[str, str] = field(default_factory=dict)
    cards: Mapping[str, Block] = field(default_factory=dict)
    switches: frozenset[str] = frozenset()
    prizes: Sequence[tuple[str, str]] = ()
    version: int | None = None

    def text(self, name: str) -> str:
        return self.texts.get(name, "")


def new_campaign(zone: ZoneInfo, now: datetime, replies: Mapping[str, str]) -> ShownCampaign:
    """From the next full hour for a week; `replies` are the first answers in words."""
    start = now.astimezone(zone).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    texts = {
        "match": Match.EXACT.value,
        "priority": "10",
        "entries_per_person": "1",
        "starts_at": start.strftime(LOCAL),
        "ends_at": (start + timedelta(days=7)).strftime(LOCAL),
    }
    return ShownCampaign(
        texts,
        replies,
        switches=frozenset({"answers_attended"}),
        prizes=(("", ""),) * SPARE_PRIZES,
    )


def campaign_shown(
    form: CampaignForm, zone: ZoneInfo, *, version: int | None = None
) -> ShownCampaign:
    """A stored campaign."""
    texts = {name: getattr(form, name) for name in TEXTS}
    texts |= {
        "account_id": str(form.account_id),
        "match": form.match.value,
        "priority": str(form.priority),
        "entries_per_person": str(form.entries_per_person),
        "total_entries": str(form.total_entries or ""),
        "starts_at": form.starts_at.astimezone(zone).strftime(LOCAL),
        "ends_at": form.ends_at.astimezone(zone).strftime(LOCAL) if form.ends_at else "",
    }
    prizes = [(prize.name, str(prize.quantity or "")) for prize in form.prizes]
    return ShownCampaign(
        texts,
        {outcome.value: form.replies.get(outcome, "") for outcome in OUTCOMES},
        {outcome.value: block_of(card) for outcome, card in form.cards.items()},
        frozenset(name for name in SWITCHES if getattr(form, name)),
        [*prizes, *(("", ""),) * SPARE_PRIZES],
        version,
    )


def campaign_again(values: Values, files: Mapping[str, int] | None = None) -> ShownCampaign:
    """What was typed; `files` are new uploads by outcome."""
    names = (*TEXTS, "account_id", "match", "priority", "entries_per_person", "total_entries")
    prizes = list(zip(values.getlist("prize_name"), values.getlist("prize_quantity"), strict=False))
    return ShownCampaign(
        {name: values.get(name, "") for name in (*names, "starts_at", "ends_at")},
        {it.value: values.get(f"{prefix_of(it)}text", "") for it in OUTCOMES},
        typed_blocks(values, files or {}),
        frozenset(name for name in SWITCHES if name in values),
        [*prizes, *(("", ""),) * max(SPARE_PRIZES - len(prizes), 0)],
        whole_number(values.get("version", "")),
    )


def form_of(shown: ShownCampaign, zone: ZoneInfo) -> tuple[CampaignForm | None, Errors]:
    """The campaign, or what can't be taken at which field."""
    errors: Errors = {}
    starts_at = _instant(shown.text("starts_at"), zone)
    ends_at = _instant(shown.text("ends_at"), zone) if shown.text("ends_at").strip() else None
    if starts_at is None:
        errors["starts_at"] = say("a day and a time are needed")
    if shown.text("ends_at").strip() and ends_at is None:
        errors["ends_at"] = say("a day and a time are needed, or nothing")
    account_id = whole_number(shown.text("account_id"))
    if account_id is None:
        errors["account_id"] = say("there is no such official account")
    if shown.text("match") not in list(Match):
        errors["match"] = say("one of: %(values)s", values=", ".join(Match))
    numbers = {
        name: _number(shown.text(name), name, errors)
        for name in ("priority", "entries_per_person", "total_entries")
    }
    cards = cards_of(shown.cards, errors)
    if errors or starts_at is None or account_id is None:
        return None, errors
    form = CampaignForm(
        account_id=account_id,
        starts_at=starts_at,
        ends_at=ends_at,
        match=Match(shown.text("match")),
        priority=numbers["priority"] or 0,
        entries_per_person=numbers["entries_per_person"] or 0,
        total_entries=numbers["total_entries"],
        replies={outcome: shown.replies.get(outcome.value, "") for outcome in OUTCOMES},
        cards=cards,
        prizes=_prizes(shown.prizes),
        **{name: shown.text(name) for name in TEXTS},  # type: ignore[arg-type]
        **{name: name in shown.switches for name in SWITCHES},  # type: ignore[arg-type]
    )
    errors = form_problems(form)
    return (None if errors else form), errors


def form_of_json(body: Mapping[str, Any], shown: ShownCampaign, zone: ZoneInfo) -> ShownCampaign:
    """What a JSON body changes of a campaign; InvalidInputError names a value of the wrong type.

    Instants are ISO 8601; `replies` by outcome, `prizes` a list of {name, quantity}. What such
    values can't be is found by `form_of`.
    """
    values = dict(body)
    texts = dict(shown.texts)
    texts |= {name: text_field(values, name) for name in PLAIN if name in values}
    texts |= {name: "\n".join(text_list(values, name)) for name in LINES if name in values}
    texts |= {name: _typed_number(values, name) for name in NUMBERS if name in values}
    texts |= {name: _local(values[name], zone) for name in INSTANTS if name in values}
    given = {name: boolean(values, name) for name in SWITCHES if name in values}
    switches = {name for name in SWITCHES if given.get(name, name in shown.switches)}
    prizes = _json_prizes(values["prizes"]) if "prizes" in values else shown.prizes
    replies, cards = dict(shown.replies), dict(shown.cards)
    for name, (text, card) in json_replies(values.get("replies", {})).items():
        replies[name] = text
        cards.pop(name, None)
        if card is not None:
            cards[name] = card
    return ShownCampaign(texts, replies, cards, frozenset(switches), prizes, shown.version)


def _typed_number(values: dict[str, Any], name: str) -> str:
    """An empty text for what has no number; below 0 only where the form takes that."""
    if values[name] is None and name == "total_entries":
        return ""
    return str(number_field(values, name, least=-LARGEST_ID if name == "priority" else 0))


def _json_prizes(value: Any) -> list[tuple[str, str]]:
    if not isinstance(value, list) or not all(isinstance(it, dict) for it in value):
        raise InvalidInputError("prizes", say("a list of JSON objects is needed"))
    try:
        return [(text_field(it, "name"), str(number_field(it, "quantity"))) for it in value]
    except InvalidInputError as error:
        raise InvalidInputError("prizes", error.sentence) from error


def _local(value: Any, zone: ZoneInfo) -> str:
    """Seconds are kept: the form shows minutes only, the API is exact."""
    if value is None:
        return ""
    try:
        instant = datetime.fromisoformat(value)
        local = instant if instant.tzinfo else instant.replace(tzinfo=zone)
        return local.astimezone(zone).replace(tzinfo=None).isoformat()
    except (ValueError, TypeError, OverflowError):
        return "?"


def _instant(text: str, zone: ZoneInfo) -> datetime | None:
    try:
        local = datetime.fromisoformat(text.strip())
        return local.replace(tzinfo=zone).astimezone(UTC) if local.tzinfo is None else None
    except (ValueError, OverflowError):
        return None


def _number(text: str, name: str, errors: Errors) -> int | None:
    text = text.strip()
    if not text:
        return None
    is_negative = name == "priority" and text.startswith("-")
    number = whole_number(text[1:] if is_negative else text)
    if number is None:
        errors[name] = say("a whole number is needed")
        return None
    return -number if is_negative else number


def _prizes(typed: Sequence[tuple[str, str]]) -> tuple[PrizeForm, ...]:
    return tuple(
        PrizeForm(name, whole_number(quantity))
        for name, quantity in typed
        if name.strip() or quantity.strip()
    )
