"""The month on a database, the truth about it, and how the two are compared."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from cast import FakeClock, hire
from sqlalchemy import select

from reports.desk import Desk, Event
from reports.figures import Message, View
from reports.figures_of_all import REPORTS as REAL
from reports.month import (
    CAPACITIES,
    END,
    PEOPLE,
    SHANGHAI,
    TEAMS,
    Month,
    Process,
    counting,
    customer,
    local,
    midnight,
    open_desk,
    shift,
    supervisor,
)
from reports.truth import Truth
from wxdesk.conversations.models import Conversation, ConversationTag
from wxdesk.reports.catalog import REPORTS
from wxdesk.reports.rules import Filters, Period, Report
from wxdesk.runtime import Runtime

CUSTOMERS = 75
SEED = 20260914
FIRST_DAY = date(2026, 9, 14)
LOOKS = ((9, 11.43), (18, 16.61))  # (day, hour) at which somebody looks while the month goes on
LOOKED_AT: tuple[dict[str, Any], ...] = (
    {"days": (-6, 1)},
    {"days": (0, 1)},
    {"days": (-6, 1), "teams": ("售后",), "in_hours": True},
)


@dataclass(frozen=True)
class Look:
    """What the reports said at an instant in the middle of the month."""

    now: datetime
    of: dict[str, Any]
    events: int
    reports: dict[str, Report]


@dataclass
class Played:
    """The month on one database, and the truth about it."""

    runtime: Runtime
    desk: Desk
    looks: list[Look] = field(default_factory=list)
    truths: dict[int | None, Truth] = field(default_factory=dict)
    conversations: dict[tuple[str, int], int] = field(default_factory=dict)
    contacts: dict[str, int] = field(default_factory=dict)
    tags: dict[str, int] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    @property
    def truth(self) -> Truth:
        return self.truths[None]

    def read(self) -> None:
        """The truth, and what the rows that it is about are called."""
        self.truths[None] = truth_of(self.desk.log, END)
        with self.runtime.reading() as session:
            query = select(Conversation.contact_id, Conversation.id).order_by(Conversation.id)
            rows = session.execute(query).all()
            tags = session.execute(select(ConversationTag.name, ConversationTag.id)).all()
        self.tags = dict(tags)
        self.contacts = dict(self.desk.contact_ids)
        names = {contact_id: who for who, contact_id in self.contacts.items()}
        for contact_id, number in rows:
            who = names[contact_id]
            nth = sum(1 for one, _ in self.conversations if one == who) + 1
            self.conversations[who, nth] = number
        self.names = self._names()

    def _names(self) -> dict[str, str]:
        desk = self.desk
        return {
            **{slug: f"云杉 {slug}" for slug in desk.accounts},
            **{name: name.capitalize() for name in self.truth.capacities},
            **{f"rule {rule.id}": name for name, rule in desk.rules.items()},
            **{f"policy {number}": name for name, number in desk.policy_ids.items()},
            **{tag: f"tag {tag}" for tag in self.tags},
        }

    def view(self, of: dict[str, Any], now: datetime = END, events: int | None = None) -> View:
        """The truth through these filters, as it was after so many events of the log."""
        log = self.desk.log[:events]
        if events not in self.truths:
            self.truths[events] = truth_of(log, now)
        truth = self.truths[events]
        since, until, zone = period_of(of, now)
        return View(
            truth,
            messages_of(log, truth),
            self.names,
            self.contacts,
            now,
            since,
            until,
            zone,
            **{kind: of.get(kind, ()) for kind in ("accounts", "teams", "agents", "tags")},
            in_hours=of.get("in_hours", False),
            compares=of.get("compares", True),
        )

    def filters(self, of: dict[str, Any], now: datetime = END) -> Filters:
        """The same for the reports."""
        desk = self.desk
        since, until, zone = period_of(of, now)
        return Filters(
            Period(since, until, zone),
            tuple(desk.accounts[one].id for one in of.get("accounts", ())),
            tuple(desk.teams[one] for one in of.get("teams", ())),
            tuple(desk.agents[one] for one in of.get("agents", ())),
            tuple(self.tags[one] for one in of.get("tags", ())),
            of.get("in_hours", False),
            of.get("compares", True),
        )

    def looking(self, day: int, hour: float) -> Process:
        """Somebody looks at all reports at this time of the month."""
        yield local(day, hour)
        for of in LOOKED_AT:
            now = self.desk.clock.now
            filters = self.filters(of, now)
            with self.runtime.reading() as session:
                reports = {name: build(session, filters, now) for name, build in REPORTS.items()}
            self.looks.append(Look(now, of, len(self.desk.log), reports))


def play(runtime: Runtime, clock: FakeClock) -> Played:
    """The same month in every run."""
    team = hire(runtime)
    people = {name: getattr(team, name) for name in (*PEOPLE, "admin")}
    played = Played(runtime, open_desk(runtime, clock, people))
    month = Month(played.desk)
    month.add(supervisor(played.desk))
    month.add(counting(played.desk))
    month.add(midnight(played.desk))
    for name in PEOPLE:
        month.add(shift(played.desk, name, random.Random(f"{SEED} {name}")))  # noqa: S311
    for number in range(CUSTOMERS):
        slug = ("yunshan", "yunshan", "zhulin")[number % 3]
        dice = random.Random(SEED + number)  # noqa: S311
        month.add(customer(played.desk, f"o{number:04d}", slug, dice))
    for look in LOOKS:
        month.add(played.looking(*look))
    month.play()
    played.read()
    return played


def truth_of(log: Sequence[Event], now: datetime) -> Truth:
    truth = Truth(
        teams_of_accounts={"yunshan": None, "zhulin": "售后"},
        members=TEAMS,
        capacities={**CAPACITIES, "admin": 10},
    )
    truth.replay(log, now)
    return truth


def messages_of(log: Sequence[Event], truth: Truth) -> list[Message]:
    """What went to and fro, without what was taken back before it left."""
    aside = {id(one) for events in truth.aside.values() for one in events}
    found = []
    for one in log:
        facts = one.facts
        at, account = facts.get("received", one.at), facts.get("account", "")
        if one.what == "wrote":
            kind = "aside" if id(one) in aside else "to_people"
            found.append(Message(at, kind, account))
        elif one.what == "auto":
            found.append(Message(at, "auto_answered", account))
            found.append(Message(at, "by_rules", account, rule=facts["rule"]))
        elif one.what == "answered" and truth.answers[facts["answer"]].state != "undone":
            account = truth.answers[facts["answer"]].conversation.account
            found.append(Message(at, "by_people", account, agent=facts["agent"]))
    return found


def _of_rows(key: str, real: Sequence[Any], found: Sequence[Any]) -> list[str]:
    """Rows are compared without regard to their order: some stand in that of their numbers."""
    ones, twos = sorted(map(repr, map(plain, real))), sorted(map(repr, map(plain, found)))
    only_real, only_found = Counter(ones) - Counter(twos), Counter(twos) - Counter(ones)
    return [f"{key}: {row} is not there" for row in only_real.elements()] + [
        f"{key}: {row} is wrong" for row in only_found.elements()
    ]


def plain(value: Any) -> Any:
    """Comparable: shares to seven digits, instants in UTC."""
    if isinstance(value, tuple):
        return tuple(plain(one) for one in value)
    if isinstance(value, float):
        return float(f"{value:.7g}")
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return str(value) if isinstance(value, str) else value


def period_of(of: dict[str, Any], now: datetime) -> tuple[datetime, datetime, ZoneInfo]:
    """Local days from the first day of the month; while it goes on from the day of `now`."""
    zone = ZoneInfo(of.get("zone", SHANGHAI.key))
    today = FIRST_DAY if now == END else now.astimezone(zone).date()
    first, last = (today + timedelta(days=day) for day in of["days"])
    since, until = (
        datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC) for day in (first, last)
    )
    return since, until, zone


def differences(name: str, view: View, found: Report) -> list[str]:
    """Figures and cells of a report that are not the truth, as sentences."""
    real = REAL[name](view)
    wrong = []
    for figure in found.figures:
        one, two = real["figures"].pop(figure.key, ("?", "?")), (figure.value, figure.before)
        if plain(one) != plain(two):
            wrong.append(f"{figure.key}: {one} is {two}")
    wrong += [f"{key} is missing" for key in real["figures"]]
    for table in found.tables:
        rows = real["tables"].pop(table.key, [])
        wrong += _of_rows(table.key, rows, [row.values for row in table.rows])
    return wrong + [f"table {key} is missing" for key in real["tables"]]
