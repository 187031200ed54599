"""The first report: how the desk stands now, and how the period went."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from wxdesk.reports.buckets import backlog_table, buckets_of, volume_table
from wxdesk.reports.clock_figures import (
    total,
    waits_by,
)
from wxdesk.reports.duration_parts import (
    ATTAINMENT,
    CLOCKS_OF,
    LONGEST,
    MEASURES,
    MEDIAN,
    P90,
    P95,
    PROMISES,
    behind_durations,
    behind_promises,
    business_notes,
    duration_values,
    promise_values,
)
from wxdesk.reports.flows import waiting_at_end
from wxdesk.reports.groups import NO_MESSAGES
from wxdesk.reports.local_time import quarters_of
from wxdesk.reports.overview_numbers import NUMBERS, Numbers
from wxdesk.reports.partial import partial_notes
from wxdesk.reports.parts import CLOCKS, Pair, compared
from wxdesk.reports.rules import (
    Behind,
    Column,
    Figure,
    Filters,
    Report,
    Row,
    Table,
    Unit,
)
from wxdesk.reports.standing import read_standing
from wxdesk.reports.standing_figures import standing_figures
from wxdesk.reports.volumes import Volumes, count_all, has_messages
from wxdesk.reports.wrong_hits import count_wrong_hits
from wxdesk.words import say

THIS, EARLIER = say("This period"), say("The one before")
NO_AGENT_MESSAGES = say(
    "With a filter by agent only the answers of these people are counted among the messages."
)
WHOLE_LOAD = say(
    "Who is online now and their load are the same for every account and tag: all of their"
    " conversations count."
)
NOTHING = say("Nothing has come in during this period.")


def build(session: Session, filters: Filters, now: datetime) -> Report:
    """The report "overview"."""
    pair = compared(filters, now, lambda wanted: _read(session, wanted, now))
    buckets = buckets_of(filters.period)
    return Report(
        name="overview",
        title=say("Overview"),
        figures=(
            *standing_figures(read_standing(session, filters, now)),
            *_period(pair, _behind_backlog(filters, now)),
        ),
        tables=(
            volume_table(session, filters, buckets),
            backlog_table(session, filters, now, buckets),
            _durations(pair),
            _promises(pair),
        ),
        notes=(*_notes(filters, pair.now), *partial_notes(session, filters)),
        as_of=now,
    )


def _read(session: Session, filters: Filters, now: datetime) -> Numbers:
    volumes = count_all(session, filters) if has_messages(filters) else Volumes()
    has_all = has_messages(filters) and not filters.agent_ids
    found = waits_by(session, filters, now)
    return Numbers(
        received=volumes.received if has_all else None,
        auto_answered=volumes.auto_answered if has_all else None,
        by_rules=volumes.by_rules if has_all else None,
        by_people=volumes.by_people if has_messages(filters) else None,
        wrong_hits=count_wrong_hits(session, filters)[()],
        waits={clock: waits for (clock, _), waits in found.items()},
        durations={
            measure: duration_values(total(found, *clocks)) for measure, clocks in CLOCKS_OF.items()
        },
        waiting_at_end=waiting_at_end(session, filters, now),
    )


def _behind_backlog(filters: Filters, now: datetime) -> Behind:
    """Who waited when the period ended, or who waits now while it is not over."""
    if filters.period.until > now:
        return Behind("waiting", {"clock": "responses"})
    return Behind("backlog", {"at": str(quarters_of(filters.period).stop)})


def _period(pair: Pair[Numbers], backlog: Behind) -> tuple[Figure, ...]:
    return tuple(
        Figure(
            key=it.key,
            label=it.label,
            definition=it.definition,
            value=it.take(pair.now),
            unit=it.unit,
            before=pair.earlier(it.take),
            behind=backlog if it.key == "waiting_at_end" else it.behind,
            is_good_when_higher=it.is_good_when_higher,
        )
        for it in NUMBERS
    )


def _durations(pair: Pair[Numbers]) -> Table:
    """How long things took, this period beside the one before."""
    rows = []
    for measure in MEASURES:
        behind = {
            key.removeprefix(f"{measure.key}_"): one
            for key, one in behind_durations(measure, {}).items()
        }
        values = (measure.name, THIS, *pair.now.durations[measure])
        rows.append(Row(values, behind))
        if pair.before is not None:
            rows.append(Row((measure.name, EARLIER, *pair.before.durations[measure])))
    return Table(
        key="durations",
        title=say("How long it took"),
        columns=(
            Column("measure", say("Duration"), Unit.TEXT),
            Column("period", say("Period"), Unit.TEXT),
            Column("count", say("How many"), Unit.COUNT, say("How many have ended so.")),
            Column("median", say("Median"), Unit.SECONDS, MEDIAN),
            Column("p90", say("p90"), Unit.SECONDS, P90),
            Column("p95", say("p95"), Unit.SECONDS, P95),
            Column("longest", say("Longest"), Unit.SECONDS, LONGEST),
        ),
        rows=tuple(rows),
    )


def _promises(pair: Pair[Numbers]) -> Table:
    rows = []
    for clock, name in CLOCKS.items():
        earlier = pair.earlier(lambda it, clock=clock: it.of(clock).attainment.share)  # type: ignore[misc]
        values = (name, *promise_values(pair.now.of(clock)), earlier)
        rows.append(Row(values, behind_promises(clock.value, {})))
    return Table(
        key="promises",
        title=say("Promises"),
        columns=(
            Column("clock", say("Promise"), Unit.TEXT),
            *PROMISES,
            Column("share_before", say("In the period before"), Unit.SHARE, ATTAINMENT),
        ),
        rows=tuple(rows),
    )


def _notes(filters: Filters, it: Numbers) -> tuple[str, ...]:
    notes = []
    if not it.received and not it.by_people and not it.waits:
        notes.append(NOTHING)
    if not has_messages(filters):
        notes.append(NO_MESSAGES)
    elif filters.agent_ids:
        notes.append(NO_AGENT_MESSAGES)
    if filters.account_ids or filters.tag_ids:
        notes.append(WHOLE_LOAD)
    return (*notes, *business_notes(filters, it.waits.values()))
