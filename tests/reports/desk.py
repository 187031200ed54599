"""A desk that is driven through its real operations, and a plain log of what was done to it.

The log holds facts only: who did what to whom and when. `truth.py` computes every figure from it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from cast import FakeClock, entry
from sqlalchemy import func, select, update

from reports.hours import Hours
from wxdesk.accounts.models import Account
from wxdesk.agents.models import Team
from wxdesk.agents.rules import Presence
from wxdesk.assignment.presence import PresenceChange, note_presence
from wxdesk.calendars.operations import CalendarForm, create_calendar, set_days
from wxdesk.calendars.rules import DayKind, Interval, OwnDay
from wxdesk.conversations.assigning import Handover, hand_over
from wxdesk.conversations.jobs import wake_snoozed
from wxdesk.conversations.lifecycle import pend, set_priority, snooze
from wxdesk.conversations.models import Message
from wxdesk.conversations.operations import changed, get_locked
from wxdesk.conversations.rules import Priority
from wxdesk.conversations.tagging import change_tags, create_tag
from wxdesk.inbox.merging import merge
from wxdesk.inbox.operations import Answer, reopen, reply, resolve
from wxdesk.inbox.spam import mark_spam, not_spam
from wxdesk.inbox.then import Then, ThenKind
from wxdesk.inbox.undo import undo
from wxdesk.intake.operations import record
from wxdesk.intake.rules import AutoAnswer
from wxdesk.outbound.contents import Outgoing, OutgoingKind
from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.operations import claim_delivery
from wxdesk.outbound.rules import Delivery
from wxdesk.outbound.settling import settle_failed, settle_sent
from wxdesk.plumbing.errors import ConflictError, DeliveryError, InvalidInputError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.privacy.operations import forget_now
from wxdesk.privacy.rules import Policy
from wxdesk.reports.jobs import count_messages
from wxdesk.runtime import Runtime
from wxdesk.satisfaction import asking
from wxdesk.satisfaction.models import SatisfactionRating
from wxdesk.satisfaction.rules import choice_id
from wxdesk.sla.jobs import check_deadlines
from wxdesk.sla.operations import archive_policy, change_policy, create_policy, move_policy
from wxdesk.sla.rules import (
    Action,
    Clock,
    Conditions,
    Deed,
    PolicyForm,
    Stage,
    Targets,
    When,
)
from wxdesk.triage.models import AutoReplyRule

CLOCKS = ("first_response", "next_response", "resolution")
REFUSED = (ConflictError, InvalidInputError)


@dataclass(frozen=True)
class Event:
    """What was done at the desk `at` this instant; `who` is a customer's name, or an agent's."""

    at: datetime
    what: str
    who: str
    facts: dict[str, Any]

    def __getattr__(self, name: str) -> Any:
        try:
            return self.facts[name]
        except KeyError:
            raise AttributeError(name) from None


@dataclass
class Desk:
    """The doors of the desk, and the log. A refused act (the guard, the window) is no event."""

    runtime: Runtime
    clock: FakeClock
    accounts: dict[str, Account]
    agents: dict[str, int]
    teams: dict[str, int] = field(default_factory=dict)
    rules: dict[str, AutoReplyRule] = field(default_factory=dict)
    log: list[Event] = field(default_factory=list)
    account_of: dict[str, str] = field(default_factory=dict)
    contact_ids: dict[str, int] = field(default_factory=dict)
    conversation_of: dict[str, int] = field(default_factory=dict)
    numbers_of: dict[str, list[int]] = field(default_factory=dict)
    presence: dict[str, Presence] = field(default_factory=dict)
    calendars: dict[str, int] = field(default_factory=dict)
    hours: dict[str, Hours] = field(default_factory=dict)
    team_hours: dict[str, str] = field(default_factory=dict)
    policies: dict[str, dict[str, Any]] = field(default_factory=dict)
    policy_ids: dict[str, int] = field(default_factory=dict)
    tag_ids: dict[str, int] = field(default_factory=dict)
    numbers: Any = field(default_factory=lambda: itertools.count(1))

    def note(self, what: str, who: str, **facts: Any) -> None:
        self.log.append(Event(self.clock.now, what, who, facts))

    # Supervisors

    def makes_calendar(self, name: str, hours: Hours) -> None:
        form = CalendarForm(name, "Asia/Shanghai", _week(hours), hours.has_holidays)
        with self.runtime.unit_of_work() as uow:
            self.calendars[name] = create_calendar(uow, form, actor_id=None).id
        self.hours[name] = hours

    def closes(self, calendar: str, day: date) -> None:
        """An own date on which nobody works."""
        with self.runtime.unit_of_work() as uow:
            own = {day: OwnDay(DayKind.CLOSED)}
            set_days(uow, self.calendars[calendar], own, actor_id=None)
        hours = self.hours[calendar]
        self.hours[calendar] = replace(hours, own={**hours.own, day: ()})
        self._note_promises()

    def gives_hours(self, team: str, calendar: str) -> None:
        with self.runtime.unit_of_work() as uow:
            one = update(Team).where(Team.id == self.teams[team])
            uow.session.execute(one.values(calendar_id=self.calendars[calendar]))
        self.team_hours[team] = calendar
        self._note_promises()

    def promises(
        self,
        name: str,
        targets: dict[str, tuple[int | None, int | None, int | None]],
        conditions: dict[str, list[str]],
        *,
        calendar: str | None = None,
        pauses: tuple[str, ...] = (),
        warns: tuple[int, str, str] | None = None,
    ) -> None:
        """A new policy at the end of the order, or a new version of the one with this name.

        `warns`: at so many per cent of the first response, (priority, tag).
        """
        form = PolicyForm(
            name,
            {priority: Targets(*of) for priority, of in targets.items()},
            self._conditions(conditions),
            self.calendars[calendar] if calendar else None,
            "pending" in pauses,
            "snoozed" in pauses,
            self._stages(warns),
        )
        known = self.policies.get(name)
        with self.runtime.unit_of_work() as uow:
            if known is None:
                policy = create_policy(uow, form, actor_id=self.agents["zhou"])
            else:
                policy = change_policy(uow, known["id"], form, actor_id=self.agents["zhou"])
            number, version = policy.id, policy.version
        self.policy_ids[name] = number
        self.policies[name] = {
            "id": number,
            "version": version,
            "targets": {each: dict(zip(CLOCKS, of, strict=True)) for each, of in targets.items()},
            "calendar": calendar,
            "conditions": conditions,
            "pauses": pauses,
            "warns": warns,
        }
        self._note_promises()

    def _stages(self, warns: tuple[int, str, str] | None) -> tuple[Stage, ...]:
        if warns is None:
            return ()
        percent, priority, tag = warns
        if tag not in self.tag_ids:
            with self.runtime.unit_of_work() as uow:
                self.tag_ids[tag] = create_tag(uow, tag).id
        actions = (
            Action(Deed.PRIORITY, priority=priority),
            Action(Deed.TAG, tag_id=self.tag_ids[tag]),
        )
        return (Stage("w1", Clock.FIRST_RESPONSE, When.PERCENT, percent, actions),)

    def _conditions(self, named: dict[str, list[str]]) -> Conditions:
        with self.runtime.unit_of_work() as uow:
            for name in named.get("tags", ()):
                if name not in self.tag_ids:
                    self.tag_ids[name] = create_tag(uow, name).id
        return Conditions(
            account_ids=frozenset(self.accounts[each].id for each in named.get("accounts", ())),
            team_ids=frozenset(self.teams[each] for each in named.get("teams", ())),
            tag_ids=frozenset(self.tag_ids[each] for each in named.get("tags", ())),
        )

    def moves(self, name: str, position: int) -> None:
        with self.runtime.unit_of_work() as uow:
            move_policy(uow, self.policies[name]["id"], position)
        names = [each for each in self.policies if each != name]
        names.insert(position - 1, name)
        self.policies = {each: self.policies[each] for each in names}
        self._note_promises()

    def withdraws(self, name: str) -> None:
        with self.runtime.unit_of_work() as uow:
            archive_policy(uow, self.policies[name]["id"])
        del self.policies[name]
        self._note_promises()

    def _note_promises(self) -> None:
        promises = [
            {**one, "hours": self.hours[one["calendar"]] if one["calendar"] else None}
            for one in self.policies.values()
        ]
        teams = {team: self.hours[calendar] for team, calendar in self.team_hours.items()}
        self.note("promised", "", promises=promises, team_hours=teams, hours=dict(self.hours))

    # Customers

    def writes(
        self,
        who: str,
        *,
        written: datetime | None = None,
        received: datetime | None = None,
        rule: str | None = None,
        **values: Any,
    ) -> None:
        """A text; `received` earlier than now: it lay in a queue. `rule`: it answered by itself."""
        received = received or self.clock.now
        written = (written or received).replace(microsecond=0)
        answer = self._auto_answer(rule) if rule else None
        self._record(who, created_at=written, received_at=received, answer=answer, **values)
        what = "auto" if rule else "wrote"
        facts = {"written": written, "received": received}
        version = (self.rules[rule].id, self.rules[rule].version) if rule else None
        self.note(what, who, account=self.account_of[who], rule=version, **facts)

    def pushes(self, who: str, event: str = "CLICK") -> None:
        """An event of WeChat: nothing that a person answers."""
        self._record(who, kind="event", event=event, text="", fields={"EventKey": "menu"})
        self.note("pushed", who, account=self.account_of[who], received=self.clock.now)

    def rates(self, who: str, score: int) -> None:
        """A tap on the latest question."""
        with self.runtime.reading() as session:
            query = select(func.max(SatisfactionRating.id)).where(
                SatisfactionRating.contact_id == self.contact_ids[who]
            )
            rating_id = session.scalar(query)
        assert rating_id is not None
        self._record(who, fields={"bizmsgmenuid": choice_id(rating_id, score)}, text="满意")
        written = self.clock.now.replace(microsecond=0)
        self.note("rated", who, score=score, written=written, account=self.account_of[who])
        self._sends_question_for_reason(who)

    def _sends_question_for_reason(self, who: str) -> None:
        """After a low score the desk asks by itself; nobody waits for that."""
        with self.runtime.reading() as session:
            queued = session.scalars(
                select(DeliveryRow.message_id).where(
                    DeliveryRow.contact_id == self.contact_ids[who],
                    DeliveryRow.state == Delivery.QUEUED,
                )
            ).all()
        for message_id in queued:
            delivery_id = self._claim(message_id)
            with self.runtime.unit_of_work() as uow:
                settle_sent(uow, delivery_id)

    def _record(self, who: str, **values: Any) -> None:
        account = self.accounts[self.account_of[who]]
        given = entry(self.runtime, account, **{"openid": who, **values})
        with self.runtime.unit_of_work() as uow:
            record(uow, [given])
        with self.runtime.reading() as session:
            query = select(Message.conversation_id, Message.contact_id)
            found, contact_id = session.execute(
                query.where(Message.once_key == given.once_key)
            ).one()
        self.contact_ids[who] = contact_id
        if found is not None:
            self.conversation_of[who] = found
            numbers = self.numbers_of.setdefault(who, [])
            if found not in numbers:
                numbers.append(found)

    def _auto_answer(self, rule: str) -> AutoAnswer:
        row = self.rules[rule]
        return AutoAnswer(row.id, row.version, rule, row.reply_text)

    # Agents

    def answers(
        self, who: str, agent: str, *, then: ThenKind | None = None, undo_seconds: int = 0
    ) -> int | None:
        """Written and queued, after reading everything; the id, None if it was refused."""
        number = next(self.numbers)
        conversation_id = self.conversation_of[who]
        with self.runtime.reading() as session:
            of = Message.contact_id == self.contact_ids[who]
            seen = session.scalar(select(func.max(Message.id)).where(of)) or 0
        answer = Answer(
            conversation_id,
            self.agents[agent],
            Outgoing(OutgoingKind.TEXT, f"马上查 {number}"),
            seen,
            then=Then(then) if then else None,
            undo_seconds=undo_seconds,
        )
        try:
            with self.runtime.unit_of_work() as uow:
                message_id = reply(uow, answer).id
        except REFUSED:
            return None
        ends = then is ThenKind.RESOLVE
        pends = then is ThenKind.PENDING
        self.note("answered", who, agent=agent, answer=message_id, ends=ends, pends=pends)
        return message_id

    def is_sent(self, who: str, message_id: int) -> None:
        """WeChat accepts the answer now."""
        delivery_id = self._claim(message_id)
        with self.runtime.unit_of_work() as uow:
            settle_sent(uow, delivery_id)
        self.note("accepted", who, answer=message_id)

    def is_refused(self, who: str, message_id: int) -> None:
        """WeChat refuses the answer for good."""
        delivery_id = self._claim(message_id)
        error = DeliveryError("the text is too long", code="45002", is_permanent=True)
        with self.runtime.unit_of_work() as uow:
            settle_failed(uow, delivery_id, error)
        self.note("refused", who, answer=message_id)

    def is_undone(self, who: str, message_id: int, agent: str) -> None:
        with self.runtime.unit_of_work() as uow:
            undo(uow, message_id, self.agents[agent])
        self.note("undone", who, answer=message_id)

    def _claim(self, message_id: int) -> int:
        with self.runtime.unit_of_work() as uow:
            query = select(DeliveryRow.id).where(DeliveryRow.message_id == message_id)
            delivery_id = uow.session.scalars(query).one()
            assert claim_delivery(uow, delivery_id) is not None
        return delivery_id

    def gives(
        self, who: str, agent: str | None, *, by: str | None = None, team: str | None = None
    ) -> bool:
        """To an agent, a team, or back to all; `team` None leaves it where it is."""
        handover = Handover(
            self.agents[agent] if agent else None,
            by=self.agents[by] if by else None,
            team_id=self.teams[team] if team else None,
            has_team=team is not None,
        )
        conversation_id = self.conversation_of[who]
        return self._does(
            lambda uow: hand_over(uow, conversation_id, handover, takes_over=True),
            "given",
            who,
            agent=agent,
            team=team,
        )

    def resolves(self, who: str, agent: str) -> bool:
        number, by = self.conversation_of[who], self.agents[agent]
        return self._does(lambda uow: resolve(uow, number, agent_id=by), "resolved", who, by=agent)

    def reopens(self, who: str, agent: str) -> bool:
        number, by = self.conversation_of[who], self.agents[agent]
        return self._does(lambda uow: reopen(uow, number, agent_id=by), "reopened", who, by=agent)

    def pends(self, who: str, agent: str) -> bool:
        number, by = self.conversation_of[who], self.agents[agent]
        return self._does(lambda uow: pend(uow, number, agent_id=by), "pended", who)

    def snoozes(self, who: str, agent: str, until: datetime) -> bool:
        number, by = self.conversation_of[who], self.agents[agent]
        return self._does(
            lambda uow: snooze(uow, number, agent_id=by, until=until), "snoozed", who, until=until
        )

    def wakes(self) -> None:
        """The sweep brings back whose time has come."""
        wake_snoozed()
        self.note("time passed", "")

    def prioritises(self, who: str, agent: str, priority: Priority) -> bool:
        number, by = self.conversation_of[who], self.agents[agent]
        return self._does(
            lambda uow: set_priority(uow, number, priority, agent_id=by),
            "prioritised",
            who,
            priority=priority.value,
        )

    def tags(self, who: str, agent: str, add: list[str], remove: list[str]) -> bool:
        def put(uow: UnitOfWork) -> None:
            conversation, contact = get_locked(uow, self.conversation_of[who])
            by = self.agents[agent]
            if change_tags(uow, conversation, add=add, remove=remove, by=by, may_make=True):
                changed(uow, conversation, contact)

        return self._does(put, "tagged", who, add=add, remove=remove)

    def marks_spam(self, who: str, agent: str) -> bool:
        number, by = self.conversation_of[who], self.agents[agent]
        return self._does(
            lambda uow: mark_spam(uow, number, agent_id=by, is_blacklisted=None), "spam", who
        )

    def unmarks_spam(self, who: str, agent: str) -> bool:
        contact_id, by = self.contact_ids[who], self.agents[agent]
        return self._does(lambda uow: not_spam(uow, contact_id, agent_id=by), "not spam", who)

    def merges(self, who: str, agent: str, *, into_older: bool) -> bool:
        """The customer's latest conversation and the one before become one."""
        numbers = self.numbers_of.get(who, [])
        if len(numbers) < 2:
            return False
        older, newer = len(numbers) - 1, len(numbers)
        source, into = (newer, older) if into_older else (older, newer)
        ids, by = (numbers[source - 1], numbers[into - 1]), self.agents[agent]
        is_done = self._does(
            lambda uow: merge(uow, *ids, agent_id=by), "merged", who, source=source, into=into
        )
        if is_done:
            self.conversation_of[who] = ids[1]
        return is_done

    def forgets(self, who: str) -> bool:
        """At the customer's wish everything that tells who they are is removed."""
        contact_id = self.contact_ids[who]
        return self._does(
            lambda uow: forget_now(uow, contact_id, Policy.ANONYMISE, actor_id=None),
            "forgotten",
            who,
        )

    def asks_for_rating(self, who: str) -> int | None:
        """The question about the end of the customer's conversation, if it may be asked."""
        number = self.conversation_of[who]
        with self.runtime.unit_of_work() as uow:
            is_asked = asking.ask(uow, number)
        if not is_asked:
            return None
        with self.runtime.reading() as session:
            query = select(func.max(SatisfactionRating.message_id))
            message_id = session.scalars(
                query.where(SatisfactionRating.conversation_id == number)
            ).one()
        self.note("asked", who, question=message_id)
        return message_id

    def is_asked(self, who: str, message_id: int, *, is_taken: bool) -> None:
        """WeChat takes the question, or not: then the customer was never asked."""
        if is_taken:
            self.is_sent(who, message_id)
            return
        self.is_refused(who, message_id)
        with self.runtime.unit_of_work() as uow:
            asking.note_unsent(uow)

    def is_now(self, agent: str, presence: Presence) -> None:
        before = self.presence.get(agent, Presence.OFFLINE)
        with self.runtime.unit_of_work() as uow:
            note_presence(uow, [PresenceChange(self.agents[agent], before, presence)])
        self.presence[agent] = presence
        self.note("is", agent, presence=presence.value)

    def checks(self, at: datetime) -> None:
        """The check of deadlines runs at this instant."""
        self.clock.now = at
        check_deadlines()

    def counts(self) -> None:
        """The job counts what has arrived, and again what changed afterwards."""
        count_messages()

    def _does(self, act: Callable[[UnitOfWork], object], what: str, who: str, **facts: Any) -> bool:
        try:
            with self.runtime.unit_of_work() as uow:
                act(uow)
        except REFUSED:
            return False
        self.note(what, who, **facts)
        return True


def _week(hours: Hours) -> tuple[tuple[Interval, ...], ...]:
    return tuple(
        tuple(Interval(int(60 * begin), int(60 * end)) for begin, end in day) for day in hours.week
    )


def soon(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)
