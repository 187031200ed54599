"""The browser's own files, under an address that changes with them: asked for once a release."""

from __future__ import annotations

import hashlib
from functools import cache
from http import HTTPStatus
from pathlib import Path
from posixpath import normpath

from flask import Flask, Request, Response, g, send_from_directory
from flask_compress import Compress, DictCache

KEPT_SECONDS = 365 * 24 * 3600
TEXTS = (
    "text/css",
    "text/javascript",
    "application/javascript",  # as Python says where the system has no table of its own
    "application/json",
    "image/svg+xml",
)
ADDRESSES = ("/static/v-<release>/<path:filename>", "/static/<path:filename>")


class StaticFiles:
    """Serves a folder at /static/v-RELEASE/, where modules find each other by relative imports.

    Browsers keep what is under this release. Under another one (of a page that was opened before
    an upgrade) and under none they get what is there now, and ask each time whether it changed.
    """

    def __init__(self, app: Flask, folder: Path) -> None:
        self._folder = folder
        self._release = digest_of(folder)
        app.config.update(
            COMPRESS_REGISTER=False,  # these files only
            COMPRESS_MIMETYPES=TEXTS,
            COMPRESS_CACHE_BACKEND=DictCache,  # the folder's files as they are: it can't grow
            COMPRESS_CACHE_KEY=_file,
        )
        self.compress = Compress(app)
        for address in ADDRESSES:
            app.add_url_rule(address, "static", self._send)

    def address(self, filename: str) -> str:
        """Where browsers find the file in this release. Raises FileNotFoundError."""
        if not (self._folder / filename).is_file():
            raise FileNotFoundError(filename)
        return f"/static/v-{self._release}/{filename}"

    def _send(self, filename: str, release: str = "") -> Response:
        response = send_from_directory(self._folder, filename)
        if release == self._release:
            response.headers["Cache-Control"] = f"public, max-age={KEPT_SECONDS}, immutable"
        response.vary.add("Accept-Encoding")
        if response.mimetype in TEXTS and response.status_code == HTTPStatus.OK:
            response.direct_passthrough = False
            response.make_sequence()  # whole, so that it is compressed once and not each time
            g.static_file = f"{normpath(filename)} {response.get_etag()[0]}"
            return self.compress.after_request(response)
        return response


@cache
def digest_of(folder: Path) -> str:
    """Twelve hexadecimal digits of all that lies in the folder."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(str(path.relative_to(folder)).encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:12]


def _file(_request: Request) -> str:
    """However the address spells it; a changed file is another one."""
    return str(g.static_file)
