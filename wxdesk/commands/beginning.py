"""How every command begins: settings, logs, the runtime, the schema."""

from __future__ import annotations

import os

import click

from wxdesk import all_models, supervisor
from wxdesk.media.store import store_at
from wxdesk.plumbing import logs
from wxdesk.runtime import Runtime, build
from wxdesk.settings import Settings, load

MODELS = all_models.MODELS  # a table is found by those that refer to it once its module is loaded


def read_settings(bind: str | None = None) -> Settings:
    """From the environment; ConfigurationError with everything that is wrong."""
    if bind:
        os.environ["WXDESK_BIND"] = bind
    settings = load()
    store_at(settings.media_url)  # a wrong address is said here, not at the first file
    logs.configure(settings.log_format, "wxdesk")
    return settings


def checked_runtime() -> Runtime:
    """For commands that need the schema; says so when it is old."""
    runtime = build(read_settings())
    supervisor.check_schema(runtime.engine)
    return runtime


def say(text: str) -> None:
    click.echo(text, err=True)
