"""`wxdesk demo`."""

from __future__ import annotations

import sys
import threading
from dataclasses import replace

import click

from wxdesk import demo as demo_parts
from wxdesk import supervisor
from wxdesk.commands.beginning import read_settings, say
from wxdesk.demo_stories import tell_stories
from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.runtime import build


@click.command()
@click.option("--bind", metavar="ADDRESS:PORT", help="Instead of WXDESK_BIND.")
@click.option("--simulator-bind", metavar="ADDRESS:PORT", help="Default: the next port.")
def demo(bind: str | None, simulator_bind: str | None) -> None:
    """Run everything with the WeChat simulator, demo people, rules and writing customers."""
    settings = read_settings(bind)
    demo_parts.refuse_public_address(settings)
    host, _, port = (simulator_bind or f"{settings.host}:{settings.port + 1}").rpartition(":")
    if not port.isdecimal() or host not in demo_parts.LOOPBACK:
        raise InvalidInputError("simulator_bind", "ADDRESS:PORT on this machine, please")
    supervisor.check_port(host, int(port), "--simulator-bind")
    url = f"http://{host}:{port}"
    settings = replace(settings, wechat_api_url=url)
    runtime = build(settings)
    child = demo_parts.simulator_child(host, int(port), settings)
    tree = supervisor.prepare(settings, runtime.engine, say, [child])
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
