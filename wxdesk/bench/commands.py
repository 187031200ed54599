"""The `wxdesk bench` commands."""

from __future__ import annotations

import click


@click.group()
def bench() -> None:
    """Measure speed against a throw-away instance, with a baseline in the same run."""
