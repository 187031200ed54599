"""Every command of `wxdesk`; a command's module is loaded when it is called."""

from __future__ import annotations

import os
import sys
from pkgutil import resolve_name

import click

from wxdesk.plumbing.errors import (
    CONFIGURATION_EXIT,
    UNAVAILABLE_EXIT,
    ConfigurationError,
    InvalidInputError,
    UnavailableError,
    WxdeskError,
)

COMMANDS = {
    "up": "wxdesk.commands.running:up",
    "demo": "wxdesk.commands.showing:demo",
    "web": "wxdesk.commands.serving:web",
    "live": "wxdesk.commands.serving:live",
    "worker": "wxdesk.commands.working:worker_command",
    "scheduler": "wxdesk.commands.working:scheduler",
    "simulator": "wxdesk.commands.simulating:simulator",
    "migrate": "wxdesk.commands.running:migrate",
    "doctor": "wxdesk.commands.looking:doctor",
    "routes": "wxdesk.commands.looking:routes",
    "add-account": "wxdesk.commands.adding:add_account",
    "create-agent": "wxdesk.commands.adding:create_agent_command",
    "create-token": "wxdesk.commands.adding:create_token",
    "bench": "wxdesk.bench.commands:bench",
    "backup": "wxdesk.commands.copying:backup",
    "restore": "wxdesk.commands.copying:restore",
}


class Group(click.Group):
    """Loads what is called; turns our errors into plain sentences and exit codes."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        path = COMMANDS.get(cmd_name)
        return resolve_name(path) if path else None

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except ConfigurationError as error:
            for problem in error.problems:
                click.echo(f"wxdesk: {problem}", err=True)
            sys.exit(CONFIGURATION_EXIT)
        except UnavailableError as error:
            click.echo(f"wxdesk: {error.sentence}", err=True)
            sys.exit(UNAVAILABLE_EXIT)
        except InvalidInputError as error:
            option = error.field.replace("_", "-")
            click.echo(f"wxdesk: --{option}: {error.sentence}", err=True)
            sys.exit(2)
        except WxdeskError as error:
            click.echo(f"wxdesk: {error.sentence}", err=True)
            sys.exit(1)


@click.group(cls=Group)
@click.version_option(package_name="wxdesk")
def main() -> None:
    """The customer-service desk for WeChat official accounts."""
    os.umask(0o077)  # whatever we write is for this user only
