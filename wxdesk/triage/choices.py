"""What the form of a rule offers, and what the ids in a rule are called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from wxdesk.accounts.queries import AccountName, list_names
from wxdesk.contacts.models import Tag

MOST_TAGS = 1_000


@dataclass(frozen=True, slots=True)
class CustomerTag:
    id: int
    name: str
    account_id: int


@dataclass(frozen=True, slots=True)
class Choices:
    accounts: tuple[AccountName, ...]
    tags: tuple[CustomerTag, ...]

    @property
    def account_names(self) -> Mapping[int, str]:
        return {account.id: account.name for account in self.accounts}

    def tag_name(self, tag_id: int) -> str:
        """What was deleted by its number."""
        return next((tag.name for tag in self.tags if tag.id == tag_id), f"#{tag_id}")


def read_choices(session: Session) -> Choices:
    tags = session.execute(
        select(Tag.id, Tag.name, Tag.account_id).order_by(Tag.account_id, Tag.name).limit(MOST_TAGS)
    )
    return Choices(tuple(list_names(session)), tuple(CustomerTag(*row) for row in tags))
