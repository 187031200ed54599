"""Prepared answers: shortcuts, limits, and variables that are filled when one is used. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from wxdesk.words import say

SHORTCUT = re.compile(r"[\w\-]{1,40}")
PLACE = re.compile(r"\{\{\s*(\w+)\s*(?:\|([^{}]*))?\}\}")
ADDRESS_ENDS = re.compile(r"[\s,，;；/|(（\[【<《·—-]")
LONGEST_SHORTCUT = 40
LONGEST_TITLE = 80
LONGEST_FOLDER = 40
LONGEST_TEXT = 10_000
TITLE_FROM_TEXT = 30
MOST_PARTS = 5  # answers that WeChat takes in one reply window
MOST_SHARED = 5_000
MOST_PERSONAL = 2_000


class Variable(StrEnum):
    """What a text may hold in {{…}}."""

    CUSTOMER = "customer"
    REMARK = "remark"
    AGENT = "agent"
    ACCOUNT = "account"
    GREETING = "greeting"
    TIME = "time"
    DATE = "date"
    CONVERSATION = "conversation"


MEANINGS = {
    Variable.CUSTOMER: say("how to address the customer: the start of the remark, up to a space"),
    Variable.REMARK: say("the whole remark, as the agents wrote it"),
    Variable.AGENT: say("your name"),
    Variable.ACCOUNT: say("the name of the official account"),
    Variable.GREETING: say("a greeting that fits the time of day"),
    Variable.TIME: say("the time"),
    Variable.DATE: say("the date"),
    Variable.CONVERSATION: say("the number of the conversation"),
}
GREETINGS = (
    (5, "夜深了"),
    (9, "早上好"),
    (11, "上午好"),
    (13, "中午好"),
    (18, "下午好"),
    (24, "晚上好"),
)


@dataclass(frozen=True, slots=True)
class Filled:
    """A text as it goes into the composer; a place without a value stays, and is in `unknown`."""

    text: str
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Situation:
    """Who is answered by whom, where and when; `local_now` is in the desk's own zone."""

    remark: str
    agent: str
    account: str
    conversation_id: int
    local_now: datetime


def shortcut_of(typed: str) -> str:
    """As shortcuts are stored and compared: half-width, small letters, without `/` before it."""
    return unicodedata.normalize("NFKC", typed).strip().removeprefix("/").casefold()


def shortcut_problem(shortcut: str) -> str | None:
    """A sentence when this can't be a shortcut."""
    if SHORTCUT.fullmatch(shortcut):
        return None
    return say(
        "a shortcut has 1 to %(most)d letters, digits, Chinese characters, - and _",
        most=LONGEST_SHORTCUT,
    )


def title_of(title: str, text: str) -> str:
    """The title, or the beginning of the text."""
    return title or text.strip().partition("\n")[0][:TITLE_FROM_TEXT].strip()


def values_of(it: Situation) -> dict[Variable, str]:
    """A value for each variable; "" where there is none (a customer without a remark)."""
    return {
        Variable.CUSTOMER: address_of(it.remark),
        Variable.REMARK: it.remark,
        Variable.AGENT: it.agent,
        Variable.ACCOUNT: it.account,
        Variable.GREETING: greeting_at(it.local_now.hour),
        Variable.TIME: f"{it.local_now:%H:%M}",
        Variable.DATE: f"{it.local_now.year}年{it.local_now.month}月{it.local_now.day}日",
        Variable.CONVERSATION: str(it.conversation_id),
    }


def address_of(remark: str) -> str:
    """The part of a remark that one can say to the customer: 王女士 of 王女士 VIP."""
    return ADDRESS_ENDS.split(remark.strip(), maxsplit=1)[0]


def greeting_at(hour: int) -> str:
    """For customers, so in Chinese."""
    return next(greeting for end, greeting in GREETINGS if hour < end)


def fill(text: str, values: Mapping[Variable, str]) -> Filled:
    """Put values into {{customer}}, and what follows the bar into {{customer|您}} without one.

    A value is never looked through for further variables.
    """
    unknown: list[str] = []

    def value_of(place: re.Match[str]) -> str:
        name, fallback = place[1], place[2]
        value = values.get(Variable(name), "") if name in set(Variable) else ""
        if value:
            return value
        if fallback is not None:
            return fallback.strip()
        unknown.append(name)
        return place[0]

    filled = PLACE.sub(value_of, text)
    return Filled(filled, tuple(dict.fromkeys(unknown)))


def unknown_variables(text: str) -> tuple[str, ...]:
    """Names in {{…}} that mean nothing: most likely misspelt."""
    names = (place[1] for place in PLACE.finditer(text))
    return tuple(dict.fromkeys(name for name in names if name not in set(Variable)))
