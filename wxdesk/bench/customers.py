"""Customers who write evenly to the webhook, many of them those whose threads are open."""

from __future__ import annotations

import http.client
import random
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from wxdesk.bench.agents import Seat
from wxdesk.bench.event import BenchAccount, plain_push
from wxdesk.bench.history import Size, openid_of
from wxdesk.plumbing.clock import pause

LANES = 8
ANSWER_SECONDS = 10.0
TO_OPEN_THREAD, TO_OPEN_CONVERSATION = 0.3, 0.9
TEXT = "还在吗?订单有消息了吗 #{number}#"


@dataclass(slots=True)
class Written:
    """By the number in the text: when it was due to be sent, and seconds until the answer."""

    due_at: dict[str, float] = field(default_factory=dict)
    answered: dict[str, float] = field(default_factory=dict)
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Crowd:
    """Who writes, to which webhook."""

    account: BenchAccount
    size: Size
    seats: Sequence[Seat]
    port: int


def write_evenly(crowd: Crowd, rate: float, seconds: float, now: datetime) -> Written:
    """`rate` messages a second on eight connections, each sent on time whatever the answers take.

    Three of ten go to a thread that an agent has open, one of ten to a customer at rest.
    """
    written = Written()
    count = int(rate * seconds)
    began = time.time()  # noqa: TID251 -- compared with the readers'
    lanes = [
        threading.Thread(
            target=_lane,
            args=(crowd, written, [(n, began + n / rate) for n in range(lane, count, LANES)], now),
        )
        for lane in range(LANES)
    ]
    for lane in lanes:
        lane.start()
    for lane in lanes:
        lane.join()
    return written


def _lane(crowd: Crowd, written: Written, plan: Sequence[tuple[int, float]], now: datetime) -> None:
    chance = random.Random(plan[0][0] if plan else 0)  # noqa: S311 -- a repeatable load
    connection = _connect(crowd.port)
    for number, due_at in plan:
        if (wait := due_at - time.time()) > 0:  # noqa: TID251
            pause(wait)
        openid = _writer(crowd, chance)
        mark = str(number)
        push = plain_push(crowd.account, openid, TEXT.format(number=mark), mark, now)
        written.due_at[mark] = due_at
        try:
            connection.request("POST", push.path, push.body, {"Content-Type": "text/xml"})
            answer = connection.getresponse()
            answer.read()
            is_taken = answer.status == 200
        except (http.client.HTTPException, OSError):
            connection, is_taken = _connect(crowd.port), False
        if is_taken:
            written.answered[mark] = time.time() - due_at  # noqa: TID251
        else:
            written.failed += 1
    connection.close()


def _writer(crowd: Crowd, chance: random.Random) -> str:
    dice = chance.random()
    looked_at = [seat.openid for seat in crowd.seats if seat.openid]
    if dice < TO_OPEN_THREAD and looked_at:
        return chance.choice(looked_at)
    if dice < TO_OPEN_CONVERSATION:
        return openid_of(chance.randint(1, crowd.size.open_ones))
    return openid_of(chance.randint(1, crowd.size.customers))


def _connect(port: int) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)
    connection.connect()
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection
