"""What each version of a rule changed, line by line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from wxdesk.triage.choices import Choices
from wxdesk.triage.queries import VersionView
from wxdesk.triage.rule_forms import RuleForm
from wxdesk.triage.words import parts_of
from wxdesk.words import Words


@dataclass(frozen=True, slots=True)
class Change:
    """One part of the rule: which lines went, and which came."""

    heading: Words
    removed: tuple[str, ...]
    added: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChangedVersion:
    view: VersionView
    changes: tuple[Change, ...]


def changes_of(
    versions: Sequence[VersionView], choices: Choices, zone: ZoneInfo
) -> list[ChangedVersion]:
    """The newest first; the oldest that is shown is compared with nothing."""
    before = [one.form for one in versions[1:]]
    return [
        ChangedVersion(one, differences(older, one.form, choices, zone))
        for one, older in zip(versions, [*before, None], strict=True)
    ]


def differences(
    before: RuleForm | None, after: RuleForm, choices: Choices, zone: ZoneInfo
) -> tuple[Change, ...]:
    """The parts that differ; everything when there is nothing before."""
    old = {str(heading): (heading, lines) for heading, lines in _parts(before, choices, zone)}
    new = {str(heading): (heading, lines) for heading, lines in _parts(after, choices, zone)}
    found = []
    for name in dict.fromkeys([*new, *old]):
        heading = (new.get(name) or old[name])[0]
        had, has = old.get(name, (heading, []))[1], new.get(name, (heading, []))[1]
        removed = tuple(line for line in had if line not in has)
        added = tuple(line for line in has if line not in had)
        if removed or added:
            found.append(Change(heading, removed, added))
    return tuple(found)


def _parts(
    form: RuleForm | None, choices: Choices, zone: ZoneInfo
) -> list[tuple[Words, list[str]]]:
    return parts_of(form, choices, zone) if form else []
