"""`wxdesk add-account`, `create-agent` and `create-token`."""

from __future__ import annotations

import getpass
import sys
from typing import Any

import click

from wxdesk.accounts.operations import create_account
from wxdesk.accounts.rules import AccountForm, AccountType, Mode
from wxdesk.agents.operations import AgentForm, create_agent
from wxdesk.agents.operations import create_token as make_token
from wxdesk.agents.queries import team_ids
from wxdesk.agents.rules import CAPACITY, Role
from wxdesk.commands.beginning import checked_runtime
from wxdesk.settings import LOCALES


@click.command("add-account")
@click.option("--slug", required=True, help="Part of the webhook's address.")
@click.option("--name", required=True)
@click.option("--original-id", required=True, help="gh_… of the console's account page.")
@click.option("--app-id", required=True)
@click.option("--app-secret", required=True)
@click.option("--token", required=True)
@click.option("--aes-key", default=None, help="EncodingAESKey, 43 characters.")
@click.option("--mode", type=click.Choice([mode.value for mode in Mode]), default="plain")
@click.option(
    "--type", "kind", type=click.Choice([kind.value for kind in AccountType]), default="service"
)
@click.option("--unverified", is_flag=True, help="The account has no customer-service API.")
def add_account(mode: str, kind: str, unverified: bool, **texts: str) -> None:
    """Add an official account; prints its webhook URL."""
    runtime = checked_runtime()
    form = AccountForm(
        **texts, mode=Mode(mode), account_type=AccountType(kind), is_verified=not unverified
    )
    with runtime.unit_of_work() as uow:
        create_account(uow, runtime.vault, form)
    click.echo(f"{runtime.settings.public_url}/wechat/{form.slug}")


@click.command("create-agent")
@click.option("--email", required=True)
@click.option("--name", required=True)
@click.option("--role", required=True, type=click.Choice([role.value for role in Role]))
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--locale", type=click.Choice(LOCALES), default="zh_CN", show_default=True)
@click.option("--capacity", type=int, default=CAPACITY, show_default=True)
@click.option("--team", "teams", multiple=True, help="Name of a team; once for each.")
def create_agent_command(password_stdin: bool, teams: tuple[str, ...], **values: Any) -> None:
    """Add a person who can log in."""
    runtime = checked_runtime()
    password = sys.stdin.readline().rstrip("\n") if password_stdin else getpass.getpass()
    email = values["email"]
    with runtime.unit_of_work() as uow:
        form = AgentForm(
            email,
            values["name"],
            Role(values["role"]),
            password,
            values["locale"],
            capacity=values["capacity"],
            team_ids=team_ids(uow.session, teams),
        )
        create_agent(uow, form)
    click.echo(f"{email} can log in at {runtime.settings.public_url}/login")


@click.command("create-token")
@click.option("--email", required=True, help="Of the person whose rights the token has.")
@click.option("--name", required=True, help="What it is for.")
def create_token(email: str, name: str) -> None:
    """Make an API token; it is printed once."""
    with checked_runtime().unit_of_work() as uow:
        token = make_token(uow, email=email, name=name)
    click.echo(f"keep this token, it is not shown again: {token}")
