"""The `wxdesk bench` commands."""

from __future__ import annotations

import json
from typing import Any

import click

from wxdesk.bench import drain as drain_bench
from wxdesk.bench import fuzz as fuzz_bench
from wxdesk.bench import inbox as inbox_bench
from wxdesk.bench import intake as intake_bench
from wxdesk.bench import keywords as keywords_bench
from wxdesk.bench import reports as reports_bench
from wxdesk.bench import search as search_bench
from wxdesk.bench import sla as sla_bench
from wxdesk.bench.history import SIZES

DATABASES = ("sqlite", "postgresql")


@click.group()
def bench() -> None:
    """Measure speed against a throw-away instance, with a baseline in the same run."""


@bench.command()
@click.option("--size", default=10_000, show_default=True, type=click.IntRange(100, 1_000_000))
@click.option("--database", type=click.Choice(DATABASES), multiple=True, default=DATABASES)
@click.option("--json", "as_json", is_flag=True)
def drain(size: int, database: tuple[str, ...], as_json: bool) -> None:
    """Messages recorded a second, with everything that recording does."""
    _print([drain_bench.measure(name, size) for name in database], as_json=as_json)


@bench.command()
@click.option("--size", default=10_000, show_default=True, type=click.IntRange(200, 200_000))
@click.option("--seconds", default=60.0, show_default=True, help="In which --size pushes arrive.")
@click.option("--database", type=click.Choice(DATABASES), multiple=True, default=("sqlite",))
@click.option(
    "--fuzz-seconds",
    default=0.0,
    type=click.FloatRange(0, 24 * 3600),
    help="Instead: throw bodies at it that WeChat would never send, for so long.",
)
@click.option("--json", "as_json", is_flag=True)
def intake(
    size: int,
    seconds: float,
    database: tuple[str, ...],
    fuzz_seconds: float,
    as_json: bool,
) -> None:
    """The webhook under a mixed event, as a ratio to a bare Flask view on the same server."""
    if fuzz_seconds:
        result = fuzz_bench.measure(fuzz_seconds)
        _print([result], as_json=as_json)
        if not fuzz_bench.is_clean(result):
            raise click.ClickException("the webhook answered badly: see above")
        return
    results = [intake_bench.measure(name, size, seconds) for name in database]
    _print(results, as_json=as_json)


@bench.command()
@click.option("--keywords", default=10_000, show_default=True, type=click.IntRange(1_000, 200_000))
@click.option("--json", "as_json", is_flag=True)
def rules(keywords: int, as_json: bool) -> None:
    """Finding the auto-reply rule for a message, as a ratio to trying each keyword."""
    _print([keywords_bench.measure(keywords)], as_json=as_json)


@bench.command()
@click.option(
    "--size", default=1_000_000, show_default=True, type=click.IntRange(1_000, 10_000_000)
)
@click.option("--database", type=click.Choice(DATABASES), multiple=True, default=DATABASES)
@click.option("--json", "as_json", is_flag=True)
def search(size: int, database: tuple[str, ...], as_json: bool) -> None:
    """Searching everything ever written, as a ratio to a scan with LIKE; building the index."""
    _print([search_bench.measure(name, size) for name in database], as_json=as_json)


@bench.command()
@click.option("--size", type=click.Choice(sorted(SIZES)), default="full", show_default=True)
@click.option("--seconds", default=60.0, show_default=True, help="So long messages arrive.")
@click.option("--database", type=click.Choice(DATABASES), multiple=True, default=("sqlite",))
@click.option(
    "--baseline/--no-baseline",
    default=True,
    help="Install django-helpdesk for the moment and time its ticket list.",
)
@click.option("--json", "as_json", is_flag=True)
def inbox(
    size: str, seconds: float, database: tuple[str, ...], *, baseline: bool, as_json: bool
) -> None:
    """Twenty agents at work in a desk with 1,000,000 messages while 50 a second arrive."""
    results = [inbox_bench.measure(name, size, seconds, has_baseline=baseline) for name in database]
    _print(results, as_json=as_json)


@bench.command()
@click.option(
    "--size",
    default=(100_000, 1_000_000),
    show_default=True,
    multiple=True,
    type=click.IntRange(1_000, 10_000_000),
    help="Messages; the growth is from the first to the last.",
)
@click.option("--runs", default=5, show_default=True, type=click.IntRange(1, 100))
@click.option("--database", type=click.Choice(DATABASES), multiple=True, default=DATABASES)
@click.option("--json", "as_json", is_flag=True)
def reports(size: tuple[int, ...], runs: int, database: tuple[str, ...], *, as_json: bool) -> None:
    """Every report of 90 days, with each period and filter, and how its time grows."""
    _print([reports_bench.measure(name, size, runs) for name in database], as_json=as_json)


@bench.command()
@click.option("--size", default=10_000, show_default=True, type=click.IntRange(100, 100_000))
@click.option("--database", type=click.Choice(DATABASES), multiple=True, default=DATABASES)
@click.option("--json", "as_json", is_flag=True)
def sla(size: int, database: tuple[str, ...], *, as_json: bool) -> None:
    """Deadlines due together: how late each is noticed; a quiet check against a full scan."""
    _print([sla_bench.measure(name, size) for name in database], as_json=as_json)


def _print(results: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(results, ensure_ascii=False))
        return
    for result in results:
        click.echo("")
        for name, value in result.items():
            click.echo(f"  {name.replace('_', ' '):<34} {value}")
