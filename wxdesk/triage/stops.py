"""What stopped speaking since a rulebook was made: a small question, however many rules there are.

Compiling an account's rules anew may take seconds; whoever presses stop does not wait for that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from wxdesk.triage.models import AutoReplyRule
from wxdesk.triage.queries import MOST_RULES, gates_of
from wxdesk.triage.rules import CampaignGate, Hit


@dataclass(frozen=True, slots=True)
class Stops:
    """Rules of an account that are switched off, and how its campaigns stand just now."""

    rule_ids: frozenset[int] = frozenset()
    gates: Mapping[int, CampaignGate] = field(default_factory=dict)

    def still(self, hit: Hit) -> Hit | None:
        """The hit as it is now; None when its rule is off: then a person answers."""
        if hit.rule_id in self.rule_ids:
            return None
        gate = self.gates.get(hit.campaign.campaign_id) if hit.campaign else None
        return hit if gate is None else replace(hit, campaign=gate)


NOTHING_STOPPED = Stops()


def read_stops(session: Session, account_id: int) -> Stops:
    """What an older rulebook of the account must heed; three small queries."""
    it = AutoReplyRule
    of_account = it.account_id == account_id
    off = select(it.id).where(of_account, ~it.is_active).order_by(it.id.desc()).limit(MOST_RULES)
    campaigns = select(it.campaign_id).where(of_account, it.campaign_id.is_not(None)).distinct()
    return Stops(
        frozenset(session.scalars(off)), gates_of(session, set(session.scalars(campaigns)))
    )
