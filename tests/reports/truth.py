"""What really happened: waits, episodes, loads, worked out from the log alone, step by step.

Nothing here reads the desk's database or shares code with it. Names and definitions are those of
docs/sla.md and of the reports' own texts.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from reports.desk import Event
from reports.hours import Hours, is_open, open_time
from reports.shapes import OWN, Conversation, Promise, Rating, Said, Sent, Wait, whole

REOPENS_WITHIN = timedelta(hours=24)
SKEW = timedelta(minutes=5)
AFTER_AN_ANSWER = timedelta(hours=1)
NOTICED_AFTER = timedelta(seconds=0.05)
ASLEEP = ("pending", "snoozed")
PRIORITIES = ("urgent", "high", "normal", "low")


@dataclass
class Truth:
    """Replays the log."""

    teams_of_accounts: Mapping[str, str | None]
    members: Mapping[str, tuple[str, ...]]
    capacities: Mapping[str, int]
    team_hours: Mapping[str, Hours] = field(default_factory=dict)
    calendars: Mapping[str, Hours] = field(default_factory=dict)
    promises: tuple[Promise, ...] = ()
    conversations: list[Conversation] = field(default_factory=list)
    by_who: dict[str, list[Conversation]] = field(default_factory=dict)
    spammers: set[str] = field(default_factory=set)
    forgotten: set[str] = field(default_factory=set)
    aside: dict[str, list[Event]] = field(default_factory=dict)
    answers: dict[int, Sent] = field(default_factory=dict)
    ratings: dict[int, Rating] = field(default_factory=dict)
    autos: list[Event] = field(default_factory=list)
    presence: dict[str, list[tuple[datetime, str]]] = field(default_factory=dict)
    loads: list[tuple[datetime, int, str | None]] = field(default_factory=list)
    number: int = 0
    found_after: dict[int, Event | None] = field(default_factory=dict)

    # The replay

    def replay(self, log: Iterable[Event], until: datetime) -> None:
        for event in log:
            self.number += 1
            self._pass_time(event)
            handler = getattr(self, "on_" + event.what.replace(" ", "_"))
            handler(event)
            for conversation in self.by_who.get(event.who, ()):
                self._note_load(conversation, event.at)
        for conversation in self.conversations:
            self._break_promises(conversation, until)
        self._find_causes()

    def _pass_time(self, event: Event) -> None:
        """Promises that were broken before this happened."""
        everybody = event.what in ("time passed", "promised")
        those = self.conversations if everybody else self.by_who.get(event.who, ())
        for conversation in those:
            self._break_promises(conversation, event.at)

    def _break_promises(self, conversation: Conversation, now: datetime) -> None:
        """What fell due until now: warnings, then the deadlines that follow from them."""
        for wait in conversation.running():
            at = None if wait.is_warned or wait.is_paused else wait.warning()
            if at is not None and at + NOTICED_AFTER < now:
                self._warns(conversation, wait, at + NOTICED_AFTER)
        for wait in conversation.running():
            is_due = wait.deadline is not None and wait.deadline < now
            if is_due and wait.state == "running" and wait.breached is None:
                self._break(conversation, wait)
                if conversation.status in ASLEEP:
                    self._wakes(conversation, wait.deadline + NOTICED_AFTER)

    def _warns(self, conversation: Conversation, wait: Wait, at: datetime) -> None:
        """Once: a higher priority and a tag."""
        assert wait.promise.warns is not None
        _, priority, tag = wait.promise.warns
        wait.is_warned = True
        conversation.tags = conversation.tags | {tag}
        if PRIORITIES.index(priority) < PRIORITIES.index(conversation.priority):
            conversation.priority = priority
        self._follow(conversation, at)

    def _break(self, conversation: Conversation, wait: Wait) -> None:
        wait.breached, wait.breach_assignee = wait.deadline, conversation.assignee
        wait.breach_team = conversation.team

    def _note_load(self, conversation: Conversation, at: datetime) -> None:
        has = conversation.assignee if conversation.status == "open" else None
        self.loads.append((at, id(conversation), has))

    def current(self, who: str) -> Conversation:
        """The open one, else the latest that was not merged into another."""
        left = [one for one in self.by_who[who] if not one.is_merged]
        return next((one for one in left if one.status != "resolved"), left[-1])

    # Customers

    def on_wrote(self, event: Event) -> None:
        if event.who in self.spammers:
            self.aside.setdefault(event.who, []).append(event)
            return
        wrote = wrote_at(event)
        conversation = self._conversation_for(event, wrote)
        self._says(conversation, Said(self.number, wrote, event.received), event.at)

    def _says(self, conversation: Conversation, said: Said, now: datetime) -> None:
        conversation.said.append(said)
        wait = conversation.response
        if wait is None:
            self._starts_to_wait(conversation, said)
        elif said.wrote < wait.started and wait.breached is None:
            wait.started, wait.first = said.wrote, min(wait.first, said.number)
            self._follow(conversation, now)

    def _starts_to_wait(self, conversation: Conversation, said: Said) -> None:
        clock = "next_response" if conversation.is_answered else "first_response"
        wait = self._new_wait(conversation, clock, said.wrote, said.number)
        conversation.response = wait
        self._follow(conversation, said.wrote)

    def _new_wait(
        self, conversation: Conversation, clock: str, started: datetime, number: int
    ) -> Wait:
        wait = Wait(
            conversation.who,
            conversation.number,
            clock,
            conversation.episode,
            conversation.account,
            started,
            number,
        )
        conversation.waits.append(wait)
        return wait

    def _conversation_for(self, event: Event, wrote: datetime) -> Conversation:
        mine = self.by_who.setdefault(event.who, [])
        last = self.current(event.who) if mine else None
        if last is not None and last.status != "resolved":
            if last.status in ASLEEP:
                self._wakes(last, wrote)
            return last
        if last is not None and self._goes_on(last, event.at):
            self._begins_again(last, wrote, event.at)
            return last
        team = self.teams_of_accounts[event.account]
        made = Conversation(event.who, len(mine) + 1, event.account, wrote, team)
        mine.append(made)
        self.conversations.append(made)
        self._begins_again(made, wrote, event.at)
        return made

    def _goes_on(self, last: Conversation, now: datetime) -> bool:
        assert last.resolved_at is not None
        return not last.is_spam and now - last.resolved_at <= REOPENS_WITHIN

    def _begins_again(self, conversation: Conversation, started: datetime, now: datetime) -> None:
        """An episode."""
        conversation.status, conversation.resolved_at = "open", None
        conversation.assignee = conversation.assigned_at = None
        conversation.episode += 1
        conversation.is_answered = False
        conversation.response = None
        conversation.resolution = self._new_wait(conversation, "resolution", started, self.number)
        self._follow(conversation, now)

    def on_auto(self, event: Event) -> None:
        self.autos.append(event)

    def on_pushed(self, event: Event) -> None:
        """Nobody waits for anything."""

    def on_rated(self, event: Event) -> None:
        rating = [one for one in self.ratings.values() if one.who == event.who][-1]
        if rating.score is None:
            rating.state, rating.rated = "rated", wrote_at(event)
        rating.score = event.score

    def on_asked(self, event: Event) -> None:
        conversation = self.current(event.who)
        agents = [one.agent for one in self.answers.values() if one.who == event.who]
        agent = conversation.assignee or agents[-1]
        self.ratings[event.question] = Rating(
            event.who, conversation.account, agent, conversation.team, conversation, event.at
        )

    # Agents

    def on_answered(self, event: Event) -> None:
        conversation = self.current(event.who)
        before = copy.deepcopy(conversation)
        if conversation.assignee is None:
            self._gives(conversation, event.agent, event.at)
        if event.ends:
            self._ends(conversation, event.at, by=event.agent)
        elif event.pends:
            self._rests(conversation, "pending", event.at)
        self.answers[event.answer] = Sent(
            event.who, event.agent, conversation, event.at, self.number, before
        )

    def on_accepted(self, event: Event) -> None:
        if event.answer in self.ratings:
            return
        sent = self.answers[event.answer]
        sent.state = "sent"
        conversation = sent.conversation
        wait = self._answered_wait(conversation, sent)
        conversation.is_answered = True
        conversation.covered = sent.number
        if wait is None:
            return
        conversation.response = None if conversation.response is wait else conversation.response
        self._close(conversation, wait, event.at, "met", sent.agent)
        since = conversation.assigned_at
        if conversation.assignee == sent.agent and since is not None and since < sent.written:
            wait.had_since = since  # else they took it with this answer: nobody knows since when
        newer = [said for said in conversation.said if said.number > sent.number]
        if newer and conversation.status != "resolved":
            self._starts_to_wait(conversation, min(newer, key=lambda one: one.received))

    def _answered_wait(self, conversation: Conversation, sent: Sent) -> Wait | None:
        """The one that runs, or that the end stopped while this answer was on its way."""
        if conversation.response is not None:
            return conversation.response if conversation.response.first < sent.number else None
        stopped = [
            wait
            for wait in conversation.waits
            if wait.is_response
            and wait.state == "stopped"
            and wait.episode == conversation.episode
            and wait.ended == sent.written
        ]
        return stopped[-1] if stopped else None

    def on_refused(self, event: Event) -> None:
        if event.answer in self.ratings:
            self.ratings[event.answer].state = "unsent"
            return
        sent = self.answers[event.answer]
        sent.state = "failed"
        conversation = sent.conversation
        if conversation.status in ASLEEP:
            self._wakes(conversation, event.at)
        elif conversation.resolved_at == sent.written:  # it ended with this answer
            self._goes_on_as_before(conversation)
            self._follow(conversation, event.at)

    def on_undone(self, event: Event) -> None:
        """As if it had never been written; only promises that were broken meanwhile stay so."""
        sent = self.answers[event.answer]
        sent.state = "undone"
        for now, before in zip(sent.conversation.waits, sent.before.waits, strict=True):
            for name in ("breached", "breach_assignee", "breach_team", "is_warned"):
                setattr(before, name, getattr(now, name))
        vars(sent.conversation).update(vars(sent.before))

    def on_given(self, event: Event) -> None:
        conversation = self.current(event.who)
        if event.team is not None:
            conversation.team = event.team
        self._gives(conversation, event.agent, event.at)
        self._follow(conversation, event.at)

    def _gives(self, conversation: Conversation, agent: str | None, at: datetime) -> None:
        if conversation.assignee != agent:
            conversation.assigned_at = at if agent is not None else None
        conversation.assignee = agent

    def on_resolved(self, event: Event) -> None:
        conversation = self.current(event.who)
        if conversation.status != "resolved":
            self._ends(conversation, event.at, by=event.by)

    def _ends(
        self, conversation: Conversation, at: datetime, *, by: str | None, spam: bool = False
    ) -> None:
        if (wait := conversation.response) is not None:
            self._close(conversation, wait, at, "stopped", None)
        if (wait := conversation.resolution) is not None:
            self._close(conversation, wait, at, "stopped" if spam else "met", by)
        conversation.response = conversation.resolution = None
        conversation.status, conversation.resolved_at = "resolved", at
        conversation.resolved_by = by

    def _close(
        self,
        conversation: Conversation,
        wait: Wait,
        at: datetime,
        state: str,
        agent: str | None,
    ) -> None:
        is_late = wait.deadline is not None and at > wait.deadline
        if is_late and wait.breached is None and not wait.is_paused:
            self._break(conversation, wait)
        if wait.is_paused:
            wait.resume(at)
            wait.find_deadline()
        wait.ended, wait.state, wait.agent = at, state, agent
        wait.team = conversation.team
        wait.business = self._business_time(wait, at)

    def _business_time(self, wait: Wait, at: datetime) -> int | None:
        """By the promise's calendar as it is now, else by the team's."""
        hours = self.calendars.get(wait.promise.calendar or "")
        hours = hours or self.team_hours.get(wait.team or "")
        return None if hours is None else whole(open_time(hours, wait.started, at))

    def on_reopened(self, event: Event) -> None:
        conversation = self.current(event.who)
        if conversation.status in ASLEEP:
            self._wakes(conversation, event.at)
        elif conversation.status == "resolved":
            self._begins_again(conversation, event.at, event.at)
            self._waits_as_before(conversation)

    def _waits_as_before(self, conversation: Conversation) -> None:
        """Whoever had no answer waits since the oldest message that none has reached."""
        late = [said for said in conversation.said if said.number > conversation.covered]
        if late:
            self._starts_to_wait(conversation, min(late, key=lambda one: one.received))

    def on_pended(self, event: Event) -> None:
        self._rests(self.by_who[event.who][-1], "pending", event.at)

    def on_snoozed(self, event: Event) -> None:
        conversation = self.current(event.who)
        conversation.snoozed_until = event.until
        self._rests(conversation, "snoozed", event.at)

    def _rests(self, conversation: Conversation, status: str, at: datetime) -> None:
        conversation.status = status
        self._follow(conversation, at)

    def on_time_passed(self, event: Event) -> None:
        for conversation in self.conversations:
            until = conversation.snoozed_until
            if conversation.status == "snoozed" and until is not None and until <= event.at:
                self._wakes(conversation, until)

    def _wakes(self, conversation: Conversation, at: datetime) -> None:
        conversation.status, conversation.snoozed_until = "open", None
        self._follow(conversation, at)
        self._note_load(conversation, at)

    def on_prioritised(self, event: Event) -> None:
        conversation = self.current(event.who)
        conversation.priority = event.priority
        self._follow(conversation, event.at)

    def on_tagged(self, event: Event) -> None:
        conversation = self.current(event.who)
        conversation.tags = (conversation.tags | set(event.add)) - set(event.remove)
        self._follow(conversation, event.at)

    def on_merged(self, event: Event) -> None:
        """Everything of the source is the other's; what runs goes on there."""
        source, into = (self.by_who[event.who][at - 1] for at in (event.source, event.into))
        if source.status != "resolved":
            self._changes_places(source, into, event.at)
        into.said = sorted([*into.said, *source.said], key=lambda one: one.number)
        into.covered = max(into.covered, source.covered)
        into.tags, source.tags = into.tags | source.tags, set()
        into.priority = min(source.priority, into.priority, key=PRIORITIES.index)
        source.said, source.is_merged = [], True
        for sent in self.answers.values():
            sent.conversation = into if sent.conversation is source else sent.conversation
        for rating in self.ratings.values():
            rating.conversation = into if rating.conversation is source else rating.conversation
        self._follow(into, event.at)

    def _changes_places(self, source: Conversation, into: Conversation, at: datetime) -> None:
        into.status, into.snoozed_until = source.status, source.snoozed_until
        into.assignee, into.assigned_at = source.assignee, source.assigned_at
        into.team = source.team or into.team
        into.resolved_at, into.is_answered = None, source.is_answered
        into.episode += 1
        for wait in source.running():
            source.waits.remove(wait)
            into.waits.append(wait)
            wait.conversation, wait.episode = into.number, into.episode
        into.response, into.resolution = source.response, source.resolution
        source.response = source.resolution = None
        source.status, source.resolved_at = "resolved", at

    def on_spam(self, event: Event) -> None:
        self.spammers.add(event.who)
        conversation = self.current(event.who)
        conversation.is_spam = True
        if conversation.status != "resolved":
            self._ends(conversation, event.at, by=None, spam=True)

    def on_forgotten(self, event: Event) -> None:
        """What is open ends; the waits stay, and who it was is gone."""
        self.forgotten.add(event.who)
        if event.who in self.by_who:
            conversation = self.current(event.who)
            if conversation.status != "resolved":
                self._ends(conversation, event.at, by=None, spam=True)

    def on_not_spam(self, event: Event) -> None:
        self.spammers.discard(event.who)
        conversation = self.current(event.who)
        conversation.is_spam = False
        self._goes_on_as_before(conversation)
        for kept in self.aside.pop(event.who, []):
            self.number += 1
            conversation.said.append(Said(self.number, wrote_at(kept), kept.received))
        if conversation.response is None:
            self._waits_as_before(conversation)
        self._follow(conversation, event.at)

    def _goes_on_as_before(self, conversation: Conversation) -> None:
        """The end is undone: the clocks that it ended run as if they never had."""
        ended = conversation.resolved_at
        conversation.status, conversation.resolved_at = "open", None
        for wait in conversation.waits:
            if wait.episode == conversation.episode and wait.ended == ended:
                if wait.is_response:
                    conversation.response = wait
                else:
                    conversation.resolution = wait
        for wait in conversation.running():
            wait.state, wait.ended, wait.agent, wait.business = "running", None, None, None

    def on_is(self, event: Event) -> None:
        self.presence.setdefault(event.who, []).append((event.at, event.presence))

    def on_promised(self, event: Event) -> None:
        """The policies or hours are others from now on; what runs is measured by them."""
        self.promises = tuple(
            Promise(
                one["id"],
                one["version"],
                one["targets"],
                one["hours"],
                one["conditions"],
                one["pauses"],
                one["warns"],
                one["calendar"],
            )
            for one in event.promises
        )
        self.team_hours, self.calendars = event.team_hours, event.hours
        for conversation in self.conversations:
            self._follow(conversation, event.at)

    # Clocks follow what changes

    def _follow(self, conversation: Conversation, now: datetime) -> None:
        for wait in conversation.running():
            wait.team = conversation.team
            if wait.breached is not None:  # the promise that was broken stays that
                continue
            wait.priority = conversation.priority
            wait.promise = next((one for one in self.promises if one.fits(conversation)), OWN)
            is_resting = conversation.status in wait.promise.pauses
            if is_resting and not wait.is_paused:
                wait.paused_at = now
            elif wait.is_paused and not is_resting:
                wait.resume(now)
            wait.state = "paused" if is_resting else "running"
            wait.find_deadline()

    # Afterwards

    def waits(self) -> list[Wait]:
        return [wait for one in self.conversations for wait in one.waits]

    def after(self, wait: Wait) -> Event | None:
        """The automatic answer that the customer had got before they began to wait."""
        if id(wait) not in self.found_after:
            self.found_after[id(wait)] = self._after(wait)
        return self.found_after[id(wait)]

    def _after(self, wait: Wait) -> Event | None:
        mine = [
            auto
            for auto in self.autos
            if auto.who == wait.who
            and timedelta(0) <= wait.started - auto.received <= AFTER_AN_ANSWER
        ]
        return max(mine, key=lambda auto: auto.received) if wait.is_response and mine else None

    def is_online(self, agent: str, at: datetime) -> bool:
        spans = [state for since, state in self.presence.get(agent, ()) if since <= at]
        return bool(spans) and spans[-1] == "online"

    def load(self, agent: str, at: datetime) -> int:
        has: dict[int, str | None] = {}
        for since, conversation, assignee in sorted(self.loads, key=lambda one: one[0]):
            if since > at:
                break
            has[conversation] = assignee
        return sum(1 for one in has.values() if one == agent)

    def _find_causes(self) -> None:
        for wait in self.waits():
            if wait.breached is not None:
                wait.cause = self._cause(wait, wait.breached)

    def _cause(self, wait: Wait, at: datetime) -> str:
        both = (wait.promise.hours, self.team_hours.get(wait.breach_team or ""))
        just_before = at - timedelta(microseconds=1)
        if any(hours is not None and not is_open(hours, just_before) for hours in both):
            return "out_of_hours"
        if wait.breach_assignee is not None:
            return "assigned_silent"
        people = self.members.get(wait.breach_team or "") or tuple(self.capacities)
        online = [agent for agent in people if self.is_online(agent, at)]
        if not online:
            return "nobody_online"
        if all(self.load(agent, at) >= self.capacities[agent] for agent in online):
            return "at_capacity"
        return "not_taken"


def wrote_at(event: Event) -> datetime:
    """WeChat's time, unless it lies in the future or is more than five minutes early."""
    received = event.facts.get("received", event.at)
    if event.written > received or received - event.written > SKEW:
        return received
    return event.written
