"""`wxdesk bench reports`: how long every report takes, and how that grows with the messages."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, field
from typing import Any

from flask.testing import FlaskClient

from wxdesk.app import create_app
from wxdesk.bench.instance import running
from wxdesk.bench.report_history import TOKEN, make_history, settle
from wxdesk.reports.catalog import REPORTS
from wxdesk.reports.jobs import count_messages
from wxdesk.reports.tallies import has_uncounted
from wxdesk.runtime import Runtime

GOAL_MS = 1_000
PERIODS = ("90d", "28d", "7d", "today")
SHORT_PERIODS = {"event": ("today", "yesterday")}  # it goes minute by minute
NARROWED = ({"team": "1"}, {"tag": "1"}, {"agent": "1"}, {"account": "1"}, {"hours": "business"})


def measure(database: str, sizes: tuple[int, ...], runs: int) -> dict[str, Any]:
    """Whole answers of the JSON API, by report; all periods and filters of it in one p95.

    Beside them the processor time of this process (on SQLite that is all of it): it tells what a
    busy machine hides.
    """
    result: dict[str, Any] = {"database": database}
    means: dict[int, dict[str, float]] = {}
    for size in sizes:
        found, counted = _at(database, size, runs)
        means[size] = {name: statistics.mean(it.took) for name, it in found.items()}
        result[f"{size}_counted_messages_per_second"] = round(size / counted)
        for name, it in found.items():
            shown = [statistics.median(it.took), p95(it.took), max(it.took), p95(it.worked)]
            result[f"{size}_{name}_p50_p95_max_cpu_ms"] = list(map(round, shown))
        result[f"{size}_slowest_p95_ms"] = round(max(p95(it.took) for it in found.values()))
        result[f"{size}_slowest_p95_cpu_ms"] = round(max(p95(it.worked) for it in found.values()))
    if len(sizes) > 1:
        result |= _growth(means[sizes[0]], means[sizes[-1]], sizes[-1] / sizes[0])
    result["is_goal_met"] = result[f"{sizes[-1]}_slowest_p95_ms"] < GOAL_MS
    return result


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds of each answer: by the clock, and of this process' processor."""

    took: list[float] = field(default_factory=list)
    worked: list[float] = field(default_factory=list)


def p95(times: list[float]) -> float:
    return sorted(times)[max(0, -(-len(times) * 95 // 100) - 1)]


def _growth(small: dict[str, float], large: dict[str, float], factor: float) -> dict[str, Any]:
    """How many times longer each report takes when there are `factor` times as many messages."""
    grown = {name: round(large[name] / small[name], 1) for name in small}
    return {
        "messages_grew": factor,
        "times_grew": grown,
        "is_growth_at_most_linear": max(grown.values()) <= factor,
    }


def _at(database: str, size: int, runs: int) -> tuple[dict[str, Times], float]:
    """Milliseconds by report, and the seconds that the roll-up took."""
    with running(database) as runtime:
        make_history(runtime, size)
        began = time.perf_counter()
        _count_all(runtime)
        counted = time.perf_counter() - began
        settle(runtime)
        client = create_app(runtime).test_client()
        found = {name: _times(client, name, runs) for name in REPORTS}
    return found, counted


def _count_all(runtime: Runtime) -> None:
    while True:
        count_messages()
        with runtime.reading() as session:
            if not has_uncounted(session):
                return


def _times(client: FlaskClient, name: str, runs: int) -> Times:
    """Of each period, and of the longest with each filter; once more before, unmeasured."""
    periods = SHORT_PERIODS.get(name, PERIODS)
    asked = [{"period": period} for period in periods]
    asked += [{"period": periods[0], **filters} for filters in NARROWED]
    _ask(client, name, asked[0])
    found = Times()
    for query in asked:
        for _ in range(runs):
            took, worked = _ask(client, name, query)
            found.took.append(took)
            found.worked.append(worked)
    return found


def _ask(client: FlaskClient, name: str, query: dict[str, str]) -> tuple[float, float]:
    began, worked = time.perf_counter(), time.process_time()
    answer = client.get(
        f"/api/v1/reports/{name}",
        query_string=query,
        headers={"Authorization": f"Bearer {TOKEN}"},
    )
    took, worked = time.perf_counter() - began, time.process_time() - worked
    if answer.status_code != 200:
        raise RuntimeError(f"report {name} answered {answer.status_code}: {answer.text[:300]}")
    return took * 1000, worked * 1000
