"""Limits, entries and codes, decided in Redis within one call: whatever crashes, all of it or none.

Redis is a lease-holder here: what it has given out is in a stream at the same instant, and what it
may give out was marked in the database before. Whoever owns the truth prepares the keys
(campaigns/offering.py); as long as a lease is missing nothing is given.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from redis import Redis

from wxdesk.plumbing.gate_scripts import (
    GATE_KEYS,
    OPEN,
    OPEN_RULE,
    PUSH,
    PUT_ASIDE,
    SAY_MORE,
    SETTLE,
)

AS_JSON = json.JSONEncoder(ensure_ascii=False).encode  # json.dumps makes one for each call
CODE = "{{code}}"
BUILT_SECONDS = 3600
SPREAD = 1_000


def mark_of(who: str) -> str:
    """How Redis remembers who takes part, until it is over (docs/prize-codes.md#forgotten).

    An openid can't be found again from it, so it may stay when a customer's data is removed: else
    whoever unfollows and comes back would get a second code.
    """
    return hashlib.sha256(who.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Counting:
    """A rule's limits; None is no limit. `seconds` None: `person` counts for ever."""

    rule_id: int
    person: int | None = None
    seconds: int | None = None
    total: int | None = None
    minute: int | None = None

    @property
    def shape(self) -> str:
        """Which counts must be known before the rule speaks; "" for none (a minute is short)."""
        person = "" if self.person is None else str(self.seconds or "ever")
        return person + ("" if self.total is None else "/all")


@dataclass(frozen=True, slots=True)
class Entering:
    """Who may enter what: `most` entries of a person (0: any number), `total` of all."""

    campaign_id: int
    most: int
    total: int | None
    has_codes: bool

    def as_json(self) -> dict[str, Any]:
        values: dict[str, Any] = {"most": self.most, "has_codes": self.has_codes}
        return values if self.total is None else values | {"total": self.total}


@dataclass(frozen=True, slots=True)
class Gate:
    """What Redis decides about one push; each answer is a text that goes into the stream.

    `over` answers who is over the limit; None: a person does. `answers` by outcome (entered,
    already, sold_out, pending); `mark` names the push, `minute` counts minutes.
    """

    who: str
    mark: str
    minute: int
    limits: Counting | None = None
    over: str | None = None
    entry: Entering | None = None
    answers: Mapping[str, str] = field(default_factory=dict)

    def keys(self) -> list[str]:
        limits, entry = self.limits, self.entry
        found = [""] * GATE_KEYS
        if limits is not None:
            rule = rule_key(limits.rule_id)
            by = people_key(limits.rule_id)
            by = by if limits.seconds is None else f"{by}:{limits.seconds}:{mark_of(self.who)}"
            found[:3] = [rule, by, f"{rule}:minute:{self.minute}"]
        if entry is not None:
            it = CampaignKeys(entry.campaign_id)
            found[3:] = [it.state, it.entered, it.codes, it.given]
        return found

    def as_text(self) -> str:
        """JSON without nulls: Lua would take them for true."""
        values: dict[str, Any] = {"mark": self.mark, "who": mark_of(self.who)}
        if self.limits is not None:
            it = self.limits
            counted = {
                "known": it.shape or None,
                "person": it.person,
                "seconds": it.seconds,
                "all": it.total,
                "minute": it.minute,
            }
            values["limits"] = {name: value for name, value in counted.items() if value is not None}
        if self.over is not None:
            values["over"] = self.over
        if self.entry is not None:
            values |= {"entry": self.entry.as_json(), "answers": dict(self.answers)}
        return AS_JSON(values)


@dataclass(frozen=True, slots=True)
class CampaignKeys:
    """Where Redis keeps what it knows of one campaign."""

    campaign_id: int

    @property
    def state(self) -> str:
        """Hash: lease, total of entries, and whether the database has `more` codes."""
        return f"wxdesk:campaign:{self.campaign_id}"

    @property
    def entered(self) -> str:
        """Hash: who to the marks of their entries, divided by commas."""
        return f"{self.state}:entered"

    @property
    def codes(self) -> str:
        return f"{self.state}:codes"

    @property
    def given(self) -> str:
        """Hash: who to the last code that they got."""
        return f"{self.state}:given"

    @property
    def pushed(self) -> str:
        """Set of the batches of codes that were put into the list, so that none is put twice."""
        return f"{self.state}:pushed"

    @property
    def decided(self) -> str:
        """Hash: mark to what was decided and is not yet committed."""
        return f"{self.state}:decided"

    @property
    def aside(self) -> str:
        """List of codes that are on their way back into the database."""
        return f"{self.state}:aside"


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome for one push that had to wait, with its code ("" for none)."""

    outcome: str
    code: str


@dataclass(frozen=True, slots=True)
class Wish:
    """Somebody who wants in, and by which push."""

    who: str
    mark: str


def rule_key(rule_id: int) -> str:
    """Hash: how often the rule has answered in all."""
    return f"wxdesk:rule:{rule_id}"


def people_key(rule_id: int) -> str:
    """Hash: who to how often the rule has answered them; with a period a key for each."""
    return f"{rule_key(rule_id)}:by"


class Gatekeeper:
    """One campaign's keys in Redis, from the side that owns the truth."""

    def __init__(self, redis: Redis, campaign_id: int) -> None:
        self._redis: Any = redis
        self.keys = CampaignKeys(campaign_id)

    def lease(self) -> str | None:
        """The mark of what Redis knows; None when it knows nothing (any more)."""
        found = self._redis.hget(self.keys.state, "lease")
        return None if found is None else found.decode()

    def build(self, name: str, marks: Mapping[str, str], codes: Mapping[str, str]) -> None:
        """Put a part of all entries beside, under a name of whoever builds."""
        parts = {f"{self.keys.entered}:{name}": marks, f"{self.keys.given}:{name}": codes}
        for key, part in parts.items():
            if part:
                known = {mark_of(who): value for who, value in part.items()}
                self._redis.hset(key, mapping=known)
                self._redis.expire(key, BUILT_SECONDS)

    def open(self, name: str, total: int) -> bool:
        """Make what was built what counts, under this lease; False if another was faster."""
        it = self.keys
        keys = [it.state, it.entered, it.codes, it.pushed, it.decided, it.given]
        keys += [f"{it.entered}:{name}", f"{it.given}:{name}"]
        return bool(self._redis.eval(OPEN, len(keys), *keys, name, total))

    def waiting_codes(self) -> int:
        return int(self._redis.llen(self.keys.codes))

    def is_pushed(self, batch: str) -> bool:
        return bool(self._redis.sismember(self.keys.pushed, batch))

    def push(self, lease: str, batch: str, codes: Sequence[str]) -> bool:
        """Let the webhook give out these codes, once; False when they were, or the lease is old."""
        it = self.keys
        keys = [it.state, it.codes, it.pushed]
        return bool(self._redis.eval(PUSH, len(keys), *keys, lease, batch, *codes))

    def hint_more(self) -> None:
        """The database has more codes now: nobody is told that they are sold out."""
        if self._redis.hexists(self.keys.state, "lease"):
            self._redis.hset(self.keys.state, "more", "1")

    def say_more(self, lease: str, *, has_more: bool) -> None:
        self._redis.eval(SAY_MORE, 1, self.keys.state, lease, "1" if has_more else "0")

    def settle(self, entry: Entering, wishes: Sequence[Wish]) -> list[Decision]:
        """Decide about those who had to wait; the same again until `forget` is called."""
        it = self.keys
        with self._redis.pipeline(transaction=False) as pipe:
            for wish in wishes:
                total = "" if entry.total is None else entry.total
                keys = [it.state, it.entered, it.codes, it.given, it.decided]
                values = [mark_of(wish.who), wish.mark, entry.most, total, int(entry.has_codes)]
                pipe.eval(SETTLE, len(keys), *keys, *values)
            return [Decision(one.decode(), code.decode()) for one, code in pipe.execute()]

    def decided(self, marks: Sequence[str]) -> dict[str, Decision]:
        """What was decided about these pushes and is not committed yet."""
        if not marks:
            return {}
        found = zip(marks, self._redis.hmget(self.keys.decided, marks), strict=True)
        pairs = {mark: value.decode().split(" ", 1) for mark, value in found if value}
        return {mark: Decision(outcome, code) for mark, (outcome, code) in pairs.items()}

    def decided_marks(self, most: int) -> list[str]:
        """Some of the pushes that were decided about and are not forgotten."""
        scanned = self._redis.hscan_iter(self.keys.decided, count=most)
        return [mark.decode() for mark, _ in islice(scanned, most)]

    def forget(self, marks: Sequence[str]) -> None:
        """These decisions are committed."""
        if marks:
            self._redis.hdel(self.keys.decided, *marks)

    def put_aside(self) -> None:
        """Give out no more codes."""
        self._redis.eval(PUT_ASIDE, 2, self.keys.codes, self.keys.aside)

    def aside_codes(self, most: int = 0) -> list[str]:
        """What was put aside first, at most so many (0: all), until `forget_aside` is called."""
        return [code.decode() for code in self._redis.lrange(self.keys.aside, 0, most - 1)]

    def forget_aside(self, count: int) -> None:
        """Forget so many of those that were put aside first."""
        self._redis.ltrim(self.keys.aside, count, -1)

    def close(self) -> None:
        """Forget the campaign: it is over, and nothing of it waits."""
        it = self.keys
        self._redis.delete(it.state, it.entered, it.codes, it.given, it.pushed, it.decided)


@dataclass(frozen=True, slots=True)
class Said:
    """A rule answered somebody; `at` in seconds since 1970."""

    who: str
    at: float


@dataclass(frozen=True, slots=True)
class Tally:
    """What Redis knows of one rule's answers. Its hash names the shape of what is counted."""

    rule_id: int

    @staticmethod
    def shapes(redis: Redis, rule_ids: Sequence[int]) -> list[str | None]:
        """What is known of each rule; None for nothing."""
        with redis.pipeline(transaction=False) as pipe:
            for rule_id in rule_ids:
                pipe.hget(rule_key(rule_id), "known")
            return [None if it is None else it.decode() for it in pipe.execute()]

    def begin(self, redis: Redis, counting: Counting) -> None:
        """The rule is new: it has answered nobody."""
        if counting.shape:
            redis.hsetnx(rule_key(self.rule_id), "known", counting.shape)

    def forget(self, redis: Redis) -> None:
        """The rule is silent until its answers were counted again."""
        redis.delete(rule_key(self.rule_id))

    def unknown_since(self, redis: Redis, counting: Counting, now: float) -> float:
        """When this was asked for the first time, in seconds since 1970."""
        client: Any = redis
        key, name = rule_key(self.rule_id), f"unknown:{counting.shape}"
        client.hsetnx(key, name, now)
        return float(client.hget(key, name) or now)

    def build(self, redis: Redis, counting: Counting) -> Rebuilding:
        return Rebuilding(redis, counting, secrets.token_hex(8))


class Rebuilding:
    """A rule's counts, made beside those that count; `name` is whoever makes them."""

    def __init__(self, redis: Redis, counting: Counting, name: str) -> None:
        self._redis: Any = redis
        self._counting = counting
        self._people = people_key(counting.rule_id)
        self._counts = f"{self._people}:counts:{name}"
        self._firsts = f"{self._people}:firsts:{name}"

    def add(self, page: Sequence[Said]) -> None:
        """Some of its answers, the earliest first."""
        with self._redis.pipeline(transaction=False) as pipe:
            for it in page:
                pipe.hincrby(self._counts, mark_of(it.who), 1)
                if self._counting.seconds is not None:
                    pipe.hsetnx(self._firsts, mark_of(it.who), it.at)
            for key in (self._counts, self._firsts):
                pipe.expire(key, BUILT_SECONDS)
            pipe.execute()

    def open(self, total: int, now: float) -> bool:
        """Make them what counts; False if another was faster. `now` in seconds since 1970."""
        if self._counting.seconds is not None:
            self._spread(self._counting.seconds, now)
            self._redis.delete(self._counts, self._firsts)
        keys = [rule_key(self._counting.rule_id), self._people, self._counts]
        return bool(self._redis.eval(OPEN_RULE, len(keys), *keys, total, self._counting.shape))

    def _spread(self, seconds: int, now: float) -> None:
        """With a period each person has a key, which goes when theirs is over."""
        cursor = 0
        while True:
            cursor, counts = self._redis.hscan(self._counts, cursor, count=SPREAD)
            if counts:
                firsts = self._redis.hmget(self._firsts, list(counts))
                with self._redis.pipeline(transaction=False) as pipe:
                    for (who, count), first in zip(counts.items(), firsts, strict=True):
                        left = int(float(first) + seconds - now)
                        key = f"{self._people}:{seconds}:{who.decode()}"
                        pipe.set(key, count, ex=max(left, 1))
                    pipe.execute()
            if not cursor:
                return
