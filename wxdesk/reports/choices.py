"""What the filters of a report can be set to, by name, and what is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from wxdesk.accounts.queries import list_names
from wxdesk.agents.queries import list_agents, list_teams
from wxdesk.conversations.tagging import list_conversation_tags
from wxdesk.reports.rules import Filters
from wxdesk.reports.wording import Wording
from wxdesk.words import say


@dataclass(frozen=True, slots=True)
class Option:
    """Something that a filter can be set to."""

    id: int
    name: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Choices:
    """What the form of the filters offers, and what is chosen there."""

    name: str
    label: str
    options: tuple[Option, ...]

    @property
    def chosen(self) -> tuple[Option, ...]:
        return tuple(option for option in self.options if option.is_chosen)


def choices_of(session: Session, filters: Filters, wording: Wording) -> list[Choices]:
    """What can be chosen; a chosen one that is gone is kept by its number."""
    found = (
        ("account", say("Accounts"), list_names(session), filters.account_ids),
        ("team", say("Teams"), list_teams(session), filters.team_ids),
        ("agent", say("Agents"), list_agents(session, with_inactive=True), filters.agent_ids),
        ("tag", say("Tags"), list_conversation_tags(session), filters.tag_ids),
    )
    return [
        Choices(name, wording.text(label), _options([(it.id, it.name) for it in them], chosen))
        for name, label, them, chosen in found
    ]


def _options(known: Sequence[tuple[int, str]], chosen: Sequence[int]) -> tuple[Option, ...]:
    ids = {number for number, _ in known}
    gone = [(number, f"#{number}") for number in chosen if number not in ids]
    return tuple(Option(number, name, number in chosen) for number, name in [*known, *gone])
