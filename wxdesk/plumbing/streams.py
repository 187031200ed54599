"""Redis streams with priorities and one consumer group: append once, read fairly, finish late.

An entry is deleted only by `finish`, after whoever read it has committed. What a killed reader
held is read again: by the same consumer name at once, by another after a while.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from redis import Redis, ResponseError

from wxdesk.plumbing.gate_scripts import DECIDE, GATE_KEYS
from wxdesk.plumbing.gates import Gate
from wxdesk.plumbing.scripts import QuickScript

GROUP = "drain"
STALE_MILLISECONDS = 30_000
ONCE_SECONDS = 3600
FLAG_SECONDS = 10
NO_GATE = ("",) * GATE_KEYS

# KEYS: once key, standings hash, wake-up flag, counter hash, hash of held answers, hash of taken
# ones, seven of the gate (plumbing/gates.py), then the streams in order of urgency.
# ARGV: standings field, counter field, body, answer, choices " standing:stream:stream …" (the
# numbers of the streams for an answered push, 0 where the rule may not speak, and for any other),
# the number of the stream for a push that takes the answer held for this field ("": none is taken),
# the gate ("": none). Answers {is new, answer, must ring}; the once key keeps the answer for
# repeated deliveries. What people had to wait with goes before a rule's answer.
APPEND_ONCE = f"""
{DECIDE}
local kept = redis.call('GET', KEYS[1])
if kept then return {{0, kept, 0}} end
local standing = redis.call('HGET', KEYS[2], ARGV[1]) or 'new'
local speaking, silent = string.match(ARGV[5], ' ' .. standing .. ':(%d):(%d)')
if not speaking then speaking, silent = string.match(ARGV[5], ' new:(%d):(%d)') end
local number, answer, held = silent, '', false
if ARGV[6] ~= '' then held = redis.call('HGET', KEYS[5], ARGV[1]) end
if held then
  answer = held
  if speaking ~= '0' then number = ARGV[6] end
  redis.call('HDEL', KEYS[5], ARGV[1])
  redis.call('HSET', KEYS[6], ARGV[1], redis.call('TIME')[1] .. '|' .. held)
elseif speaking ~= '0' then
  number, answer = speaking, ARGV[4]
  if ARGV[7] ~= '' then
    local is_for_person
    answer, is_for_person = decide(cjson.decode(ARGV[7]), 7)
    if is_for_person then number = silent end
  end
end
redis.call('XADD', KEYS[{6 + GATE_KEYS} + tonumber(number)], '*', 'body', ARGV[3], 'answer', answer)
redis.call('SET', KEYS[1], answer, 'EX', {ONCE_SECONDS})
redis.call('HINCRBY', KEYS[4], ARGV[2], 1)
local ring = redis.call('SET', KEYS[3], '1', 'NX', 'EX', {FLAG_SECONDS})
return {{1, answer, ring and 1 or 0}}
"""


@dataclass(frozen=True, slots=True)
class Appended:
    """`answer` is the one that the first delivery got."""

    is_new: bool
    answer: str
    must_ring: bool


@dataclass(frozen=True, slots=True)
class StreamEntry:
    stream: str
    id: str
    body: bytes
    answer: bytes

    @property
    def name(self) -> str:
        """Unique among all streams."""
        return f"{self.stream}/{self.id}"


@dataclass(frozen=True, slots=True)
class Offer:
    """One entry to append: `choices` says into which stream for which standing.

    With `held_stream` (a stream's number, from 1) the answer that lies in `held_key` for this field
    goes out, and moves to `taken_key` until it is recorded; it goes before a rule's answer. With a
    `gate` that decides about the answer.
    """

    once_key: str
    standings_key: str
    standings_field: str
    counter_field: str
    body: str
    answer: str
    choices: str
    held_key: str = ""
    taken_key: str = ""
    held_stream: int | None = None
    gate: Gate | None = None


class Streams:
    def __init__(self, redis: Redis, prefix: str, names: Sequence[str]) -> None:
        self._redis: Any = redis  # its annotations allow answers that our commands never give
        self._prefix = prefix
        self.names = tuple(names)
        self._keys = [f"{prefix}:{name}" for name in names]
        self._flag = f"{prefix}:draining"
        self.counter_key = f"{prefix}:accepted"
        self._attempts = f"{prefix}:attempts"
        self._repeated = f"{prefix}:repeated"
        self._append = QuickScript(redis, APPEND_ONCE)

    def append_once(self, offer: Offer) -> Appended:
        """Append unless the once-key is known; one round trip."""
        once_key = f"{self._prefix}:once:{offer.once_key}"
        keys = [
            once_key,
            offer.standings_key,
            self._flag,
            self.counter_key,
            offer.held_key,
            offer.taken_key,
            *(offer.gate.keys() if offer.gate else NO_GATE),
            *self._keys,
        ]
        arguments = [
            offer.standings_field,
            offer.counter_field,
            offer.body,
            offer.answer,
            offer.choices,
            offer.held_stream or "",
            offer.gate.as_text() if offer.gate else "",
        ]
        is_new, answer, must_ring = self._append(keys, arguments)
        return Appended(bool(is_new), answer.decode(), bool(must_ring))

    def waiting(self) -> list[int]:
        """Entries in each stream, those that a reader holds included."""
        with self._redis.pipeline(transaction=False) as pipe:
            for key in self._keys:
                pipe.xlen(key)
            return [int(count) for count in pipe.execute()]

    def prepare(self) -> None:
        """Make the consumer group where it is missing (first start, or Redis was emptied)."""
        for key in self._keys:
            try:
                self._redis.xgroup_create(key, GROUP, id="0", mkstream=True)
            except ResponseError as error:
                if "BUSYGROUP" not in str(error):
                    raise

    def read(self, consumer: str, shares: Sequence[int]) -> list[StreamEntry]:
        """New entries, at most `shares` of each stream, the most urgent stream first."""
        with self._redis.pipeline(transaction=False) as pipe:
            for key, count in zip(self._keys, shares, strict=True):
                if count:
                    pipe.xreadgroup(GROUP, consumer, {key: ">"}, count=count)
            return _entries(pipe.execute())

    def left_over(self, consumer: str, count: int) -> list[StreamEntry]:
        """What this consumer's earlier life held, and what others hold for too long."""
        with self._redis.pipeline(transaction=False) as pipe:
            for key in self._keys:
                pipe.xautoclaim(key, GROUP, consumer, STALE_MILLISECONDS, "0", count=count)
            pipe.execute()
        with self._redis.pipeline(transaction=False) as pipe:
            for key in self._keys:
                pipe.xreadgroup(GROUP, consumer, {key: "0"}, count=count)
            return _entries(pipe.execute())

    def finish(self, entries: Sequence[StreamEntry]) -> int:
        """Delete entries whose content is committed elsewhere; returns how many were still ours."""
        with self._redis.pipeline(transaction=True) as pipe:
            for key in self._keys:
                ids = [entry.id for entry in entries if entry.stream == key]
                if ids:
                    pipe.xack(key, GROUP, *ids)
                    pipe.xdel(key, *ids)
            return sum(pipe.execute()[::2])

    def note_repeated(self, count: int) -> None:
        """Count entries that turned out to be stored already: their once-key had expired."""
        if count:
            self._redis.incrby(self._repeated, count)

    def repeated(self) -> int:
        return int(self._redis.get(self._repeated) or 0)

    def failed(self, entry: StreamEntry) -> int:
        """Count a failed try; returns how many there were."""
        tries = int(self._redis.hincrby(self._attempts, entry.name, 1))
        self._redis.expire(self._attempts, 24 * 3600)
        return tries

    def forget_failures(self, entry: StreamEntry) -> None:
        self._redis.hdel(self._attempts, entry.name)

    def hold_flag(self) -> None:
        """Say that a reader is at work: appending rings no doorbell meanwhile."""
        self._redis.set(self._flag, "1", ex=FLAG_SECONDS)

    def release_flag(self) -> None:
        """From now on appending rings again."""
        self._redis.delete(self._flag)

    def accepted(self) -> dict[str, int]:
        """How many entries were ever appended, by counter field."""
        counts = self._redis.hgetall(self.counter_key)
        return {field.decode(): int(count) for field, count in counts.items()}


def _entries(answers: list[object]) -> list[StreamEntry]:
    found = []
    for answer in answers:
        for stream, items in _streams(answer):
            for entry_id, fields in items:
                if fields:  # None: deleted while it was pending
                    found.append(
                        StreamEntry(
                            stream.decode(),
                            entry_id.decode(),
                            fields.get(b"body", b""),
                            fields.get(b"answer", b""),
                        )
                    )
    return found


def _streams(answer: object) -> list[tuple[bytes, list[tuple[bytes, dict[bytes, bytes] | None]]]]:
    """redis-py answers a dict of streams under RESP3 and a list under RESP2."""
    if not answer:
        return []
    if isinstance(answer, dict):
        return [(stream, batch) for stream, groups in answer.items() for batch in groups]
    return [(stream, items) for stream, items in answer]  # type: ignore[attr-defined]
