"""What recording a message must know of its account; no secret is opened."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from wxdesk.accounts.models import Account
from wxdesk.accounts.rules import Capability, capabilities


@dataclass(frozen=True, slots=True)
class Facts:
    """`has_messages`: the customer-service message API can be used."""

    has_messages: bool
    is_passive_counted: bool
    slots_for_people: int


@dataclass(frozen=True, slots=True)
class Opening:
    """How conversations of an account begin: reopened within this time, and for which team."""

    reopen_within: timedelta
    team_id: int | None


def openings_of(session: Session, account_ids: Iterable[int]) -> dict[int, Opening]:
    """By account id."""
    rows = session.execute(
        select(Account.id, Account.reopen_within_hours, Account.team_id).where(
            Account.id.in_(sorted(account_ids))
        )
    )
    return {row.id: Opening(timedelta(hours=row.reopen_within_hours), row.team_id) for row in rows}


def facts_of(session: Session, account_ids: Iterable[int]) -> dict[int, Facts]:
    """By account id."""
    rows = session.execute(
        select(
            Account.id,
            Account.account_type,
            Account.is_verified,
            Account.messages_refused_at,
            Account.is_passive_counted,
            Account.slots_for_people,
        ).where(Account.id.in_(sorted(account_ids)))
    )
    return {row.id: facts_from(row) for row in rows}


def facts_from(account: Any) -> Facts:
    """Of an account that was read already, or of a row with its columns."""
    can = capabilities(account.account_type, is_verified=account.is_verified)
    return Facts(
        has_messages=account.messages_refused_at is None and Capability.MESSAGES in can,
        is_passive_counted=account.is_passive_counted,
        slots_for_people=account.slots_for_people,
    )
