"""What the form of a policy offers, and what the ids in a policy are called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from wxdesk.accounts.queries import list_names
from wxdesk.agents.queries import list_teams
from wxdesk.calendars.queries import CalendarView, list_calendars
from wxdesk.contacts.models import Tag
from wxdesk.conversations.tagging import list_conversation_tags
from wxdesk.sla.campaign_rows import list_campaigns

MOST_CUSTOMER_TAGS = 1_000

Named = Mapping[int, str]


@dataclass(frozen=True, slots=True)
class CustomerTag:
    """A tag that an official account gives to its customers."""

    id: int
    name: str
    account: str


@dataclass(frozen=True, slots=True)
class Choices:
    """Everything by id; `calendars` with archived ones, which are offered no more."""

    accounts: Named
    teams: Named
    tags: Named
    customer_tags: tuple[CustomerTag, ...]
    calendars: tuple[CalendarView, ...]
    campaigns: Named

    def names(self, field: str, ids: Iterable[int]) -> list[str]:
        """What stands behind the ids of a condition; what was deleted by its number."""
        known = self._named(field)
        return sorted(known.get(one, f"#{one}") for one in ids)

    def calendar_name(self, calendar_id: int | None) -> str | None:
        return next((one.name for one in self.calendars if one.id == calendar_id), None)

    def _named(self, field: str) -> Named:
        if field == "contact_tag_ids":
            return {tag.id: f"{tag.name} ({tag.account})" for tag in self.customer_tags}
        by_field = {
            "account_ids": self.accounts,
            "team_ids": self.teams,
            "tag_ids": self.tags,
            "campaign_ids": self.campaigns,
        }
        return by_field.get(field, {})


def read_choices(session: Session) -> Choices:
    accounts = {account.id: account.name for account in list_names(session)}
    tags = session.execute(
        select(Tag.id, Tag.name, Tag.account_id)
        .order_by(Tag.account_id, Tag.name)
        .limit(MOST_CUSTOMER_TAGS)
    )
    return Choices(
        accounts=accounts,
        teams={team.id: team.name for team in list_teams(session)},
        tags={tag.id: tag.name for tag in list_conversation_tags(session)},
        customer_tags=tuple(
            CustomerTag(tag_id, name, accounts.get(account_id, "–"))
            for tag_id, name, account_id in tags
        ),
        calendars=tuple(list_calendars(session, with_archived=True)),
        campaigns=list_campaigns(session),
    )
