"""`wxdesk backup` and `wxdesk restore`: not in this version yet."""

from __future__ import annotations

import click

from wxdesk.plumbing.errors import NotBuiltError


@click.command()
@click.argument("path")
def backup(path: str) -> None:
    """Not in this version yet."""
    _not_built("backup", path)


@click.command()
@click.argument("path")
def restore(path: str) -> None:
    """Not in this version yet."""
    _not_built("restore", path)


def _not_built(command: str, path: str) -> None:
    raise NotBuiltError(
        f"`wxdesk {command} {path}` is not in this version yet; "
        "docs/operations.md says how to copy the data directory"
    )
