"""`wxdesk web` and `wxdesk live`."""

from __future__ import annotations

import os
import sys

import click

from wxdesk import supervisor, web_server
from wxdesk.commands.beginning import read_settings
from wxdesk.runtime import build


@click.command()
@click.option("--bind", metavar="ADDRESS:PORT", help="Instead of WXDESK_BIND.")
def web(bind: str | None) -> None:
    """Serve pages, API and webhook."""
    settings = read_settings(bind)
    supervisor.check_schema(build(settings).engine)
    web_server.serve_web(settings)


@click.command()
@click.option("--bind", metavar="ADDRESS:PORT", help="Instead of WXDESK_BIND.")
def live(bind: str | None) -> None:
    """Serve /live only, for many browsers behind a proxy."""
    read_settings(bind)  # a wrong one is said here, in plain sentences
    os.execv(sys.executable, [sys.executable, "-m", "wxdesk.live_server"])  # noqa: S606
