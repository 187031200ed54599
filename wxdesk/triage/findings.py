"""What a dry run counts: message by message, kept between its steps, shown at the end. Pure."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from wxdesk.triage.rules import Limits

MOST_GROUPS = 2_000
SHOWN_GROUPS = 20
SHOWN_RARE = 20
SHOWN_WRONG = 30
A_MINUTE = 60


class Speech(StrEnum):
    """What the rule would do about a message that it catches."""

    ANSWERED = "answered"
    BEATEN = "beaten"
    ATTENDED = "attended"
    OVER = "over"


class Became(StrEnum):
    """What became of the message in reality.

    `person`: one answered the customer within a day; `other`: events, and what nobody was shown.
    """

    RULE = "rule"
    PERSON = "person"
    NOBODY = "nobody"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Caught:
    """One message that the rule catches.

    `beaten_by` is the rule that goes before it, `taken_from` the one that answers today. `day` is
    of the desk's zone.
    """

    message_id: int
    contact_id: int
    at: datetime
    day: str
    words: str
    became: Became
    beaten_by: int | None = None
    taken_from: int | None = None
    is_attended: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Messages of the same words: the newest of them, and how many there are."""

    message_id: int
    count: int


@dataclass(frozen=True, slots=True)
class Day:
    day: str
    answered: int
    wrong: int


@dataclass(frozen=True, slots=True)
class Findings:
    """What a dry run found; ids only, never what customers wrote.

    `speech` sums to all that the rule catches, `became` to what it would answer. `wrong`: it would
    have answered, and a person did. `beaten_by` and `taken_from` count by rule.
    """

    speech: Mapping[Speech, int]
    became: Mapping[Became, int]
    people: int
    wrong: int
    days: tuple[Day, ...]
    beaten_by: Mapping[int, int]
    taken_from: Mapping[int, int]
    common: tuple[Group, ...]
    rare: tuple[Group, ...]
    wrong_groups: tuple[Group, ...]

    @property
    def caught(self) -> int:
        return sum(self.speech.values())

    @property
    def answered(self) -> int:
        return self.speech.get(Speech.ANSWERED, 0)


@dataclass(slots=True)
class Tally:
    """The counts of a dry run that is under way.

    `given` holds for each customer when the answers of the running period began, and how many they
    were; `groups` by a hash of the words the newest message and the count.
    """

    speech: Counter[str] = field(default_factory=Counter)
    became: Counter[str] = field(default_factory=Counter)
    days: dict[str, list[int]] = field(default_factory=dict)
    beaten_by: Counter[str] = field(default_factory=Counter)
    taken_from: Counter[str] = field(default_factory=Counter)
    given: dict[str, list[int]] = field(default_factory=dict)
    minute: list[int] = field(default_factory=lambda: [0, 0])
    groups: dict[str, list[int]] = field(default_factory=dict)
    wrong_groups: dict[str, list[int]] = field(default_factory=dict)
    wrong: int = 0

    def add(self, it: Caught, limits: Limits | None, *, passes_on: bool) -> None:
        """Count one message; messages come in the order in which they arrived."""
        speech = self._speech(it, limits)
        self.speech[speech] += 1
        if speech is Speech.BEATEN:
            self.beaten_by[str(it.beaten_by)] += 1
        if speech is not Speech.ANSWERED:
            return
        self.became[it.became] += 1
        if it.taken_from is not None:
            self.taken_from[str(it.taken_from)] += 1
        is_wrong = it.became is Became.PERSON and not passes_on
        day = self.days.setdefault(it.day, [0, 0])
        day[0] += 1
        day[1] += is_wrong
        self.wrong += is_wrong
        _group(self.groups, it)
        if is_wrong:
            _group(self.wrong_groups, it)

    def _speech(self, it: Caught, limits: Limits | None) -> Speech:
        if it.beaten_by is not None:
            return Speech.BEATEN
        if it.is_attended:
            return Speech.ATTENDED
        return Speech.ANSWERED if self._may_speak(it, limits) else Speech.OVER

    def _may_speak(self, it: Caught, limits: Limits | None) -> bool:
        """Whether the limits allow one more answer; if so it is counted."""
        limits = limits or Limits()
        second = int(it.at.timestamp())
        began, count = self.given.get(str(it.contact_id), (second, 0))
        lasts = limits.per_person_seconds
        if lasts is not None and second - began >= lasts:
            began, count = second, 0
        if self.minute[0] != second // A_MINUTE:
            self.minute = [second // A_MINUTE, 0]
        is_over = (
            _is_reached(limits.per_person, count)
            or _is_reached(limits.total, self.speech[Speech.ANSWERED])
            or _is_reached(limits.per_minute, self.minute[1])
        )
        if is_over:
            return False
        self.given[str(it.contact_id)] = [began, count + 1]
        self.minute[1] += 1
        return True

    def findings(self) -> Findings:
        """Everything that was counted so far."""
        groups = [Group(*found) for found in self.groups.values()]
        common = sorted(groups, key=lambda one: (-one.count, -one.message_id))[:SHOWN_GROUPS]
        rare = sorted(
            (one for one in groups if one not in common),
            key=lambda one: (one.count, -one.message_id),
        )
        wrong = sorted(
            (Group(*found) for found in self.wrong_groups.values()),
            key=lambda one: (-one.count, -one.message_id),
        )
        return Findings(
            speech={Speech(name): count for name, count in self.speech.items()},
            became={Became(name): count for name, count in self.became.items()},
            people=len(self.given),
            wrong=self.wrong,
            days=tuple(Day(day, *counts) for day, counts in sorted(self.days.items())),
            beaten_by=_by_rule(self.beaten_by),
            taken_from=_by_rule(self.taken_from),
            common=tuple(common),
            rare=tuple(rare[:SHOWN_RARE]),
            wrong_groups=tuple(wrong[:SHOWN_WRONG]),
        )


def tally_to_json(tally: Tally) -> dict[str, Any]:
    return {name: getattr(tally, name) for name in Tally.__slots__}


def tally_from_json(values: Mapping[str, Any]) -> Tally:
    """What `tally_to_json` wrote."""
    kept = {name: values[name] for name in Tally.__slots__}
    for name in ("speech", "became", "beaten_by", "taken_from"):
        kept[name] = Counter(kept[name])
    return Tally(**kept)


def findings_to_json(found: Findings) -> dict[str, Any]:
    """As it is stored and as the JSON API answers."""
    return {
        "caught": found.caught,
        "answered": found.answered,
        "speech": {speech.value: found.speech.get(speech, 0) for speech in Speech},
        "became": {one.value: found.became.get(one, 0) for one in Became},
        "people": found.people,
        "wrong": found.wrong,
        "days": [
            {"day": one.day, "answered": one.answered, "wrong": one.wrong} for one in found.days
        ],
        "beaten_by": _counts(found.beaten_by),
        "taken_from": _counts(found.taken_from),
        **{name: _groups(getattr(found, name)) for name in GROUPS},
    }


def findings_from_json(values: Mapping[str, Any]) -> Findings:
    """What `findings_to_json` wrote."""
    return Findings(
        speech={speech: values["speech"][speech.value] for speech in Speech},
        became={one: values["became"][one.value] for one in Became},
        people=values["people"],
        wrong=values["wrong"],
        days=tuple(Day(**one) for one in values["days"]),
        beaten_by={one["rule_id"]: one["count"] for one in values["beaten_by"]},
        taken_from={one["rule_id"]: one["count"] for one in values["taken_from"]},
        **{name: tuple(Group(**one) for one in values[name]) for name in GROUPS},
    )


GROUPS = ("common", "rare", "wrong_groups")


def _groups(groups: tuple[Group, ...]) -> list[dict[str, int]]:
    return [{"message_id": one.message_id, "count": one.count} for one in groups]


def _counts(counts: Mapping[int, int]) -> list[dict[str, int]]:
    return [{"rule_id": rule_id, "count": count} for rule_id, count in counts.items()]


def _by_rule(counts: Counter[str]) -> dict[int, int]:
    """The most frequent first."""
    return {int(rule_id): count for rule_id, count in counts.most_common()}


def _group(groups: dict[str, list[int]], it: Caught) -> None:
    """Later messages of the same words count for the first group; new words beyond 2,000 don't."""
    key = hashlib.sha256(it.words.encode()).hexdigest()[:16]
    if key in groups:
        groups[key] = [it.message_id, groups[key][1] + 1]
    elif len(groups) < MOST_GROUPS:
        groups[key] = [it.message_id, 1]


def _is_reached(limit: int | None, count: int) -> bool:
    return limit is not None and count >= limit
