"""A month at a desk: a few hundred conversations, the same in every run.

September 14 to October 11, 2026 in Shanghai: Mid-Autumn, the National Day week, and the workdays
that make up for it (September 20 and October 10). Customers, agents and shifts are processes that
`yield` the next instant at which they act; the deadlines are checked right after each falls due.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from cast import make_account, make_rule
from sqlalchemy import func, select, update

from reports.desk import Desk, soon
from reports.hours import Hours
from wxdesk.accounts.models import Account
from wxdesk.agents.models import Agent
from wxdesk.agents.rules import AssignmentMode, Presence
from wxdesk.assignment.teams import TeamForm, create_team
from wxdesk.conversations.rules import Priority
from wxdesk.inbox.then import ThenKind
from wxdesk.plumbing.clock import FAR_FUTURE
from wxdesk.runtime import Runtime
from wxdesk.sla.models import SlaClock

SHANGHAI = ZoneInfo("Asia/Shanghai")
BEGIN = datetime(2026, 9, 14, tzinfo=SHANGHAI).astimezone(UTC)
DAYS = 28
END = BEGIN + timedelta(days=DAYS)
PEOPLE = ("lin", "mei", "zhou")
CAPACITIES = {"lin": 2, "mei": 1, "zhou": 3}
TEAMS = {"售前": ("lin", "mei"), "售后": ("mei", "zhou")}
TAGS = ("退款", "物流", "发票")
CHECKED_AFTER = soon(0.05)

Process = Iterator[datetime]


@dataclass
class Customer:
    """What the story of a visit knows: is somebody waiting, who has it."""

    who: str
    agent: str | None = None
    is_waiting: bool = False
    is_over: bool = False
    is_served: bool = False
    counts: dict[str, int] = field(default_factory=dict)


@dataclass
class Month:
    """Plays all processes in the order of time."""

    desk: Desk
    queue: list[tuple[datetime, int, Process]] = field(default_factory=list)
    count: int = 0

    def add(self, process: Process) -> None:
        self._push(process, BEGIN)

    def _push(self, process: Process, now: datetime) -> None:
        at = next(process, None)
        if at is not None:
            self.count += 1
            heapq.heappush(self.queue, (max(at, now), self.count, process))

    def play(self) -> None:
        while self.queue:
            at, _, process = heapq.heappop(self.queue)
            if at >= END:
                continue
            self._check_until(at)
            self.desk.clock.now = at
            self._push(process, at)
        self._check_until(END)
        self.desk.clock.now = END

    def _check_until(self, at: datetime) -> None:
        """The sweep of every two seconds finds each deadline soon; it sleeps when none is due."""
        while (due := self._next_check()) is not None and due + CHECKED_AFTER < at:
            self.desk.checks(max(due + CHECKED_AFTER, self.desk.clock.now))
            assert self._next_check() != due, f"what was due at {due} is due for ever"

    def _next_check(self) -> datetime | None:
        with self.desk.runtime.reading() as session:
            return session.scalar(
                select(func.min(SlaClock.check_at)).where(SlaClock.check_at < FAR_FUTURE)
            )


def local(day: int, hour: float) -> datetime:
    """An instant of the month: days from 0, hours of the wall clock in Shanghai."""
    return BEGIN + timedelta(days=day, hours=hour)


def open_desk(runtime: Runtime, clock: Any, people: dict[str, int]) -> Desk:
    """Two accounts, two teams, rules, everybody's roles; the clock at the month's beginning."""
    clock.now = BEGIN - timedelta(days=1)
    accounts = {
        "yunshan": make_account(runtime),
        "zhulin": make_account(runtime, slug="zhulin", original_id="gh_zhulin", app_id="wx02"),
    }
    desk = Desk(runtime, clock, accounts, people)
    for name, members in TEAMS.items():
        ids = tuple(people[each] for each in members)
        form = TeamForm(
            name,
            AssignmentMode.OFF,
            prefers_last_agent=False,
            offline_grace_seconds=120,
            silent_seconds=0,
            member_ids=ids,
        )
        with runtime.unit_of_work() as uow:
            desk.teams[name] = create_team(uow, form, actor_id=None).id
    with runtime.unit_of_work() as uow:
        uow.session.execute(update(Account).values(asks_rating=True, slots_for_people=0))
        only = Account.id == accounts["zhulin"].id
        uow.session.execute(update(Account).where(only).values(team_id=desk.teams["售后"]))
        for name, capacity in CAPACITIES.items():
            one = update(Agent).where(Agent.id == people[name])
            uow.session.execute(one.values(capacity=capacity))
    desk.rules["抽奖"] = make_rule(runtime, accounts["yunshan"], name="抽奖")
    desk.rules["发票"] = make_rule(runtime, accounts["yunshan"], "发票", "请回复抬头", name="发票")
    desk.rules["活动"] = make_rule(runtime, accounts["zhulin"])
    return desk


def supervisor(desk: Desk) -> Process:
    """Promises and hours, some of them changed while customers wait."""
    office = Hours((((9, 12), (13, 18)),) * 5 + ((), ()))
    friday = ((10, 12), (20, 26))
    week = (((10, 22),),) * 4 + (friday, ((10, 16),), ())
    late = Hours(week, has_holidays=False)
    desk.makes_calendar("办公", office)
    desk.makes_calendar("晚班", late)
    desk.gives_hours("售前", "晚班")
    in_hours = {
        "normal": (1800, 3600, 8 * 3600),
        "urgent": (600, 900, 4 * 3600),
        "low": (7200, None, None),
    }
    pauses = ("pending", "snoozed")
    of_team = {"calendar": "办公", "pauses": pauses, "warns": (40, "high", "催办")}
    desk.promises("售后", in_hours, {"teams": ["售后"]}, **of_team)
    refunds = {"normal": (300, 300, 24 * 3600)}
    desk.promises("退款", refunds, {"tags": ["退款"]}, pauses=("pending",))
    evenings = {"normal": (900, 1200, None)}
    desk.promises("晚班", evenings, {"teams": ["售前"]}, calendar="晚班")
    yield local(10, 15.3)
    stricter = in_hours | {"normal": (900, 1800, 6 * 3600), "high": (600, 1800, 6 * 3600)}
    desk.promises("售后", stricter, {"teams": ["售后"]}, **of_team)
    yield local(15, 11.2)
    desk.closes("办公", date(2026, 9, 30))
    yield local(18, 14.1)
    desk.moves("退款", 1)
    yield local(20, 9.9)
    hurry = {"normal": (1200, 1200, None), "high": (900, 900, 7200)}
    desk.promises("竹林", hurry, {"accounts": ["zhulin"]}, warns=(50, "urgent", "催办"))
    desk.moves("竹林", 1)
    yield local(22, 16.7)
    desk.withdraws("晚班")


def counting(desk: Desk) -> Process:
    """The messages are counted now and then; the last days are not counted yet."""
    for day in range(DAYS - 3):
        yield local(day, 3.5)
        desk.counts()


def shift(desk: Desk, agent: str, dice: random.Random) -> Process:
    """Nine to six with a lunch away, on some days not at all; Zhou also comes on weekends."""
    for day in range(DAYS):
        is_weekend = day % 7 >= 5
        if dice.random() < (0.7 if is_weekend and agent != "zhou" else 0.12):
            continue
        yield local(day, 8.8 + dice.random() / 2)
        desk.is_now(agent, Presence.ONLINE)
        if dice.random() < 0.5:
            yield local(day, 12 + dice.random() / 3)
            desk.is_now(agent, Presence.AWAY)
            yield local(day, 13 + dice.random() / 3)
            desk.is_now(agent, Presence.ONLINE)
        yield local(day, 17.5 + 2 * dice.random())
        desk.is_now(agent, Presence.OFFLINE)


def customer(desk: Desk, who: str, slug: str, dice: random.Random) -> Process:
    """One to three visits in the month, most of them in the daytime."""
    desk.account_of[who] = slug
    for day in sorted(dice.sample(range(DAYS), dice.choice((1, 1, 2, 2, 3)))):
        hour = dice.gauss(14, 3.5) if dice.random() < 0.8 else dice.uniform(0, 24)
        yield from visit(Visit(desk, who, dice), local(day, min(23.9, max(0.05, hour))))
        if who in desk.contact_ids and dice.random() < 0.04:
            yield desk.clock.now + soon(5000)
            desk.forgets(who)
            return


def midnight(desk: Desk) -> Process:
    """One automatic answer, and two waits within ten minutes of it, on two days."""
    desk.account_of["oMidnight"] = "yunshan"
    for seconds, act in (
        (-330.5, lambda: desk.writes("oMidnight", rule="发票")),
        (-180.2, lambda: desk.writes("oMidnight")),
        (-90.6, lambda: desk.answers("oMidnight", "zhou")),
        (80.3, lambda: desk.writes("oMidnight")),
        (150.8, lambda: desk.answers("oMidnight", "zhou")),
    ):
        yield local(11, 0) + soon(seconds)
        message_id = act()
        if message_id is not None:
            yield desk.clock.now + soon(0.7)
            desk.is_sent("oMidnight", message_id)


@dataclass
class Visit:
    """One visit: what may happen next depends on whether the customer waits."""

    desk: Desk
    who: str
    dice: random.Random
    agent: str = "lin"
    state: str = "new"
    is_served: bool = False
    left: int = 0

    @property
    def now(self) -> datetime:
        return self.desk.clock.now

    def after(self, median: float, spread: float = 1.0) -> datetime:
        """So many seconds from now, sometimes far more."""
        return self.now + soon(median * self.dice.lognormvariate(0, spread))

    def chance(self, share: float) -> bool:
        return self.dice.random() < share


def visit(it: Visit, begins: datetime) -> Process:
    yield begins
    it.agent = it.dice.choice(PEOPLE)
    if it.chance(0.12):
        it.desk.pushes(it.who)
        yield it.after(40)
    if it.chance(0.3):
        yield from _asks_a_rule(it)
        if it.chance(0.45):
            return
    yield from _asks(it)
    for _ in range(14):
        if it.state == "over":
            return
        acts = {"waiting": WAITING, "answered": ANSWERED, "resolved": RESOLVED}[it.state]
        act = it.dice.choices([one for one, _ in acts], [weight for _, weight in acts])[0]
        yield from act(it)


def _asks_a_rule(it: Visit) -> Process:
    slug = it.desk.account_of[it.who]
    rule = "活动" if slug == "zhulin" else it.dice.choice(("抽奖", "抽奖", "发票"))
    it.desk.writes(it.who, rule=rule)
    yield it.after(300, 1.2)


def _asks(it: Visit) -> Process:
    """A message for people; WeChat's time is a little earlier, or quite wrong."""
    skew = it.dice.choice((0, 0, 1, 2, 30, 200, 290, 3000, -20))
    written = it.now - soon(skew)
    if it.chance(0.08):
        received = it.now
        yield it.after(20)
        it.desk.writes(it.who, written=received - soon(1), received=received)
    else:
        it.desk.writes(it.who, written=written)
    it.state = "waiting"


def _answers(it: Visit) -> Process:
    yield it.after(200, 1.4)
    who_answers = it.agent if it.chance(0.9) else it.dice.choice(PEOPLE)
    message_id = it.desk.answers(it.who, who_answers)
    if message_id is None:
        it.state = "over"
        return
    if it.chance(0.05):
        yield from _crosses(it)
    yield it.after(0.8, 0.5)
    it.desk.is_sent(it.who, message_id)
    it.state, it.is_served = "answered", True


def _crosses(it: Visit) -> Process:
    """The customer writes while the answer is on its way: that message still waits."""
    yield it.after(0.3, 0.2)
    it.desk.writes(it.who)


def _answers_and_ends(it: Visit) -> Process:
    yield it.after(240, 1.3)
    message_id = it.desk.answers(it.who, it.agent, then=ThenKind.RESOLVE)
    if message_id is None:
        it.state = "over"
        return
    yield it.after(0.8, 0.5)
    it.desk.is_sent(it.who, message_id)
    it.state, it.is_served = "resolved", True


def _answers_and_pends(it: Visit) -> Process:
    yield it.after(240, 1.3)
    message_id = it.desk.answers(it.who, it.agent, then=ThenKind.PENDING)
    if message_id is None:
        it.state = "over"
        return
    yield it.after(0.8, 0.5)
    it.desk.is_sent(it.who, message_id)
    it.state, it.is_served = "answered", True


def _answers_in_vain(it: Visit) -> Process:
    """WeChat refuses the answer; the customer waits on, also if it was to end the matter."""
    yield it.after(150)
    then = it.dice.choice((None, ThenKind.RESOLVE))
    message_id = it.desk.answers(it.who, it.agent, then=then)
    if message_id is not None:
        yield it.after(0.8, 0.5)
        it.desk.is_refused(it.who, message_id)


def _takes_back(it: Visit) -> Process:
    """An answer is undone before it leaves, with the end that came with it."""
    yield it.after(150)
    then = it.dice.choice((None, ThenKind.RESOLVE))
    message_id = it.desk.answers(it.who, it.agent, then=then, undo_seconds=10)
    if message_id is not None:
        yield it.now + soon(4.2)
        it.desk.is_undone(it.who, message_id, it.agent)


def _writes_more(it: Visit) -> Process:
    yield it.after(90)
    it.desk.writes(it.who)


def _writes_again(it: Visit) -> Process:
    yield it.after(400, 1.5)
    it.desk.writes(it.who, written=it.now - soon(it.dice.choice((0, 1, 3))))
    it.state = "waiting"


def _asks_a_rule_meanwhile(it: Visit) -> Process:
    yield it.after(200)
    yield from _asks_a_rule(it)


def _is_given(it: Visit) -> Process:
    """Claimed, given to a colleague, to another team, or back to all."""
    yield it.after(60)
    kind = it.dice.choice(("claim", "claim", "claim", "colleague", "team", "all"))
    if kind == "team":
        it.desk.gives(it.who, None, by="zhou", team=it.dice.choice(("售前", "售后")))
    elif kind == "all":
        it.desk.gives(it.who, None, by=it.agent)
    else:
        it.agent = it.agent if kind == "claim" else it.dice.choice(PEOPLE)
        it.desk.gives(it.who, it.agent, by=it.agent)


def _is_ordered(it: Visit) -> Process:
    """Priority and tags."""
    yield it.after(60)
    if it.chance(0.5):
        it.desk.prioritises(it.who, it.agent, it.dice.choice(tuple(Priority)))
    else:
        add = it.dice.sample(TAGS, it.dice.choice((1, 1, 2)))
        remove = [tag for tag in TAGS if tag not in add and it.chance(0.3)]
        it.desk.tags(it.who, it.agent, add, remove)


def _rests(it: Visit) -> Process:
    """Pending, or snoozed until a time; brought back by hand, by the time, or by the customer."""
    yield it.after(60)
    if it.chance(0.5):
        if it.desk.pends(it.who, it.agent) and it.chance(0.5):
            yield it.after(1800)
            it.desk.reopens(it.who, it.agent)
        return
    until = it.after(2400, 0.8)
    if it.desk.snoozes(it.who, it.agent, until) and it.chance(0.8):
        yield until + soon(1)
        it.desk.wakes()


def _ends(it: Visit) -> Process:
    yield it.after(300)
    it.desk.resolves(it.who, it.agent)
    it.state = "resolved"


def _is_spam(it: Visit) -> Process:
    yield it.after(100)
    it.desk.marks_spam(it.who, it.agent)
    yield it.after(500)
    it.desk.writes(it.who)
    if it.chance(0.5):
        yield it.after(3000)
        it.desk.unmarks_spam(it.who, it.agent)
        it.state = "waiting"
    else:
        it.state = "over"


def _is_merged(it: Visit) -> Process:
    yield it.after(100)
    it.desk.merges(it.who, it.agent, into_older=it.chance(0.5))


def _is_left(it: Visit) -> Process:
    it.state = "over"
    yield it.now


def _is_rated(it: Visit) -> Process:
    """The question is asked at 31 seconds; some of them never leave, some are never answered."""
    it.state = "over"
    yield it.now + soon(31.5)
    message_id = it.desk.asks_for_rating(it.who)
    if message_id is None:
        return
    yield it.after(0.8, 0.5)
    is_taken = it.chance(0.9)
    it.desk.is_asked(it.who, message_id, is_taken=is_taken)
    if is_taken and it.chance(0.65):
        yield it.after(120)
        it.desk.rates(it.who, it.dice.choice((5, 5, 5, 4, 4, 3, 2, 1)))


def _comes_back(it: Visit) -> Process:
    """The customer writes after the end: the same conversation within a day, else a new one."""
    yield it.after(3 * 3600, 1.3)
    it.desk.writes(it.who, written=it.now - soon(1))
    it.state = "waiting"


def _is_reopened(it: Visit) -> Process:
    yield it.after(900)
    if it.desk.reopens(it.who, it.agent):
        it.state = "answered"
    else:
        it.state = "over"


WAITING = (
    (_answers, 50),
    (_answers_and_ends, 8),
    (_answers_and_pends, 4),
    (_answers_in_vain, 4),
    (_takes_back, 4),
    (_writes_more, 8),
    (_asks_a_rule_meanwhile, 2),
    (_is_given, 16),
    (_is_ordered, 12),
    (_rests, 8),
    (_is_merged, 4),
    (_ends, 5),
    (_is_spam, 1),
    (_is_left, 2),
)
ANSWERED = (
    (_writes_again, 34),
    (_ends, 36),
    (_rests, 12),
    (_is_merged, 4),
    (_is_given, 5),
    (_is_ordered, 9),
    (_answers, 3),
    (_asks_a_rule_meanwhile, 2),
    (_is_spam, 1),
    (_is_left, 3),
)
RESOLVED = (
    (_is_left, 35),
    (_is_rated, 40),
    (_comes_back, 16),
    (_is_reopened, 6),
)
