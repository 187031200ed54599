"""What an agent may choose for themself, and what holds until they do. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wxdesk.words import say


@dataclass(frozen=True, slots=True)
class Preference:
    """One choice: the value until somebody chooses, and what may be chosen."""

    default: str | int | bool
    choices: tuple[str, ...] = ()
    least: int = 0
    most: int = 0


PREFERENCES: dict[str, Preference] = {
    "send_key": Preference("enter", ("enter", "ctrl_enter")),
    "undo_seconds": Preference(5, least=0, most=10),
    "sound": Preference("on", ("on", "off", "unfocused")),
    "sound_repeat": Preference(default=False),
    "notifications": Preference(default=False),
    "slow_alarm_minutes": Preference(3, least=1, most=120),
    "after_resolve": Preference("stay", ("next", "stay")),
    "order": Preference("deadline", ("deadline", "waiting", "newest", "priority")),
    "page_density": Preference("comfortable", ("comfortable", "compact")),
    "shortcuts": Preference(default=True),
}


def preferences_of(kept: Mapping[str, Any] | None) -> dict[str, str | int | bool]:
    """Every preference with its value: what was chosen, else the default."""
    chosen = kept or {}
    return {
        name: chosen[name]
        if name in chosen and problem_with(name, chosen[name]) is None
        else one.default
        for name, one in PREFERENCES.items()
    }


def problem_with(name: str, value: Any) -> str | None:
    """A sentence, or None when the value can be taken."""
    wanted = PREFERENCES.get(name)
    if wanted is None:
        return say("there is no preference %(name)s", name=repr(name[:40]))
    if wanted.choices:
        is_good = isinstance(value, str) and value in wanted.choices
        return None if is_good else say("one of: %(values)s", values=", ".join(wanted.choices))
    if isinstance(wanted.default, bool):
        return None if isinstance(value, bool) else say("true or false is needed")
    is_number = isinstance(value, int) and not isinstance(value, bool)
    if is_number and wanted.least <= value <= wanted.most:
        return None
    return say("between %(least)d and %(most)d", least=wanted.least, most=wanted.most)
