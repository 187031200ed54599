"""`wxdesk bench inbox`: twenty agents at work in a large desk while customers write."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import func, select

from wxdesk.agents.models import Agent
from wxdesk.app import create_app
from wxdesk.bench import helpdesk
from wxdesk.bench.agents import (
    MINE,
    NEWEST,
    PAGE,
    THREAD_PAGE,
    Browser,
    Figures,
    Person,
    Seat,
    Sight,
)
from wxdesk.bench.clients import Client
from wxdesk.bench.customers import Crowd, Written, write_evenly
from wxdesk.bench.history import SIZES, Desk, make_history
from wxdesk.bench.instance import installation
from wxdesk.bench.serving import (
    free_port,
    serving,
    wait_for_port,
    wait_until_drained,
    wait_until_sent,
)
from wxdesk.bench.watchers import largest_mb, watching
from wxdesk.bench.wechat_stub import taking_everything
from wxdesk.conversations.models import Message
from wxdesk.conversations.rules import SenderKind
from wxdesk.plumbing.clock import pause
from wxdesk.runtime import Runtime, build, start

ARRIVE_PER_SECOND = 50
WATCHERS = 200
IDLE_RUNS = 40
WARM_SECONDS = 6.0
START_APART_SECONDS = 0.1
GOALS_MS = {"list_p95_ms": 100, "thread_p95_ms": 100, "to_list_p95_ms": 1000}
GOAL_MB = 300


def measure(database: str, size_name: str, seconds: float, *, has_baseline: bool) -> dict[str, Any]:
    """Times of everything agents do, and of a message until it is in a browser.

    The baseline is the ticket list of django-helpdesk with as many tickets.
    """
    size = SIZES[size_name]
    with installation(database, port=free_port()) as settings, taking_everything() as wechat:
        runtime = build(settings)
        start(runtime)
        desk = make_history(runtime, size)
        seats = _seats(runtime, desk)
        live_port = free_port()
        live = f"127.0.0.1:{live_port}"
        with (
            serving(settings, "-m", "wxdesk", "up", wechat=wechat[0]) as up,
            serving(settings, "-m", "wxdesk", "live", address=live) as streams,
        ):
            for port in (settings.port, live_port):
                wait_for_port(port)
            pause(WARM_SECONDS)  # the first sweeps of a start
            idle = _idle(Client(settings.port, desk.tokens[0]), desk)
            with watching(live_port, [seat.cookie for seat in seats], WATCHERS) as ended:
                crowd = Crowd(desk.account, size, seats, settings.port)
                figures, written = _work(runtime, crowd, (settings.port, live_port), seconds)
                memory = _memory(up, streams)
            wait_until_drained(runtime)
            wait_until_sent(runtime)
        result = {
            "database": database,
            "size": f"{size.conversations} conversations, {size.messages} messages",
            **idle,
            **_figures(figures, written, seconds),
            **memory,
            "streams_lost": len(ended),
            **_kept(runtime, figures, written, wechat[1]),
        }
    if has_baseline:
        result |= _with_ratio(helpdesk.measure(size), result)
    return result | {"is_goal_met": _is_met(result)}


def _seats(runtime: Runtime, desk: Desk) -> list[Seat]:
    """A cookie as log-in gives it; every fourth agent looks at the newest, the others at theirs."""
    app = create_app(runtime)
    signer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    with runtime.reading() as session:
        epochs = dict(session.execute(select(Agent.id, Agent.session_epoch)).all())
    return [
        Seat(
            number=number,
            token=token,
            cookie="wxdesk="
            + signer.dumps({"agent_id": number, "epoch": epochs[number], "_permanent": True}),
            view=NEWEST if number % 4 == 0 else MINE,
        )
        for number, token in enumerate(desk.tokens, 1)
    ]


def _idle(client: Client, desk: Desk) -> dict[str, Any]:
    """Median milliseconds of one client that nobody disturbs."""
    thread = f"/conversations/{desk.long_conversation}/thread"
    asked: Mapping[str, tuple[str, dict[str, Any]]] = {
        "idle_list": ("/conversations", {"status": "open", "limit": PAGE}),
        "idle_list_resolved": ("/conversations", {"status": "resolved", "order": "newest"}),
        "idle_counts": ("/inbox/counts", {}),
        "idle_thread_of_10000": (thread, {"limit": THREAD_PAGE}),
    }
    found = {}
    for name, (path, query) in asked.items():
        times = sorted(client.get(path, **query).seconds for _ in range(IDLE_RUNS))
        found[f"{name}_p50_ms"] = round(times[len(times) // 2] * 1000, 1)
    return found


def _work(
    runtime: Runtime, crowd: Crowd, ports: tuple[int, int], seconds: float
) -> tuple[Figures, Written]:
    """The agents go on for a moment after the last message, until it has been seen."""
    figures = Figures()
    with _at_work(crowd.seats, ports, figures):
        pause(2.0)
        written = write_evenly(crowd, ARRIVE_PER_SECOND, seconds, runtime.clock())
        wait_until_drained(runtime)
        pause(2.0)
    return figures, written


@contextlib.contextmanager
def _at_work(seats: Sequence[Seat], ports: tuple[int, int], figures: Figures) -> Iterator[None]:
    stop = threading.Event()
    threads: list[threading.Thread] = []
    for seat in seats:
        threads.append(Browser(seat, ports, figures, stop))
        threads.append(Person(seat, ports[0], figures, stop))
    for thread in threads:
        thread.start()
        pause(START_APART_SECONDS)  # people do not come in the same instant
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)


def _figures(figures: Figures, written: Written, seconds: float) -> dict[str, Any]:
    asked = {
        "list": figures.lists,
        "thread": figures.threads,
        "counts": figures.counts,
        "claim": figures.claims,
        "reply": figures.replies,
        "webhook": list(written.answered.values()),
        "to_list": _waits(figures.seen_in_list, written),
        "to_open_thread": _waits(figures.seen_in_thread, written),
    }
    requests = sum(len(times) for name, times in asked.items() if not name.startswith("to_"))
    found: dict[str, Any] = {"requests_per_second": round(requests / seconds)}
    for name, times in asked.items():
        found[f"{name}_count"] = len(times)
        for share in (50, 95):
            found[f"{name}_p{share}_ms"] = _percentile(times, share)
    return found | {f"{name}": count for name, count in figures.happened.items()}


def _waits(seen: Mapping[tuple[int, str], Sight], written: Written) -> list[float]:
    """Of each browser, and the messages that were written while somebody looked there."""
    due_at = written.due_at
    return [
        sight.at - due_at[mark]
        for (_seat, mark), sight in seen.items()
        if mark in due_at and due_at[mark] >= sight.since
    ]


def _percentile(times: Sequence[float], share: int) -> float | None:
    ordered = sorted(times)
    if not ordered:
        return None
    return round(ordered[max(0, -(-len(ordered) * share // 100) - 1)] * 1000, 1)


def _memory(up: int, streams: int) -> dict[str, Any]:
    return {
        "streams_open": WATCHERS,
        "live_process_mb": largest_mb(streams, "live"),
        "web_process_mb": largest_mb(up, "wxdesk", "web"),
    }


def _kept(
    runtime: Runtime, figures: Figures, written: Written, sent: Counter[str]
) -> dict[str, Any]:
    """What was lost or doubled of messages, answers and claims; all must be 0."""
    with runtime.reading() as session:
        stored = Counter(
            session.scalars(select(Message.wechat_msg_id).where(Message.wechat_msg_id.is_not(None)))
        )
        answers = session.scalar(
            select(func.count()).where(
                Message.sender_kind == SenderKind.AGENT, Message.idempotency_key.is_not(None)
            )
        )
    ours = {text: sent[text] for text in figures.answered}
    return {
        "messages_accepted": len(written.answered),
        "messages_failed": written.failed,
        "messages_lost": len(written.answered.keys() - stored.keys()),
        "messages_doubled": sum(count > 1 for count in stored.values()),
        "answers_given": len(figures.answered),
        "answers_stored": answers,
        "answers_not_sent": sum(count == 0 for count in ours.values()),
        "answers_sent_twice": sum(count > 1 for count in ours.values()),
        "bad_answers": len(figures.bad),
        "first_bad_answer": figures.bad[0] if figures.bad else "",
    }


def _with_ratio(baseline: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    if rows := baseline.get("helpdesk_list_rows_p50_ms"):
        baseline["ratio_to_helpdesk_list"] = round(rows / result["idle_list_p50_ms"], 1)
    return baseline


def _is_met(result: dict[str, Any]) -> bool:
    is_quick = all((result[name] or 1e9) < goal for name, goal in GOALS_MS.items())
    is_small = (result["live_process_mb"] or 0) < GOAL_MB
    wrong = ("messages_lost", "messages_doubled", "answers_not_sent", "answers_sent_twice")
    return is_quick and is_small and not any(result[name] for name in wrong)
