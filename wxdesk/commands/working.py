"""`wxdesk worker` and `wxdesk scheduler`."""

from __future__ import annotations

import click

from wxdesk import worker
from wxdesk.commands.beginning import checked_runtime


@click.command("worker")
@click.argument("queue")
def worker_command(queue: str) -> None:
    """Run the jobs of one QUEUE: intake, outbound, timers, media, contacts, bulk or mail."""
    worker.work(checked_runtime(), queue)


@click.command()
def scheduler() -> None:
    """Ring the periodic jobs."""
    worker.schedule(checked_runtime())
