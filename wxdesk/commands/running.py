"""`wxdesk up` and `wxdesk migrate`."""

from __future__ import annotations

import sys

import click

from wxdesk import supervisor
from wxdesk.commands.beginning import read_settings, say
from wxdesk.runtime import build


@click.command()
@click.option("--bind", metavar="ADDRESS:PORT", help="Instead of WXDESK_BIND.")
def up(bind: str | None) -> None:
    """Run everything in one process tree, until Ctrl-C."""
    settings = read_settings(bind)
    tree = supervisor.prepare(settings, build(settings).engine, say)
    try:
        tree.start_all()
        say(f"wxdesk is starting at {settings.public_url}")
        code = tree.watch()
    finally:
        tree.stop_all()
    sys.exit(code)


@click.command()
def migrate() -> None:
    """Bring the database schema to this version."""
    pending = supervisor.migrate(build(read_settings()).engine)
    click.echo(f"migrated: {', '.join(pending)}" if pending else "the schema is at head")
