"""gunicorn around the app: threads for pages, API and webhook; gevent for /live only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask, Response, request
from gunicorn.app.base import BaseApplication
from gunicorn.config import Config

from wxdesk.app import create_app
from wxdesk.plumbing.http import problem
from wxdesk.runtime import build
from wxdesk.settings import Settings

WORKERS = 2
THREADS = 24
GRACE_SECONDS = 4
LIVE_BROWSERS = 2_000


class Server(BaseApplication):  # type: ignore[misc]
    """gunicorn configured in code; the app is made in each worker, after the fork."""

    def __init__(self, make_app: Callable[[], Flask], options: dict[str, Any]) -> None:
        self._make_app = make_app
        self._chosen = options
        super().__init__()

    def load_config(self) -> None:
        config: Config = self.cfg
        for name, value in self._chosen.items():
            config.set(name, value)

    def load(self) -> Flask:
        return self._make_app()


def serve_web(settings: Settings) -> None:
    """Serve everything until a signal; live streams only while request threads stay free."""
    options = options_for(settings) | {
        "worker_class": "gthread",
        "workers": WORKERS,
        "threads": THREADS,
        "proc_name": "wxdesk web",
    }
    Server(lambda: create_app(build(settings), live_streams=THREADS // 2), options).run()


def serve_live(settings: Settings) -> None:
    """Serve /live for many browsers in one gevent process; everything else answers 404.

    A proxy sends /live here (docs/operations.md). The signed cookie identifies the person, so this
    process never waits for the database: with gevent that would stop all browsers at once.
    """
    options = options_for(settings) | {
        "worker_class": "gevent",
        "workers": 1,
        "worker_connections": LIVE_BROWSERS,
        "proc_name": "wxdesk live",
    }
    Server(
        lambda: _live_only(create_app(build(settings), live_streams=LIVE_BROWSERS)), options
    ).run()


def options_for(settings: Settings) -> dict[str, Any]:
    """What all servers have in common."""
    return {
        "bind": settings.address,
        "graceful_timeout": GRACE_SECONDS,
        "timeout": 60,
        "keepalive": 30,
        "backlog": 2048,
        "control_socket_disable": True,
        "loglevel": "warning",
        "logger_class": "gunicorn.glogging.Logger",
        "preload_app": False,
    }


def _live_only(app: Flask) -> Flask:
    def refuse_others() -> Response | None:
        if request.path in ("/live", "/healthz"):
            return None
        return problem(404, "Not found", "this process serves /live only")

    app.before_request_funcs.setdefault(None, []).insert(0, refuse_others)
    return app
