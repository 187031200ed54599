"""`wxdesk bench drain`: stored messages a second with everything that recording does."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import Any

from sqlalchemy import func, insert, select

from wxdesk.accounts.rules import Mode
from wxdesk.bench.event import BenchAccount, make_account, pushes
from wxdesk.bench.instance import running
from wxdesk.contacts.models import Contact
from wxdesk.conversations.models import Message
from wxdesk.conversations.rules import Direction, Place, SenderKind
from wxdesk.intake.acceptance import Acceptance
from wxdesk.intake.directory import Directory
from wxdesk.intake.jobs import drain
from wxdesk.intake.rules import BATCH
from wxdesk.intake.streams import intake_streams
from wxdesk.plumbing.clock import pause
from wxdesk.runtime import Runtime
from wxdesk.wechat.push import push_of, read_fields


def measure(database: str, size: int) -> dict[str, Any]:
    """Fill the streams with `size` accepted pushes, then time the drain.

    The baseline is the same number of bare message rows, inserted in batches of the same size by
    the same driver: what the database alone takes.
    """
    with running(database) as runtime:
        account = make_account(runtime, Mode.PLAIN)
        baseline = _bare_rows(runtime, size)
        _fill(runtime, account, size)
        seconds = _drain_all(runtime)
        with runtime.reading() as session:
            stored = session.scalar(
                select(func.count()).where(
                    Message.direction == Direction.INCOMING, Message.wechat_msg_id.is_not(None)
                )
            )
    rate = size / seconds
    return {
        "database": database,
        "accepted": size,
        "stored": stored,
        "messages_per_second": round(rate),
        "baseline_rows_per_second": round(baseline),
        "ratio_to_baseline": round(rate / baseline, 2),
    }


def _drain_all(runtime: Runtime) -> float:
    """Seconds until nothing waits; the drain itself lingers a moment longer."""
    streams = intake_streams(runtime.redis)
    began = time.perf_counter()
    worker = threading.Thread(target=drain)
    worker.start()
    while any(streams.waiting()):
        pause(0.01)
    seconds = time.perf_counter() - began
    worker.join()
    return seconds


def _fill(runtime: Runtime, account: BenchAccount, size: int) -> None:
    desk = Directory(runtime).find(account.slug)
    if desk is None:
        raise LookupError(account.slug)
    acceptance = Acceptance(runtime)
    for push in pushes(account, size, runtime.clock(), seed=1):
        acceptance.accept(desk, push_of(read_fields(push.body)))


def _bare_rows(runtime: Runtime, size: int) -> float:
    """Rows a second of plain inserts into the message table; the rows stay, and look old."""
    now = runtime.clock() - timedelta(days=30)
    with runtime.unit_of_work() as uow:
        contact = Contact(
            account_id=1, openid="baseline", remark="", first_seen_at=now, last_seen_at=now
        )
        uow.session.add(contact)
        uow.session.flush()
        contact_id = contact.id
    began = time.perf_counter()
    for start in range(0, size, BATCH):
        rows = [
            {
                "account_id": 1,
                "contact_id": contact_id,
                "direction": Direction.INCOMING,
                "kind": "text",
                "text": "抽奖",
                "once_key": f"baseline-{number}",
                "sender_kind": SenderKind.CUSTOMER,
                "place": Place.AUTO_ANSWERED,
                "created_at": now,
                "received_at": now,
            }
            for number in range(start, min(start + BATCH, size))
        ]
        with runtime.unit_of_work() as uow:
            uow.session.execute(insert(Message), rows)
    return size / (time.perf_counter() - began)
