"""How the active rules of accounts lie to each other; kept until one of them changes."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from sqlalchemy import select
from sqlalchemy.orm import Session

from wxdesk.accounts.models import Account
from wxdesk.triage.overlaps import Overlap, find_overlaps
from wxdesk.triage.queries import list_rule_texts

MOST_KEPT = 50
_kept: OrderedDict[tuple[int, int], list[Overlap]] = OrderedDict()
_lock = Lock()


@dataclass(frozen=True, slots=True)
class Standing:
    """By rule the overlaps in which it loses, and those in which it wins."""

    losing: Mapping[int, Sequence[Overlap]]
    winning: Mapping[int, Sequence[Overlap]]

    def of_rule(self, rule_id: int) -> list[Overlap]:
        return [*self.losing.get(rule_id, ()), *self.winning.get(rule_id, ())]


def standing_of(session: Session, account_ids: Collection[int], now: datetime) -> Standing:
    losing: dict[int, list[Overlap]] = defaultdict(list)
    winning: dict[int, list[Overlap]] = defaultdict(list)
    for account_id, version in _versions(session, account_ids):
        for overlap in _overlaps(session, account_id, version, now):
            losing[overlap.rule_id].append(overlap)
            winning[overlap.other_id].append(overlap)
    return Standing(losing, winning)


def _versions(session: Session, account_ids: Collection[int]) -> list[tuple[int, int]]:
    query = select(Account.id, Account.config_version).where(Account.id.in_(sorted(account_ids)))
    return [(row.id, row.config_version) for row in session.execute(query)]


def _overlaps(session: Session, account_id: int, version: int, now: datetime) -> list[Overlap]:
    """Every change of a rule raises the account's version."""
    key = (account_id, version)
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    found = find_overlaps(list_rule_texts(session, account_id, now))
    with _lock:
        _kept[key] = found
        while len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)
    return found
