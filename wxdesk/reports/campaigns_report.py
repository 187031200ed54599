"""The report of campaigns: what they met, who took part, and how often they answered wrongly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wxdesk.campaigns.models import Campaign, CampaignEntry, CampaignTally
from wxdesk.contacts.models import FollowEvent
from wxdesk.conversations.rules import SenderKind
from wxdesk.reports.parts import compared, read_names, share
from wxdesk.reports.rules import ChartKind, Column, Figure, Filters, Report, Row, Table, Unit, Value
from wxdesk.reports.volumes import count_messages, has_messages
from wxdesk.reports.wrong_hits import WRONG_MEANS, count_wrong_hits
from wxdesk.sla.models import SlaClock
from wxdesk.triage.models import AutoReplyRule
from wxdesk.words import say

HITS_MEANS = say("Messages, taps, scans and follows that met a rule of the campaign.")
ENTRIES_MEANS = say("Those that were accepted as taking part; not who had entered before.")
PEOPLE_MEANS = say("Different customers among the entries of the period.")
ANSWERS_MEANS = say("Answers that the campaign's rules gave, of every kind.")
SHARE_MEANS = say("Wrong hits, of the answers that the campaign's rules gave in the period.")
LEFT_MEANS = say("People who entered in the period and ceased to follow in it.")
NO_MESSAGES = say(
    "Campaigns belong to no team, agent or tag: with these filters only wrong hits are counted."
)


@dataclass(slots=True)
class _Sums:
    """Of one campaign, or of all; `is_known` False: only wrong hits can be filtered so."""

    hits: int = 0
    entries: int = 0
    people: int = 0
    answers: int = 0
    left: int = 0
    wrong: int = 0


@dataclass(frozen=True, slots=True)
class _Found:
    is_known: bool
    campaigns: Mapping[int, _Sums]
    total: _Sums


def build(session: Session, filters: Filters, now: datetime) -> Report:
    """The report "campaigns"."""
    pair = compared(filters, now, lambda wanted: _found(session, wanted))

    def figure(key: str, label: str, definition: str, *, is_good: bool | None = None) -> Figure:
        return Figure(
            key=key,
            label=label,
            definition=definition,
            value=_value(pair.now, key),
            unit=Unit.COUNT,
            before=pair.earlier(lambda found: _value(found, key)),
            is_good_when_higher=is_good,
        )

    return Report(
        name="campaigns",
        title=say("Campaigns"),
        figures=(
            figure("hits", say("Hits"), HITS_MEANS),
            figure("entries", say("Entries"), ENTRIES_MEANS, is_good=True),
            figure("people", say("People who entered"), PEOPLE_MEANS, is_good=True),
            figure("answers", say("Automatic answers"), ANSWERS_MEANS),
            figure("left", say("Entered and left"), LEFT_MEANS, is_good=False),
            figure("wrong", say("Wrong hits"), WRONG_MEANS, is_good=False),
        ),
        tables=(_table(session, pair.now),),
        notes=() if pair.now.is_known else (NO_MESSAGES,),
        as_of=now,
    )


def _value(found: _Found, key: str) -> Value:
    if not found.is_known and key != "wrong":
        return None
    return int(getattr(found.total, key))


def _found(session: Session, filters: Filters) -> _Found:
    is_known = has_messages(filters) and not filters.agent_ids
    campaign_of = _rules(session)
    sums: dict[int, _Sums] = {}
    total = _Sums()
    wrong = count_wrong_hits(session, filters, SlaClock.after_rule_id)
    for (rule_id,), count in wrong.items():
        if rule_id in campaign_of:
            sums.setdefault(campaign_of[rule_id], _Sums()).wrong += count
    if is_known:
        _add_entries(session, filters, sums, total)
        for rule_id, count in _answers(session, filters).items():
            if rule_id in campaign_of:
                sums.setdefault(campaign_of[rule_id], _Sums()).answers += count
    for key in ("hits", "entries", "answers", "wrong"):
        setattr(total, key, sum(getattr(its, key) for its in sums.values()))
    return _Found(is_known, sums, total)


def _rules(session: Session) -> dict[int, int]:
    """By rule its campaign."""
    its = AutoReplyRule
    rows = session.execute(select(its.id, its.campaign_id).where(its.campaign_id.is_not(None)))
    return {rule_id: campaign_id for rule_id, campaign_id in rows if campaign_id is not None}


def _answers(session: Session, filters: Filters) -> Counter[int]:
    found: Counter[int] = Counter()
    for key, its in count_messages(session, filters, "sender_kind", "sender_id").items():
        if key[0] == SenderKind.RULE:
            found[key[1]] += its.by_rules
    return found


def _add_entries(session: Session, filters: Filters, sums: dict[int, _Sums], total: _Sums) -> None:
    period = filters.period
    tally, entry, left = CampaignTally, CampaignEntry, FollowEvent
    mine = [Campaign.account_id.in_(filters.account_ids)] if filters.account_ids else []
    hits = session.execute(
        select(tally.campaign_id, func.sum(tally.count))
        .join(Campaign, Campaign.id == tally.campaign_id)
        .where(tally.minute >= period.since, tally.minute < period.until, *mine)
        .group_by(tally.campaign_id)
    )
    for campaign_id, count in hits:
        sums.setdefault(campaign_id, _Sums()).hits = int(count)
    people = func.count(entry.contact_id.distinct())
    entered = (
        select(func.count(), people)
        .join(Campaign, Campaign.id == entry.campaign_id)
        .where(entry.entered_at >= period.since, entry.entered_at < period.until, *mine)
    )
    entries = session.execute(entered.add_columns(entry.campaign_id).group_by(entry.campaign_id))
    for count, different, campaign_id in entries:
        its = sums.setdefault(campaign_id, _Sums())
        its.entries, its.people = count, different
    total.people = session.execute(entered).one()[1]
    leaving = (
        select(people)
        .select_from(entry)
        .join(Campaign, Campaign.id == entry.campaign_id)
        .join(left, left.contact_id == entry.contact_id)
        .where(entry.entered_at >= period.since, entry.entered_at < period.until, *mine)
        .where(left.is_follow.is_(False), left.happened_at >= entry.entered_at)
        .where(left.happened_at < period.until)
    )
    gone = session.execute(leaving.add_columns(entry.campaign_id).group_by(entry.campaign_id))
    for count, campaign_id in gone:
        sums.setdefault(campaign_id, _Sums()).left = count
    total.left = session.execute(leaving).scalar_one()


def _table(session: Session, found: _Found) -> Table:
    names = read_names(session)
    its = Campaign
    rows = session.execute(
        select(its.id, its.name, its.account_id).where(its.id.in_(list(found.campaigns)))
    )
    known = {number: (name, names.account(account_id)) for number, name, account_id in rows}
    ordered = sorted(found.campaigns.items(), key=lambda pair: (-pair[1].hits, -pair[0]))
    return Table(
        "campaigns",
        say("By campaign"),
        (
            Column("campaign", say("Campaign"), Unit.TEXT),
            Column("account", say("Account"), Unit.TEXT),
            Column("hits", say("Hits"), Unit.COUNT, HITS_MEANS),
            Column("entries", say("Entries"), Unit.COUNT, ENTRIES_MEANS),
            Column("people", say("People who entered"), Unit.COUNT, PEOPLE_MEANS),
            Column("answers", say("Automatic answers"), Unit.COUNT, ANSWERS_MEANS),
            Column("left", say("Entered and left"), Unit.COUNT, LEFT_MEANS),
            Column("wrong", say("Wrong hits"), Unit.COUNT, WRONG_MEANS),
            Column("wrong_share", say("Wrong-hit rate"), Unit.SHARE, SHARE_MEANS),
        ),
        tuple(
            Row((*known.get(number, (f"#{number}", None)), *_cells(sums, is_known=found.is_known)))
            for number, sums in ordered
        ),
        ChartKind.BARS,
        ("hits", "entries", "wrong"),
    )


def _cells(its: _Sums, *, is_known: bool) -> tuple[Value, ...]:
    if not is_known:
        return (None, None, None, None, None, its.wrong, None)
    counts = (its.hits, its.entries, its.people, its.answers, its.left, its.wrong)
    return *counts, share(its.wrong, its.answers)
