"""A month with known answers: every clock and every figure, on both databases.

`month.py` plays the month through the desk's real operations; `truth.py` and `figures*.py` work the
answers out from the log alone. Where they differ, one of the two is wrong: go by the definitions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from cast import FakeClock
from servers import NOBODY_LISTENS, SECRET_KEY, RedisServer
from sqlalchemy import Engine, event, select
from sqlalchemy.orm import Session

from reports.month import SHANGHAI
from reports.playing import LOOKED_AT, LOOKS, Played, differences, play
from reports.shapes import Wait
from wxdesk import runtime as runtime_module
from wxdesk.all_models import metadata
from wxdesk.reports.behind import list_behind
from wxdesk.reports.catalog import REPORTS
from wxdesk.reports.rules import Behind, Filters, Report, Unit
from wxdesk.runtime import build
from wxdesk.settings import load
from wxdesk.sla.models import SlaClock


@pytest.fixture(scope="module")
def played(
    database: tuple[str, Engine],
    shared_redis: RedisServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Played]:
    """Played once for all tests of a database: they only read."""
    url, engine = database
    with engine.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
    clock = FakeClock()
    environment = {
        "WXDESK_DATA_DIR": str(tmp_path_factory.mktemp("data")),
        "WXDESK_DATABASE_URL": url,
        "WXDESK_REDIS_URL": shared_redis.url,
        "WXDESK_SECRET_KEY": SECRET_KEY,
        "WXDESK_WECHAT_API_URL": NOBODY_LISTENS,
        "WXDESK_LOCALE": "en",
        "WXDESK_TIMEZONE": SHANGHAI.key,
    }
    runtime = build(load(environment), clock)
    if url.startswith("sqlite"):
        event.listen(runtime.engine, "connect", _forget_the_disk)
    runtime_module.start(runtime)
    yield play(runtime, clock)
    runtime.stopping.set()
    runtime.redis.close()
    runtime.engine.dispose()


def _forget_the_disk(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")


def test_the_month_has_everything_in_it(played):
    """Else the comparisons would prove little."""
    truth, waits = played.truth, played.truth.waits()
    causes = {wait.cause for wait in waits if wait.breached}
    assert len(truth.conversations) > 100
    assert {wait.state for wait in waits} >= {"met", "stopped", "running"}
    assert causes >= {"assigned_silent", "nobody_online", "at_capacity", "not_taken"}
    assert len({(wait.promise.id, wait.promise.version) for wait in waits}) > 4
    assert max(wait.episode for wait in waits) > 2
    assert sum(1 for wait in waits if wait.paused) > 2
    assert sum(1 for wait in waits if wait.is_warned) > 5
    assert sum(1 for wait in waits if truth.after(wait)) > 10
    assert any(one.is_merged for one in truth.conversations)
    assert {one.state for one in truth.ratings.values()} == {"asked", "rated", "unsent"}
    assert {one.state for one in truth.answers.values()} >= {"sent", "failed", "undone"}
    assert truth.forgotten
    assert any(truth.aside.values())


def test_each_conversation_of_the_log_is_there_and_no_other(played):
    real = {(one.who, one.number) for one in played.truth.conversations}
    assert set(played.conversations) == real


def test_every_clock_is_what_really_happened(played):
    real = sorted((_of_wait(played, wait) for wait in played.truth.waits()), key=_order)
    with played.runtime.reading() as session:
        found = sorted(
            (_of_row(played, row) for row in session.scalars(select(SlaClock))), key=_order
        )
    differences = [(one, two) for one in real if one not in found for two in _near(one, found)] + [
        (None, one) for one in found if one not in real and not _near(one, real)
    ]
    assert not differences, show(differences)


MOST_LISTS = 30  # of a report: an hour of the week is like another
VIEWS: dict[str, dict[str, Any]] = {
    "two weeks": {"days": (7, 21)},
    "a week that is not over": {"days": (24, 31)},
    "one day": {"days": (8, 9)},
    "the whole month of one account": {"days": (0, 28), "accounts": ("yunshan",)},
    "a team, in its hours": {"days": (7, 21), "teams": ("售后",), "in_hours": True},
    "two people": {"days": (7, 28), "agents": ("lin", "mei"), "compares": False},
    "a tag": {"days": (7, 28), "tags": ("退款", "物流")},
    "Sydney, where the clocks change": {"days": (17, 24), "zone": "Australia/Sydney"},
    "Sydney, the week after": {"days": (21, 28), "zone": "Australia/Sydney"},
    "before the first customer": {"days": (-20, -10)},
    "the future": {"days": (35, 37)},
}


@pytest.mark.parametrize("report", REPORTS)
def test_every_figure_of_every_report_is_the_truth(played, report):
    wrong = []
    with played.runtime.reading() as session:
        for name, view in VIEWS.items():
            found = REPORTS[report](session, played.filters(view), played.desk.clock.now)
            wrong += [f"{name}: {one}" for one in differences(report, played.view(view), found)]
    assert not wrong, "\n".join(wrong[:40])


@pytest.mark.parametrize("report", REPORTS)
def test_every_figure_was_the_truth_while_the_month_went_on(played, report):
    assert len(played.looks) == len(LOOKS) * len(LOOKED_AT)
    wrong = []
    for look in played.looks:
        view = played.view(look.of, look.now, look.events)
        found = differences(report, view, look.reports[report])
        wrong += [f"{look.now} {look.of}: {one}" for one in found]
    assert not wrong, "\n".join(wrong[:40])


@pytest.mark.parametrize("report", REPORTS)
def test_behind_each_number_are_so_many_conversations_as_it_says(played, report):
    wrong = []
    with played.runtime.reading() as session:
        for name in ("two weeks", "a team, in its hours", "two people", "a tag"):
            found = _wrong_behind(played, session, report, played.filters(VIEWS[name]))
            wrong += [f"{name}: {one}" for one in found]
    assert not wrong, "\n".join(wrong[:40])


def _wrong_behind(played: Played, session: Session, report: str, filters: Filters) -> list[str]:
    now = played.desk.clock.now
    wrong = []
    numbers = list(_numbers(REPORTS[report](session, filters, now)))
    for where, value, behind in numbers[:: len(numbers) // MOST_LISTS + 1]:
        page = list_behind(session, filters, behind, now=now, limit=500)
        conversations = {row.conversation_id for row in page.rows}
        if value not in (len(page.rows), len(conversations)):
            wrong.append(f"{where}: {value}, but {len(page.rows)} behind {behind}")
    return wrong


def _numbers(found: Report) -> Iterator[tuple[str, Any, Behind]]:
    """All counts that lead to conversations."""
    for figure in found.figures:
        if figure.unit is Unit.COUNT and figure.behind and figure.value is not None:
            yield figure.key, figure.value, figure.behind
    for table in found.tables:
        for row in table.rows:
            for column, value in zip(table.columns, row.values, strict=True):
                behind = row.behind.get(column.key)
                if behind and column.unit is Unit.COUNT and value:
                    yield f"{table.key} {row.values[0]} {column.key}", value, behind


def _near(one: dict[str, Any], others: list[dict[str, Any]]) -> list[dict[str, Any] | None]:
    same = ("conversation", "clock", "started")
    found = [two for two in others if all(one[name] == two[name] for name in same)]
    return found or [None]


def _order(one: dict[str, Any]) -> tuple[Any, ...]:
    return one["started"], one["conversation"], one["clock"]


def show(differences: list[Any]) -> str:
    lines = [f"{len(differences)} differences"]
    for one, two in differences[:12]:
        if one is None or two is None:
            lines.append(f"real: {one}\nfound: {two}")
            continue
        names = [name for name in one if one[name] != two[name]]
        what = ", ".join(f"{name}: {one[name]} is {two[name]}" for name in names)
        lines.append(f"{one['conversation']} {one['clock']} {one['started']}: {what}")
    return "\n".join(lines)


def _of_wait(played: Played, wait: Wait) -> dict[str, Any]:
    agents, after = played.desk.agents, played.truth.after(wait)
    return {
        "conversation": played.conversations[wait.who, wait.conversation],
        "clock": wait.clock,
        "episode": wait.episode,
        "account": played.desk.accounts[wait.account].id,
        "team": played.desk.teams.get(wait.team or ""),
        "priority": wait.priority,
        "policy": wait.promise.id,
        "version": wait.promise.version,
        "started": wait.started,
        "state": wait.state,
        "ended": wait.ended,
        "agent": agents.get(wait.agent or ""),
        "deadline": None if wait.is_paused else wait.deadline,
        "breached": wait.breached,
        "cause": wait.cause,
        "breach_assignee": agents.get(wait.breach_assignee or ""),
        "seconds": wait.seconds,
        "business": wait.business,
        "handling": wait.handling,
        "after": after.rule if after else None,
        "after_seconds": int((wait.started - after.received).total_seconds()) if after else None,
    }


def _of_row(played: Played, row: SlaClock) -> dict[str, Any]:
    rule = (row.after_rule_id, row.after_rule_version) if row.after_rule_id else None
    return {
        "conversation": row.conversation_id,
        "clock": row.clock.value,
        "episode": row.episode,
        "account": row.account_id,
        "team": row.team_id,
        "priority": row.priority.value,
        "policy": row.policy_id,
        "version": row.policy_version,
        "started": row.started_at,
        "state": row.state.value,
        "ended": row.ended_at,
        "agent": row.agent_id,
        "deadline": None if row.paused_at else row.deadline_at,
        "breached": row.breached_at,
        "cause": row.breach_cause.value if row.breach_cause else None,
        "breach_assignee": row.breach_assignee_id,
        "seconds": row.seconds,
        "business": row.business_seconds,
        "handling": row.handling_seconds,
        "after": rule,
        "after_seconds": row.after_seconds,
    }
