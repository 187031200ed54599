"""Live updates: a bounded Redis stream of topics, and the server-sent events made of it.

After a commit only topics are published ("conversation:42", "inbox"), never content: whoever
listens fetches the news through the permission-checked API. The stream's ids are the sequence
numbers by which a browser resumes.
"""

from __future__ import annotations

import contextlib
import json
import logging
import queue
import threading
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from redis import Redis, RedisError

from wxdesk.plumbing.clock import Clock, iso, pause

logger = logging.getLogger(__name__)

STREAM = "wxdesk:live"
BLOCK_MILLISECONDS = 5_000
KEPT_ENTRIES = 5_000
MAX_TOPICS = 500
NAMING = ("conversation:", "contact:")
COALESCE_SECONDS = 0.25
HEARTBEAT_SECONDS = 15.0
MAX_WAITING = 1_000
STREAM_LIFE_SECONDS = 900.0

Entry = tuple[str, frozenset[str]]
RESYNC: Entry = ("0-0", frozenset({"resync"}))


class Live:
    """Publish topics; only ids and names go in, so that the stream is safe to show to anybody."""

    def __init__(self, redis: Redis) -> None:
        self._redis: Any = redis  # its annotations allow answers that our commands never give

    def publish(self, topics: Iterable[str]) -> None:
        """Tell all browsers that these topics changed (at most 500 a call, the rest as `all`).

        "inbox" beside a topic that names what changed says nothing more, and would have every
        browser fetch all of its list: it is left out.
        """
        names = sorted(set(topics))
        if any(name.startswith(NAMING) for name in names):
            names = [name for name in names if name != "inbox"]
        if len(names) > MAX_TOPICS:
            names = ["all"]
        if names:
            body = json.dumps(names)
            self._redis.xadd(STREAM, {"topics": body}, maxlen=KEPT_ENTRIES, approximate=True)

    def last_id(self) -> str:
        """The newest sequence number, "0-0" when nothing was published yet."""
        newest = self._redis.xrevrange(STREAM, count=1)
        return newest[0][0].decode() if newest else "0-0"

    def since(self, last_id: str) -> list[Entry] | None:
        """What was published after `last_id`, or None if some of that is no longer kept."""
        oldest = self._redis.xrange(STREAM, count=1)
        if not oldest or _order(oldest[0][0].decode()) > _order(last_id):
            return None
        return [_entry(item) for item in self._redis.xrange(STREAM, min=f"({last_id}")]


def _order(entry_id: str) -> tuple[int, int]:
    first, _, second = entry_id.partition("-")
    return int(first), int(second or 0)


def _entry(item: tuple[bytes, dict[bytes, bytes]]) -> Entry:
    entry_id, fields = item
    return entry_id.decode(), frozenset(json.loads(fields[b"topics"]))


class Listener:
    """One thread a process that reads the stream and hands each entry to every open browser."""

    def __init__(self, redis: Redis, limit: int) -> None:
        """`limit` is how many browsers this process serves at once; the next is refused."""
        self._redis: Any = redis
        self._limit = limit
        self._browsers: set[queue.Queue[Entry]] = set()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @property
    def is_full(self) -> bool:
        return len(self._browsers) >= self._limit

    def join(self) -> queue.Queue[Entry] | None:
        """A queue that gets every entry from now on; None when the limit is reached."""
        with self._lock:
            if self.is_full:
                return None
            mailbox: queue.Queue[Entry] = queue.Queue(MAX_WAITING)
            self._browsers.add(mailbox)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(
                    target=self._listen, args=(self._start_id(),), daemon=True, name="live"
                )
                self._thread.start()
            return mailbox

    def leave(self, mailbox: queue.Queue[Entry]) -> None:
        """Forget a browser that went away."""
        with self._lock:
            self._browsers.discard(mailbox)

    def _start_id(self) -> str | None:
        """Read before the browser gets its hello: what comes after that is never missed."""
        try:
            return Live(self._redis).last_id()
        except RedisError:
            return None

    def _listen(self, last_id: str | None) -> None:
        is_away = False
        while True:
            try:
                last_id = last_id or Live(self._redis).last_id()
                answer = self._redis.xread({STREAM: last_id}, block=BLOCK_MILLISECONDS)
            except RedisError:
                if not is_away:
                    logger.warning("live stream unreachable; trying again every second")
                is_away = True
                pause(1.0)
                continue
            if is_away:  # an emptied Redis counts from the start again
                last_id, is_away = None, False
                self._hand_out(RESYNC)
            for entry in _entries(answer):
                last_id = entry[0]
                self._hand_out(entry)

    def _hand_out(self, entry: Entry) -> None:
        with self._lock:
            browsers = list(self._browsers)
        for mailbox in browsers:
            try:
                mailbox.put_nowait(entry)
            except queue.Full:
                _start_over(mailbox)


def _start_over(mailbox: queue.Queue[Entry]) -> None:
    """A browser that reads too slowly loses the single topics and is told to fetch everything."""
    with contextlib.suppress(queue.Empty):
        while True:
            mailbox.get_nowait()
    with contextlib.suppress(queue.Full):
        mailbox.put_nowait(RESYNC)


def _entries(answer: Any) -> list[Entry]:
    """Of an XREAD, in the form of RESP3 (a dict) or RESP2 (a list)."""
    if not answer:
        return []
    if isinstance(answer, dict):
        return [_entry(item) for batches in answer.values() for items in batches for item in items]
    return [_entry(item) for _stream, items in answer for item in items]


def event_stream(
    live: Live, listener: Listener, mailbox: queue.Queue[Entry], last_id: str | None, clock: Clock
) -> Iterator[str]:
    """Server-sent events for one browser: hello, what it missed, then topics twice a second."""
    try:
        yield "retry: 500\n" + _event("hello", {"now": iso(clock())})
        yield from _missed(live, last_id)
        yield from _coalesced(mailbox, clock)
    finally:
        listener.leave(mailbox)


def _missed(live: Live, last_id: str | None) -> Iterator[str]:
    if last_id is None:
        return
    try:
        entries = live.since(last_id)
    except (RedisError, ValueError):
        entries = None
    if entries is None:
        yield _event("resync", {})
    elif entries:
        topics = frozenset[str]().union(*(names for _, names in entries))
        yield _event("topics", {"topics": sorted(topics)}, entries[-1][0])


def _coalesced(mailbox: queue.Queue[Entry], clock: Clock) -> Iterator[str]:
    started: datetime = clock()
    while (clock() - started).total_seconds() < STREAM_LIFE_SECONDS:
        try:
            last_id, topics = mailbox.get(timeout=HEARTBEAT_SECONDS)
        except queue.Empty:
            yield _event("alive", {})
            continue
        gathered = set(topics)
        while not mailbox.empty():
            last_id, more = mailbox.get_nowait()
            gathered |= more
        if "resync" in gathered or "all" in gathered:
            yield _event("resync", {}, last_id)
        else:
            yield _event("topics", {"topics": sorted(gathered)}, last_id)
        pause(COALESCE_SECONDS)  # the first of a burst goes at once, the rest together


def _event(name: str, data: object, last_id: str | None = None) -> str:
    prefix = f"id: {last_id}\n" if last_id else ""
    return f"{prefix}event: {name}\ndata: {json.dumps(data)}\n\n"
