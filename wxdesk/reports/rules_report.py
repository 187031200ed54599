"""The report of auto-replies: how much they answer, and how often wrongly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wxdesk.conversations.models import Message
from wxdesk.reports.local_time import day_of, days_of, local_day
from wxdesk.reports.parts import Names, Pair, compared, read_names, share
from wxdesk.reports.rules import (
    Behind,
    ChartKind,
    Column,
    Figure,
    Filters,
    Report,
    Row,
    Table,
    Unit,
    Value,
)
from wxdesk.reports.volumes import Volumes, count_all, count_messages, has_messages
from wxdesk.reports.wrong_hits import WRONG_MEANS, count_wrong_hits, is_wrong_hit
from wxdesk.sla.models import SlaClock
from wxdesk.triage.models import AutoReplyRuleVersion
from wxdesk.words import say

RULE = ("sender_kind", "sender_id", "rule_version")
MOST_KEYWORDS = 50
RECEIVED_MEANS = say(
    "Messages of customers to people or rules, by when they arrived. Events, ratings and spam are"
    " not in it."
)
HIT_MEANS = say("Messages that a rule answered, of all messages to people or rules.")
WRONG_SHARE_MEANS = say("Wrong hits, of the automatic answers by rules of the period.")
NO_MESSAGES = say(
    "Messages belong to no team, agent or tag: with these filters only wrong hits are counted."
)


@dataclass(frozen=True, slots=True)
class _Sums:
    """Of one period; `volumes` None: messages can't be filtered so."""

    volumes: Volumes | None
    wrong_hits: int

    @property
    def received(self) -> int | None:
        return None if self.volumes is None else self.volumes.received

    @property
    def answered(self) -> int | None:
        return None if self.volumes is None else self.volumes.auto_answered

    @property
    def answers(self) -> int | None:
        return None if self.volumes is None else self.volumes.by_rules

    @property
    def hit_share(self) -> float | None:
        if self.volumes is None:
            return None
        return share(self.volumes.auto_answered, self.volumes.received)

    @property
    def wrong_share(self) -> float | None:
        return None if self.volumes is None else share(self.wrong_hits, self.volumes.by_rules)


Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class _Parts:
    """The same by account, by day (local_time.day_of) and by rule and version."""

    is_known: bool
    accounts: Mapping[Key, Volumes]
    days: Mapping[Key, Volumes]
    rules: Counter[Key]
    wrong_accounts: Counter[Key]
    wrong_days: Counter[Key]
    wrong_rules: Counter[Key]


def build(session: Session, filters: Filters, now: datetime) -> Report:
    """The report "rules"."""
    pair = compared(filters, now, lambda wanted: _sums(session, wanted))
    parts = _parts(session, filters)
    names, rules = read_names(session), _rule_names(session)
    return Report(
        name="rules",
        title=say("Auto-replies"),
        figures=_figures(pair),
        tables=(
            _by_rule(parts, rules),
            _by_day(parts, filters),
            _by_account(parts, names),
            _by_keyword(session, filters, rules),
        ),
        notes=() if parts.is_known else (NO_MESSAGES,),
        as_of=now,
    )


def _sums(session: Session, filters: Filters) -> _Sums:
    volumes = count_all(session, filters) if _has_messages(filters) else None
    return _Sums(volumes, count_wrong_hits(session, filters).total())


def _has_messages(filters: Filters) -> bool:
    return has_messages(filters) and not filters.agent_ids


def _parts(session: Session, filters: Filters) -> _Parts:
    its, is_known = SlaClock, _has_messages(filters)
    found = count_messages(session, filters, "account_id", "day") if is_known else {}
    by_rule = count_messages(session, filters, *RULE) if is_known else {}
    wrong = count_wrong_hits(
        session, filters, its.after_rule_id, its.after_rule_version, its.account_id
    )
    day = local_day(its.started_quarter, filters.period)
    return _Parts(
        is_known,
        _summed(found, 0),
        _summed(found, 1),
        Counter({key[1:]: its.by_rules for key, its in by_rule.items() if its.by_rules}),
        _folded(wrong, 2),
        count_wrong_hits(session, filters, day),
        _folded(wrong, 0, 1),
    )


def _figures(pair: Pair[_Sums]) -> tuple[Figure, ...]:
    return (
        Figure(
            key="received",
            label=say("Messages in"),
            definition=RECEIVED_MEANS,
            value=pair.now.received,
            unit=Unit.COUNT,
            before=pair.earlier(lambda found: found.received),
            behind=Behind("messages", {"what": "in"}),
        ),
        Figure(
            key="answered",
            label=say("Answered by a rule"),
            definition=say("Messages that a rule answered by itself; no person had to."),
            value=pair.now.answered,
            unit=Unit.COUNT,
            before=pair.earlier(lambda found: found.answered),
            behind=Behind("messages", {"what": "auto_answered"}),
        ),
        Figure(
            key="hit_share",
            label=say("Hit rate"),
            definition=HIT_MEANS,
            value=pair.now.hit_share,
            unit=Unit.SHARE,
            before=pair.earlier(lambda found: found.hit_share),
            is_good_when_higher=True,
        ),
        Figure(
            key="answers",
            label=say("Automatic answers"),
            definition=say("Answers by rules, by when they were given."),
            value=pair.now.answers,
            unit=Unit.COUNT,
            before=pair.earlier(lambda found: found.answers),
            behind=Behind("messages", {"what": "by_rules"}),
        ),
        *_wrong(pair),
    )


def _wrong(pair: Pair[_Sums]) -> tuple[Figure, ...]:
    return (
        Figure(
            key="wrong_hits",
            label=say("Wrong hits"),
            definition=WRONG_MEANS,
            value=pair.now.wrong_hits,
            unit=Unit.COUNT,
            before=pair.earlier(lambda found: found.wrong_hits),
            behind=Behind("wrong_hits"),
            is_good_when_higher=False,
        ),
        Figure(
            key="wrong_share",
            label=say("Wrong-hit rate"),
            definition=WRONG_SHARE_MEANS,
            value=pair.now.wrong_share,
            unit=Unit.SHARE,
            before=pair.earlier(lambda found: found.wrong_share),
            is_good_when_higher=False,
        ),
    )


def _by_rule(found: _Parts, rules: Mapping[tuple[int, int], str]) -> Table:
    answers, wrong = found.rules, found.wrong_rules
    keys = sorted({*answers, *wrong}, key=lambda key: (-answers[key], -wrong[key], key))
    rows = tuple(
        Row(
            (
                rules.get((rule, version), f"#{rule}"),
                str(version),
                *_rates(found, answers[rule, version], wrong[rule, version]),
            ),
            {"wrong": Behind("wrong_hits", {"rule": str(rule), "version": str(version)})},
        )
        for rule, version in keys
    )
    columns = (
        Column("rule", say("Rule"), Unit.TEXT),
        Column("version", say("Version"), Unit.TEXT, say("Each change of a rule makes one.")),
        *_columns(),
    )
    drawn = ("answers", "wrong")
    title, note = (
        say("By rule and version"),
        say("Keywords of campaigns are rules too; the report “Campaigns” sums them up."),
    )
    return Table("rules", title, columns, rows, ChartKind.BARS, drawn, note)


def _by_day(found: _Parts, filters: Filters) -> Table:
    volumes = {day_of(number): its for (number,), its in found.days.items()}
    wrong = {day_of(number): count for (number,), count in found.wrong_days.items()}
    rows = []
    for day in days_of(filters.period):
        its = volumes.get(day, Volumes())
        rate = share(its.auto_answered, its.received)
        known = (its.received, its.auto_answered, rate, its.by_rules)
        shown = known if found.is_known else (None,) * 4
        rows.append(Row((day.isoformat(), *shown, wrong.get(day, 0))))
    columns = (
        Column("day", say("Day"), Unit.TEXT),
        Column("received", say("Messages in"), Unit.COUNT, RECEIVED_MEANS),
        Column("answered", say("Answered by a rule"), Unit.COUNT),
        Column("hit_share", say("Hit rate"), Unit.SHARE, HIT_MEANS),
        Column("answers", say("Automatic answers"), Unit.COUNT),
        Column("wrong", say("Wrong hits"), Unit.COUNT, WRONG_MEANS),
    )
    drawn = ("received", "answered", "wrong")
    return Table("days", say("By day"), columns, tuple(rows), ChartKind.LINE, drawn)


def _by_account(found: _Parts, names: Names) -> Table:
    wrong = found.wrong_accounts
    keys = sorted({*found.accounts, *wrong}, key=lambda key: names.account(key[0]))
    rows = []
    for key in keys:
        its = found.accounts.get(key, Volumes())
        messages = (its.received, share(its.auto_answered, its.received))
        shown = messages if found.is_known else (None, None)
        rates = _rates(found, its.by_rules, wrong[key])
        link = {"wrong": Behind("wrong_hits", {"account": str(key[0])})}
        rows.append(Row((names.account(key[0]), *shown, *rates), link))
    columns = (
        Column("account", say("Account"), Unit.TEXT),
        Column("received", say("Messages in"), Unit.COUNT, RECEIVED_MEANS),
        Column("hit_share", say("Hit rate"), Unit.SHARE, HIT_MEANS),
        *_columns(),
    )
    return Table("accounts", say("By account"), columns, tuple(rows))


def _by_keyword(session: Session, filters: Filters, rules: Mapping[tuple[int, int], str]) -> Table:
    """Which words of customers led to wrong hits."""
    its = SlaClock
    hits = func.count(its.after_message_id.distinct())
    found = session.execute(
        select(its.after_rule_id, func.max(its.after_rule_version), Message.matched, hits)
        .join(Message, Message.id == its.after_message_id)
        .where(*is_wrong_hit(filters))
        .group_by(its.after_rule_id, Message.matched)
        .order_by(hits.desc(), its.after_rule_id, Message.matched)
        .limit(MOST_KEYWORDS)
    )
    rows = tuple(
        Row((matched or None, rules.get((rule or 0, version or 0), f"#{rule}"), count))
        for rule, version, matched, count in found
    )
    columns = (
        Column("keyword", say("Keyword"), Unit.TEXT),
        Column("rule", say("Rule"), Unit.TEXT),
        Column("wrong", say("Wrong hits"), Unit.COUNT, WRONG_MEANS),
    )
    return Table("keywords", say("Keywords behind wrong hits"), columns, rows)


def _columns() -> tuple[Column, ...]:
    return (
        Column("answers", say("Automatic answers"), Unit.COUNT),
        Column("wrong", say("Wrong hits"), Unit.COUNT, WRONG_MEANS),
        Column("wrong_share", say("Wrong-hit rate"), Unit.SHARE, WRONG_SHARE_MEANS),
    )


def _rates(found: _Parts, answers: int, wrong: int) -> tuple[Value, ...]:
    """Automatic answers, wrong hits, and their share."""
    if not found.is_known:
        return None, wrong, None
    return answers, wrong, share(wrong, answers)


def _summed(found: Mapping[Key, Volumes], place: int) -> dict[Key, Volumes]:
    """Of those with any message to people or rules, or a rule's answer."""
    sums: dict[Key, Volumes] = {}
    for key, volumes in found.items():
        if volumes.received or volumes.by_rules:
            sums.setdefault((key[place],), Volumes()).add(volumes)
    return sums


def _folded(counts: Counter[Key], *places: int) -> Counter[Key]:
    sums: Counter[Key] = Counter()
    for key, count in counts.items():
        sums[tuple(key[place] for place in places)] += count
    return sums


def _rule_names(session: Session) -> dict[tuple[int, int], str]:
    """By rule and version the name that it had."""
    its = AutoReplyRuleVersion
    rows = session.execute(select(its.rule_id, its.version, its.name))
    return {(rule, version): name for rule, version, name in rows}
