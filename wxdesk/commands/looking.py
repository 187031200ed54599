"""`wxdesk doctor` and `wxdesk routes`."""

from __future__ import annotations

import sys

import click

from wxdesk import doctor as doctor_parts
from wxdesk.agents.access import permission_of
from wxdesk.app import create_app
from wxdesk.commands.beginning import read_settings
from wxdesk.runtime import build


@click.command()
def doctor() -> None:
    """Say what is wrong and how to mend it; exit 1 if anything is."""
    findings = list(doctor_parts.examine(build(read_settings())))
    for finding in findings:
        mark = "ok  " if finding.is_good else "BAD "
        click.echo(f"{mark}{finding.name:<26} {finding.state}")
        if not finding.is_good:
            click.echo(f"    → {finding.advice}")
    sys.exit(0 if all(finding.is_good for finding in findings) else 1)


@click.command()
def routes() -> None:
    """Every URL with the permission it asks for."""
    app = create_app(build(read_settings()))
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        methods = ",".join(sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}))
        click.echo(f"{methods:<9} {rule.rule:<55} {permission_of(app, rule.endpoint)}")
