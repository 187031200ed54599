"""`wxdesk simulator`."""

from __future__ import annotations

from pathlib import Path

import click

from wxdesk import supervisor
from wxdesk.plumbing import logs
from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.simulator.customers import start as start_customers
from wxdesk.simulator.platform import Platform
from wxdesk.simulator.server import run as run_simulator


@click.command()
@click.option("--bind", default="127.0.0.1:8001", show_default=True, metavar="ADDRESS:PORT")
@click.option("--storage", type=click.Path(dir_okay=False, path_type=Path), default=None)
@click.option("--write-every", type=float, default=0, help="Seconds between scripted messages.")
def simulator(bind: str, storage: Path | None, write_every: float) -> None:
    """Stand for WeChat: API, pushes and a phone page."""
    host, _, port = bind.rpartition(":")
    if not host or not port.isdecimal():
        raise InvalidInputError("bind", f"{bind!r} is not ADDRESS:PORT")
    supervisor.check_port(host, int(port), "--bind")
    logs.configure("text", "simulator")
    platform = Platform(storage=storage)
    if write_every > 0:
        start_customers(platform, every_seconds=write_every)
    run_simulator(platform, host, int(port))
