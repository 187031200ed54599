"""`wxdesk bench intake`: the real server under a mixed event, beside a bare view."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Sequence
from typing import Any

import requests
from sqlalchemy import func, select

from wxdesk.accounts.rules import Mode
from wxdesk.agents.operations import AgentForm, create_agent, create_token
from wxdesk.agents.rules import Role
from wxdesk.bench.event import BenchAccount, BenchPush, make_account, pushes
from wxdesk.bench.instance import installation
from wxdesk.bench.load import Outcome, as_fast_as_possible, evenly
from wxdesk.bench.serving import free_port, serving, wait_for_port, wait_until_drained
from wxdesk.conversations.models import Message
from wxdesk.conversations.rules import Direction
from wxdesk.plumbing.clock import pause
from wxdesk.runtime import Runtime, build
from wxdesk.settings import Settings

ROUNDS = 3
BURST = 3_000
WATCH_SECONDS = 0.1


def measure(database: str, size: int, seconds: float) -> dict[str, Any]:
    """Bursts against the bare view and the webhook by turns, then `size` pushes in `seconds`."""
    with installation(database, port=free_port()) as settings:
        runtime = build(settings)
        accounts = [make_account(runtime, mode) for mode in (Mode.PLAIN, Mode.SAFE)]
        token = _token(runtime)
        with serving(settings, "-m", "wxdesk", "up"):
            bare, real = _bursts(settings, runtime, accounts)
            paced, seen = _paced(settings, runtime, accounts, token, (size, seconds))
            wait_until_drained(runtime)
        answered = [key for outcome in (*real, paced) for key in outcome.answered]
        return {
            "database": database,
            "webhook_per_second": round(statistics.median(item.rate for item in real)),
            "bare_view_per_second": round(statistics.median(item.rate for item in bare)),
            "ratio_to_bare_view": round(_ratio(real, bare), 2),
            "paced": f"{size} pushes in {paced.seconds:.0f} s",
            **_latencies(paced),
            "unanswered": sum(item.failed for item in (*real, paced)),
            "answered": len(answered),
            **_stored(runtime, answered),
            **_visible(paced, seen),
        }


def _bursts(
    settings: Settings, runtime: Runtime, accounts: Sequence[BenchAccount]
) -> tuple[list[Outcome], list[Outcome]]:
    bare, real = [], []
    for number in range(ROUNDS):
        mixed = _mixed(runtime, accounts, BURST, seed=10 + number * 2)
        port = free_port()
        folder = str(settings.data_dir.parent / "bare")
        with serving(settings, "-m", "wxdesk.bench.bare_server", folder, f"127.0.0.1:{port}"):
            wait_for_port(port)
            bare.append(as_fast_as_possible(port, mixed))
        wait_for_port(settings.port)
        real.append(as_fast_as_possible(settings.port, mixed))
        wait_until_drained(runtime)
    return bare, real


def _paced(
    settings: Settings,
    runtime: Runtime,
    accounts: Sequence[BenchAccount],
    token: str,
    plan: tuple[int, float],
) -> tuple[Outcome, dict[str, float]]:
    """The pushes spread over time, while an agent's browser asks for what is new."""
    size, seconds = plan
    mixed = _mixed(runtime, accounts, size, seed=100)
    seen: dict[str, float] = {}
    stop = threading.Event()
    watcher = threading.Thread(target=_watch, args=(settings, token, seen, stop))
    watcher.start()
    outcome = evenly(settings.port, mixed, seconds)
    wait_until_drained(runtime)
    pause(1.0)
    stop.set()
    watcher.join()
    questions = {push.msg_id for push in mixed if push.is_question}
    return outcome, {key: at for key, at in seen.items() if key in questions}


def _watch(settings: Settings, token: str, seen: dict[str, float], stop: threading.Event) -> None:
    """Note when the API that the inbox uses first shows each new message."""
    url = f"http://127.0.0.1:{settings.port}/api/v1/messages"
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {token}"
    since_id = _last_id(settings)
    while not stop.wait(WATCH_SECONDS):
        arguments = {"direction": "incoming", "since_id": str(since_id), "limit": "500"}
        try:
            items = session.get(url, params=arguments, timeout=10).json()["items"]
        except (requests.RequestException, KeyError):
            continue
        now = time.time()  # noqa: TID251
        for item in items:
            seen.setdefault(item["wechat_msg_id"], now)
            since_id = item["id"]


def _last_id(settings: Settings) -> int:
    with build(settings).reading() as session:
        return session.scalar(select(func.max(Message.id))) or 0


def _mixed(
    runtime: Runtime, accounts: Sequence[BenchAccount], size: int, seed: int
) -> list[BenchPush]:
    now = runtime.clock()
    parts = [
        pushes(account, size // len(accounts), now, seed + number)
        for number, account in enumerate(accounts)
    ]
    return [push for pair in zip(*parts, strict=True) for push in pair]


def _latencies(outcome: Outcome) -> dict[str, Any]:
    times = sorted(outcome.answered.values())
    return {
        "answer_p50_ms": round(times[len(times) // 2] * 1000, 1),
        "answer_p99_ms": round(times[int(len(times) * 0.99)] * 1000, 1),
        "answer_max_ms": round(times[-1] * 1000, 1),
    }


def _stored(runtime: Runtime, answered: Sequence[str]) -> dict[str, Any]:
    with runtime.reading() as session:
        rows = session.scalars(
            select(Message.wechat_msg_id).where(Message.direction == Direction.INCOMING)
        ).all()
    return {
        "in_database": len(rows),
        "lost": len(set(answered) - set(rows)),
        "doubled": len(rows) - len(set(rows)),
    }


def _visible(outcome: Outcome, seen: dict[str, float]) -> dict[str, Any]:
    waits = sorted(at - outcome.sent_at[key] for key, at in seen.items() if key in outcome.sent_at)
    if not waits:
        return {"questions_seen_in_inbox": 0}
    return {
        "questions_seen_in_inbox": len(waits),
        "visible_p50_ms": round(waits[len(waits) // 2] * 1000),
        "visible_p95_ms": round(waits[int(len(waits) * 0.95)] * 1000),
        "visible_last_ms": round(waits[-1] * 1000),
    }


def _ratio(real: Sequence[Outcome], bare: Sequence[Outcome]) -> float:
    """The median of the ratios of the rounds: what disturbs a machine disturbs both of a round."""
    return statistics.median(mine.rate / other.rate for mine, other in zip(real, bare, strict=True))


def _token(runtime: Runtime) -> str:
    with runtime.unit_of_work() as uow:
        form = AgentForm("bench@wxdesk", "bench", Role.ADMIN, "bench-password")
        create_agent(uow, form)
        return create_token(uow, email=form.email, name="bench")
