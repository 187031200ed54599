"""Policies as pages see them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from wxdesk.accounts.models import Account
from wxdesk.accounts.queries import MOST_ACCOUNTS
from wxdesk.sla.models import SlaPolicy
from wxdesk.sla.rules import Targets


@dataclass(frozen=True, slots=True)
class PolicyView:
    account_id: int
    account_name: str
    first_response_minutes: int
    next_response_minutes: int


def list_policies(session: Session) -> list[PolicyView]:
    """The promise of every account, the default one where none is set."""
    rows = session.execute(
        select(Account.id, Account.name, SlaPolicy)
        .outerjoin(SlaPolicy, SlaPolicy.account_id == Account.id)
        .order_by(Account.name, Account.id)
        .limit(MOST_ACCOUNTS)
    )
    return [_view(*row) for row in rows]


def _view(account_id: int, name: str, policy: SlaPolicy | None) -> PolicyView:
    targets = policy.targets if policy else Targets()
    first, following = targets.first_response_seconds, targets.next_response_seconds
    return PolicyView(account_id, name, first // 60, following // 60)
