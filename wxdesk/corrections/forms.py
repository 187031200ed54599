"""Which wrong answers a person asked for, from a form or from JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from wxdesk.corrections.operations import Wish
from wxdesk.corrections.rules import Choice
from wxdesk.corrections.sources import get_source
from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.plumbing.http import whole_number
from wxdesk.triage.rules import Outcome
from wxdesk.words import say

LOCAL = "%Y-%m-%dT%H:%M"
A_DAY = timedelta(days=1)
LARGEST_YEAR = 9000  # near the end of the calendar a time has no UTC


@dataclass(frozen=True, slots=True)
class Asked:
    """One of `rule_id` and `campaign_id`; empty `versions` and `outcomes` mean all."""

    rule_id: int | None
    campaign_id: int | None
    name: str
    sent_from: datetime | None
    sent_until: datetime | None
    versions: tuple[int, ...] = ()
    outcomes: tuple[str, ...] = ()
    errors: dict[str, str] = field(default_factory=dict)


def wish_of(session: Session, asked: Asked) -> Wish:
    """What is asked of the operations; InvalidInputError names what can't be taken."""
    for name, sentence in asked.errors.items():
        raise InvalidInputError(name, sentence)
    source = get_source(session, asked.rule_id, asked.campaign_id)
    if unknown := [each for each in asked.outcomes if each not in set(Outcome)]:
        raise InvalidInputError("outcomes", say("there is no reply %(name)s", name=unknown[0]))
    if source.campaign_id is not None and asked.versions:
        raise InvalidInputError("versions", say("versions are those of one rule"))
    if asked.sent_from is None or asked.sent_until is None:
        raise InvalidInputError("sent_from", say("a date and a time are needed"))
    choice = Choice(
        account_id=source.account_id,
        rule_ids=source.rule_ids,
        sent_from=asked.sent_from,
        sent_until=asked.sent_until,
        versions=asked.versions,
        outcomes=asked.outcomes,
    )
    return Wish(choice, asked.name, rule_id=source.rule_id, campaign_id=source.campaign_id)


def read_asked(
    values: Mapping[str, str], lists: Mapping[str, Sequence[str]], zone: ZoneInfo, now: datetime
) -> Asked:
    """From a form; without times the last 24 hours."""
    errors: dict[str, str] = {}
    times = {name: _instant(values.get(name, ""), zone, errors, name) for name in ("from", "until")}
    versions = [whole_number(text) for text in lists.get("version", ())]
    if None in versions:
        errors["versions"] = say("a whole number is needed")
    return Asked(
        rule_id=whole_number(values.get("rule_id", "")),
        campaign_id=whole_number(values.get("campaign_id", "")),
        name=values.get("name", "").strip(),
        sent_from=times["from"] or (now - A_DAY),
        sent_until=times["until"] or (now + timedelta(minutes=1)),
        versions=tuple(each for each in versions if each is not None),
        outcomes=tuple(lists.get("outcome", ())),
        errors=errors,
    )


def local(instant: datetime | None, zone: ZoneInfo) -> str:
    """As a field of a form takes it."""
    return instant.astimezone(zone).strftime(LOCAL) if instant else ""


def _instant(text: str, zone: ZoneInfo, errors: dict[str, str], name: str) -> datetime | None:
    if not text.strip():
        return None
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        found = None
    if found is None or not 2000 <= found.year < LARGEST_YEAR:
        errors[name] = say("a date and a time are needed")
        return None
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
