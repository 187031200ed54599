"""Simulated agents: each a person who claims, reads and answers, and a browser that follows.

The browser does what static/inbox/live.js does: it hears topics, and fetches the list and the open
thread twice a second at most, of the list only rows that topics named; the counts every 1.5 s. It
also says that it is there.
"""

from __future__ import annotations

import math
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wxdesk.bench.clients import GONE, Answered, Client, TopicStream

APART_SECONDS = {"list": 0.5, "counts": 1.5, "thread": 0.5, "presence": 15.0}
FRESH_SECONDS = 20.0
SPREAD_SECONDS = 0.1
JITTER = 0.3
READ_SECONDS = 3.0
FOLLOW_SECONDS = 5.0
PAGE, THREAD_PAGE = 30, 50
THREAD = {"limit": THREAD_PAGE, "with_conversation": True}
OF_LIST = ("inbox", "conversation:", "contact:")
CHOICES = 20  # agents do not all take the first row
MARK = re.compile(r"#(\d+)#")  # stands in each message that is sent meanwhile
UNASSIGNED = {"status": "open", "assignee": "none", "limit": PAGE}
NEWEST = {"status": "open", "order": "newest", "limit": 2 * PAGE}  # none is missed: 50 a second
MINE = {"status": "open", "assignee": "me", "limit": PAGE}


@dataclass(frozen=True, slots=True)
class Sight:
    """When a message was first shown, and since when that list or thread was on screen."""

    at: float
    since: float


@dataclass(slots=True)
class Figures:
    """Seconds by what was asked, and when each browser first showed each marked message.

    Shared by all threads: every entry is one append or one assignment.
    """

    lists: list[float] = field(default_factory=list)
    counts: list[float] = field(default_factory=list)
    threads: list[float] = field(default_factory=list)
    claims: list[float] = field(default_factory=list)
    replies: list[float] = field(default_factory=list)
    seen_in_list: dict[tuple[int, str], Sight] = field(default_factory=dict)
    seen_in_thread: dict[tuple[int, str], Sight] = field(default_factory=dict)
    claimed: Counter[int] = field(default_factory=Counter)
    answered: list[str] = field(default_factory=list)
    happened: Counter[str] = field(default_factory=Counter)
    bad: list[str] = field(default_factory=list)

    def note(self, answer: Answered, times: list[float], *good: int) -> bool:
        times.append(answer.seconds)
        if answer.status not in good:
            self.bad.append(f"{answer.status} {str(answer.body)[:200]}")
        return answer.status in good


@dataclass(slots=True)
class Seat:
    """What a person and their browser share."""

    number: int
    token: str
    cookie: str
    view: Mapping[str, object]
    open_id: int | None = None
    openid: str = ""  # of the customer whose thread is open
    opened_at: float = 0.0


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of the list that need not be told again before `fresh_until`, unless a topic says."""

    contact_id: int
    fresh_until: float


class Browser(threading.Thread):
    """Follows the topics until `stop` is set."""

    def __init__(
        self, seat: Seat, ports: tuple[int, int], figures: Figures, stop: threading.Event
    ) -> None:
        """`ports`: of the web process, and of the one that serves /live."""
        super().__init__(daemon=True)
        self._seat, self._figures, self._ended = seat, figures, stop
        self._client = Client(ports[0], seat.token)
        self._live_port = ports[1]
        self._chance = random.Random(seat.number)  # noqa: S311 -- a repeatable load
        self._due: dict[str, float] = {"presence": 0.0, "list": 0.0, "counts": 0.0}
        self._free_at: dict[str, float] = {}
        self._fresh: dict[int, _Row] = {}

    def run(self) -> None:
        stream = TopicStream(self._live_port, self._seat.cookie)
        while not self._ended.is_set():
            try:
                self._hear(stream.topics(self._wait()))
                self._fetch()
            except GONE as error:
                self._figures.bad.append(f"browser: {type(error).__name__} {error}")
                stream.close()
                stream = TopicStream(self._live_port, self._seat.cookie)
        stream.close()

    def _wait(self) -> float:
        return min(0.5, max(0.0, min(self._due.values(), default=1.0) - time.monotonic()))

    def _hear(self, topics: set[str]) -> None:
        if not topics:
            return
        now = time.monotonic()
        self._forget_rows(topics)
        if any(topic.startswith(OF_LIST) for topic in topics):
            spread = self._chance.random() * SPREAD_SECONDS
            self._want("list", now + spread)
            self._want("counts", now + spread)
        if {f"conversation:{self._seat.open_id}", "resync"} & topics:
            self._want("thread", now)

    def _forget_rows(self, topics: set[str]) -> None:
        """Those of which something was heard: the server tells them again."""
        if {"inbox", "resync"} & topics:
            self._fresh.clear()
        self._fresh = {
            number: row
            for number, row in self._fresh.items()
            if not {f"conversation:{number}", f"contact:{row.contact_id}"} & topics
        }

    def _want(self, what: str, at: float) -> None:
        at = max(at, self._free_at.get(what, 0.0))
        self._due[what] = min(at, self._due.get(what, at))

    def _fetch(self) -> None:
        now = time.monotonic()
        for what in [name for name, at in self._due.items() if at <= now]:
            del self._due[what]
            jitter = 1 + JITTER * (2 * self._chance.random() - 1)
            self._free_at[what] = now + APART_SECONDS[what] * jitter
            getattr(self, f"_fetch_{what}")()

    def _fetch_list(self) -> None:
        at = time.monotonic()
        known = [str(number) for number, row in self._fresh.items() if at < row.fresh_until]
        query = {**self._seat.view, "known": ",".join(known)}
        answer = self._client.get("/conversations", **query)
        if not self._figures.note(answer, self._figures.lists, 200):
            return
        rows = [row for row in answer.body["items"] if "status" in row]
        here = {row["id"] for row in answer.body["items"]}
        self._fresh = {number: row for number, row in self._fresh.items() if number in here}
        for row in rows:
            self._fresh[row["id"]] = _Row(row["contact"]["id"], at + FRESH_SECONDS)
        if self._seat.view is NEWEST:  # elsewhere rows also come for other reasons
            self._see(self._figures.seen_in_list, [row["last_message"] for row in rows], 0.0)

    def _fetch_counts(self) -> None:
        self._figures.note(self._client.get("/inbox/counts"), self._figures.counts, 200)

    def _fetch_thread(self) -> None:
        if (conversation_id := self._seat.open_id) is None:
            return
        answer = self._client.get(f"/conversations/{conversation_id}/thread", **THREAD)
        if self._figures.note(answer, self._figures.threads, 200):
            seen = self._figures.seen_in_thread
            self._see(seen, answer.body["items"], self._seat.opened_at)

    def _fetch_presence(self) -> None:
        body = {"tab": f"bench{self._seat.number}", "is_active": True}
        self._client.send("PUT", "/me/presence", body)
        self._due["presence"] = time.monotonic() + APART_SECONDS["presence"]

    def _see(
        self,
        seen: dict[tuple[int, str], Sight],
        messages: list[dict[str, Any] | None],
        since: float,
    ) -> None:
        now = time.time()  # noqa: TID251 -- compared with the sender's
        for message in messages:
            if message and (found := MARK.search(message["text"])):
                seen.setdefault((self._seat.number, found[1]), Sight(now, since))


class Person(threading.Thread):
    """Takes one conversation after the other: list, claim, read, answer, end."""

    def __init__(self, seat: Seat, port: int, figures: Figures, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self._seat, self._figures, self._ended = seat, figures, stop
        self._client = Client(port, seat.token)
        self._chance = random.Random(100 + seat.number)  # noqa: S311
        self._turn = 0

    def run(self) -> None:
        self._ended.wait(self._chance.random() * READ_SECONDS)
        while not self._ended.is_set():
            try:
                self._take_one()
            except GONE as error:
                self._figures.bad.append(f"person: {type(error).__name__} {error}")

    def _take_one(self) -> None:
        figures = self._figures
        answer = self._client.get("/conversations", **UNASSIGNED)
        if not figures.note(answer, figures.lists, 200) or not answer.body["items"]:
            self._ended.wait(READ_SECONDS)
            return
        row = self._chance.choice(answer.body["items"][:CHOICES])
        path = f"/conversations/{row['id']}"
        claimed = self._client.send("POST", f"{path}/assign", {"assignee": "me"})
        if not figures.note(claimed, figures.claims, 200, 409) or claimed.status == 409:
            figures.happened["claims lost to a colleague"] += claimed.status == 409
            return
        figures.claimed[row["id"]] += 1
        self._seat.opened_at = math.inf
        self._seat.openid, self._seat.open_id = row["openid"], row["id"]
        last_id = self._open(path)
        self._seat.opened_at = time.time()  # noqa: TID251 -- compared with the sender's
        self._pause(READ_SECONDS)
        if last_id is not None:
            self._answer(path, last_id)
        self._pause(FOLLOW_SECONDS)
        self._end(path)

    def _open(self, path: str) -> int | None:
        """What the browser asks when a thread is opened; the id of the last message."""
        answer = self._client.get(f"{path}/thread", **THREAD)
        if not self._figures.note(answer, self._figures.threads, 200):
            return None
        last_id = int(answer.body["last_message_id"])
        body = {"tab": f"bench{self._seat.number}", "doing": "viewing"}
        self._client.send("PUT", f"{path}/here", body)
        self._client.send("PUT", f"{path}/read", {"message_id": last_id})
        return last_id

    def _answer(self, path: str, last_id: int) -> None:
        """The send guard may refuse with what came meanwhile: it is read, and sent again."""
        self._turn += 1
        key = f"{self._seat.number}-{self._turn}"
        body = {"text": f"马上为您查询 {key}", "last_seen_message_id": last_id}
        for _ in range(5):
            headers = {"Idempotency-Key": key}
            answer = self._client.send("POST", f"{path}/messages", body, **headers)
            if not self._figures.note(answer, self._figures.replies, 201, 409):
                return
            if answer.status == 201:
                self._figures.answered.append(str(body["text"]))
                return
            self._figures.happened["answers stopped by the send guard"] += 1
            thread = self._client.get(f"{path}/thread", limit=THREAD_PAGE)
            body["last_seen_message_id"] = thread.body["last_message_id"]

    def _end(self, path: str) -> None:
        self._seat.open_id, self._seat.openid = None, ""
        if self._turn % 2:
            ended = self._client.send("POST", f"{path}/resolve", {})
            self._figures.happened[f"resolve answered {ended.status}"] += 1

    def _pause(self, seconds: float) -> None:
        self._ended.wait(seconds * (0.7 + 0.6 * self._chance.random()))
