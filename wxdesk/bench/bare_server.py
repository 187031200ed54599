"""The baseline of `wxdesk bench intake`: a Flask view that answers `success`, same server."""

from __future__ import annotations

import sys

from flask import Flask, Response, request

from wxdesk.settings import load
from wxdesk.web_server import THREADS, WORKERS, Server, options_for


def make_app() -> Flask:
    app = Flask("bare")

    @app.post("/wechat/<slug>")
    def receive(slug: str) -> Response:
        request.get_data(cache=False)
        return Response("success", mimetype="text/plain")

    return app


if __name__ == "__main__":
    options = options_for(load({"WXDESK_DATA_DIR": sys.argv[1], "WXDESK_BIND": sys.argv[2]}))
    options |= {"worker_class": "gthread", "workers": WORKERS, "threads": THREADS}
    Server(make_app, options).run()
