"""Every command of `wxdesk`."""

from __future__ import annotations

import getpass
import os
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from wxdesk import demo as demo_parts
from wxdesk import doctor as doctor_parts
from wxdesk import supervisor, web_server, worker
from wxdesk.accounts.operations import create_account
from wxdesk.accounts.rules import AccountForm, AccountType, Mode
from wxdesk.agents.access import permission_of
from wxdesk.agents.operations import AgentForm, create_agent
from wxdesk.agents.operations import create_token as make_token
from wxdesk.agents.queries import team_ids
from wxdesk.agents.rules import CAPACITY, Role
from wxdesk.app import create_app
from wxdesk.bench.commands import bench
from wxdesk.demo_stories import tell_stories
from wxdesk.media.store import store_at
from wxdesk.plumbing import logs
from wxdesk.plumbing.errors import (
    ConfigurationError,
    InvalidInputError,
    NotBuiltError,
    UnavailableError,
    WxdeskError,
)
from wxdesk.runtime import Runtime, build
from wxdesk.settings import LOCALES, Settings, load
from wxdesk.simulator.customers import start as start_customers
from wxdesk.simulator.platform import Platform
from wxdesk.simulator.server import run as run_simulator
from wxdesk.supervisor import CONFIGURATION_EXIT, UNAVAILABLE_EXIT


class Group(click.Group):
    """Turns our errors into plain sentences and exit codes."""

    def invoke(self, context: click.Context) -> object:
        try:
            return super().invoke(context)
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


def _settings(bind: str | None = None) -> Settings:
    if bind:
        os.environ["WXDESK_BIND"] = bind
    settings = load()
    store_at(settings.media_url)  # a wrong address is said here, not at the first file
    logs.configure(settings.log_format, "wxdesk")
    return settings


def _say(text: str) -> None:
    click.echo(text, err=True)


def _runtime() -> Runtime:
    """For commands that need the schema; says so when it is old."""
    runtime = build(_settings())
    supervisor.check_schema(runtime.engine)
    return runtime


@main.command()
@click.option("--bind", metavar="ADDRESS:PORT", help="Instead of WXDESK_BIND.")
def up(bind: str | None) -> None:
    """Run everything in one process tree, until Ctrl-C."""
    settings = _settings(bind)
    tree = supervisor.prepare(settings, build(settings).engine, _say)
    try:
        tree.start_all()
        _say(f"wxdesk is starting at {settings.public_url}")
        code = tree.watch()
    finally:
        tree.stop_all()
    sys.exit(code)


@main.command()
@click.option("--bind", metavar="ADDRESS:PORT", help="Instead of WXDESK_BIND.")
@click.option("--simulator-bind", metavar="ADDRESS:PORT", help="Default: the next port.")
def demo(bind: str | None, simulator_bind: str | None) -> None:
    """Run everything with the WeChat simulator, demo people, rules and writing customers."""
    settings = _settings(bind)
    demo_parts.refuse_public_address(settings)
    host, _, port = (simulator_bind or f"{settings.host}:{settings.port + 1}").rpartition(":")
    if not port.isdecimal() or host not in demo_parts.LOOPBACK:
        raise InvalidInputError("simulator_bind", "ADDRESS:PORT on this machine, please")
    supervisor.check_port(host, int(port), "--simulator-bind")
    url = f"http://{host}:{port}"
    settings = replace(settings, wechat_api_url=url)
    runtime = build(settings)
    child = demo_parts.simulator_child(host, int(port), settings)
    tree = supervisor.prepare(settings, runtime.engine, _say, [child])
    try:
        demo_parts.seed(runtime, is_furnished=True)
        tree.start_all()
        demo_parts.introduce(runtime, url)
        for line in demo_parts.greeting(settings, url):
            click.echo(line)
        threading.Thread(target=tell_stories, args=(runtime, url), daemon=True).start()
        code = tree.watch()
    finally:
        tree.stop_all()
    sys.exit(code)


@main.command()
@click.option("--bind", metavar="ADDRESS:PORT", help="Instead of WXDESK_BIND.")
def web(bind: str | None) -> None:
    """Serve pages, API and webhook."""
    settings = _settings(bind)
    supervisor.check_schema(build(settings).engine)
    web_server.serve_web(settings)


@main.command()
@click.option("--bind", metavar="ADDRESS:PORT", help="Instead of WXDESK_BIND.")
def live(bind: str | None) -> None:
    """Serve /live only, for many browsers behind a proxy."""
    _settings(bind)  # a wrong one is said here, in plain sentences
    os.execv(sys.executable, [sys.executable, "-m", "wxdesk.live_server"])  # noqa: S606


@main.command("worker")
@click.argument("queue")
def worker_command(queue: str) -> None:
    """Run the jobs of one QUEUE: intake, outbound, timers, media or contacts."""
    worker.work(_runtime(), queue)


@main.command()
def scheduler() -> None:
    """Ring the periodic jobs."""
    worker.schedule(_runtime())


@main.command()
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


@main.command()
def migrate() -> None:
    """Bring the database schema to this version."""
    pending = supervisor.migrate(build(_settings()).engine)
    click.echo(f"migrated: {', '.join(pending)}" if pending else "the schema is at head")


@main.command()
def doctor() -> None:
    """Say what is wrong and how to mend it; exit 1 if anything is."""
    findings = list(doctor_parts.examine(build(_settings())))
    for finding in findings:
        mark = "ok  " if finding.is_good else "BAD "
        click.echo(f"{mark}{finding.name:<26} {finding.state}")
        if not finding.is_good:
            click.echo(f"    → {finding.advice}")
    sys.exit(0 if all(finding.is_good for finding in findings) else 1)


@main.command()
def routes() -> None:
    """Every URL with the permission it asks for."""
    app = create_app(build(_settings()))
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        methods = ",".join(sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}))
        click.echo(f"{methods:<9} {rule.rule:<55} {permission_of(app, rule.endpoint)}")


@main.command("add-account")
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
    runtime = _runtime()
    form = AccountForm(
        **texts, mode=Mode(mode), account_type=AccountType(kind), is_verified=not unverified
    )
    with runtime.unit_of_work() as uow:
        create_account(uow, runtime.vault, form)
    click.echo(f"{runtime.settings.public_url}/wechat/{form.slug}")


@main.command("create-agent")
@click.option("--email", required=True)
@click.option("--name", required=True)
@click.option("--role", required=True, type=click.Choice([role.value for role in Role]))
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--locale", type=click.Choice(LOCALES), default="zh_CN", show_default=True)
@click.option("--capacity", type=int, default=CAPACITY, show_default=True)
@click.option("--team", "teams", multiple=True, help="Name of a team; once for each.")
def create_agent_command(password_stdin: bool, teams: tuple[str, ...], **values: Any) -> None:
    """Add a person who can log in."""
    runtime = _runtime()
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


@main.command("create-token")
@click.option("--email", required=True, help="Of the person whose rights the token has.")
@click.option("--name", required=True, help="What it is for.")
def create_token(email: str, name: str) -> None:
    """Make an API token; it is printed once."""
    with _runtime().unit_of_work() as uow:
        token = make_token(uow, email=email, name=name)
    click.echo(f"keep this token, it is not shown again: {token}")


@main.command()
@click.argument("path")
def backup(path: str) -> None:
    """Not in this version yet."""
    _not_built("backup", path)


@main.command()
@click.argument("path")
def restore(path: str) -> None:
    """Not in this version yet."""
    _not_built("restore", path)


def _not_built(command: str, path: str) -> None:
    raise NotBuiltError(
        f"`wxdesk {command} {path}` is not in this version yet; "
        "docs/operations.md says how to copy the data directory"
    )


main.add_command(bench)
