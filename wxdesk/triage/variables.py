"""What the replies of rules may hold in {{…}}, and what is put there. Pure.

Written like those of canned responses: {{remark}}, or {{remark|您}} with what stands there without
a value. Customers never see the braces.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import Any

from wxdesk.canned_responses.rules import PLACE, address_of
from wxdesk.triage.rules import CustomerFacts, Moment, Outcome, Reply
from wxdesk.words import say


class Variable(StrEnum):
    """`code` is put in by the gate that gives it out (intake/acceptance.py)."""

    CUSTOMER = "customer"
    REMARK = "remark"
    POSITION = "position"
    WAIT = "wait"
    CODE = "code"


MEANINGS = {
    Variable.CUSTOMER: say("how to address the customer: the start of the remark, up to a space"),
    Variable.REMARK: say("the whole remark, as the agents wrote it"),
    Variable.POSITION: say("the customer's place in the queue"),
    Variable.WAIT: say("how long it takes until somebody answers, for example 约 6 分钟"),
    Variable.CODE: say("the prize code"),
}
OF_CUSTOMER = frozenset({Variable.CUSTOMER, Variable.REMARK})
WITH_CODE = frozenset({Outcome.ENTERED, Outcome.ALREADY})
LONGEST = {
    Variable.CUSTOMER: "好" * 60,
    Variable.REMARK: "好" * 60,
    Variable.POSITION: "100000",
    Variable.WAIT: "约 23 小时 59 分钟",
    Variable.CODE: "x" * 100,
}
NOTHING = {**dict.fromkeys(OF_CUSTOMER, ""), Variable.WAIT: ""}
TEXTS = frozenset({"title", "description", "head", "tail", "choices"})


def asks_customer(reply: Reply) -> bool:
    """Whether a reply says something about the customer."""
    return any(place[1] in OF_CUSTOMER for place in _places(reply))


def needs_customer(reply: Reply) -> bool:
    """Whether a reply can't be given when nothing is known about the customer."""
    return any(place[1] in OF_CUSTOMER and place[2] is None for place in _places(reply))


def names_in(text: str, fields: Mapping[str, Any] | None) -> list[str]:
    """The names in the braces of a text and of the fields of its card or menu."""
    return [place[1] for each in texts_of(text, fields) for place in PLACE.finditer(each)]


def variable_problem(
    text: str, fields: Mapping[str, Any] | None, outcome: Outcome, *, is_campaign: bool
) -> str | None:
    """A sentence when a reply names what nobody knows, or a code where none is given."""
    for name in names_in(text, fields):
        if name not in set(Variable):
            return say("there is no {{%(name)s}}", name=name)
        if name == Variable.CODE and not (is_campaign and outcome in WITH_CODE):
            return say("{{code}} is only known in a campaign's reply to those who entered")
    return None


def values_of(customer: CustomerFacts | None, moment: Moment) -> dict[Variable, str]:
    """A value for each variable but the code; "" where nothing is known."""
    remark = customer.remark if customer else ""
    return {
        Variable.CUSTOMER: address_of(remark),
        Variable.REMARK: remark,
        Variable.POSITION: str(moment.waiting + 1),
        Variable.WAIT: wait_text(moment.expected_wait_seconds),
    }


def wait_text(seconds: int | None) -> str:
    """For customers, so in Chinese; "" when nobody can tell."""
    if seconds is None:
        return ""
    if seconds < 60:
        return "不到 1 分钟"
    hours, minutes = divmod(-(-seconds // 60), 60)
    if not hours:
        return f"约 {minutes} 分钟"
    return f"约 {hours} 小时 {minutes} 分钟" if minutes else f"约 {hours} 小时"


def filled(text: str, values: Mapping[Variable, str]) -> str:
    """The text with its values; a name without one (the code, for now) stays as it stands."""

    def value_of(place: re.Match[str]) -> str:
        name, fallback = place[1], place[2]
        if name not in values:
            return f"{{{{{name}}}}}" if name in set(Variable) else place[0]
        return values[Variable(name)] or (fallback or "").strip()

    return PLACE.sub(value_of, text)


def filled_fields(
    fields: Mapping[str, Any] | None, values: Mapping[Variable, str]
) -> dict[str, Any] | None:
    """The texts of a card or a menu with their values; ids of choices and addresses stay."""
    if fields is None:
        return None
    return {
        name: _mapped(value, lambda text: filled(text, values)) if name in TEXTS else value
        for name, value in fields.items()
    }


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    return [{**choice, "text": change(choice["text"])} for choice in value]


def _places(reply: Reply) -> Iterator[re.Match[str]]:
    for text in texts_of(reply.text, reply.fields):
        yield from PLACE.finditer(text)


def texts_of(text: str, fields: Mapping[str, Any] | None) -> Iterator[str]:
    """All in a reply that a customer reads."""
    yield text
    for name, value in (fields or {}).items():
        if name in TEXTS:
            yield from [value] if isinstance(value, str) else (one["text"] for one in value)
