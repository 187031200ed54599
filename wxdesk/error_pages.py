"""Errors as people and scripts see them: a page, or a problem in JSON; mapped to HTTP once."""

from __future__ import annotations

import logging
from http import HTTPStatus

from flask import Flask, Response, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import IntegrityError, OperationalError, TimeoutError
from werkzeug.exceptions import HTTPException

from wxdesk.plumbing.errors import (
    ConflictError,
    InvalidInputError,
    NotAllowedError,
    NotBuiltError,
    NotFoundError,
    UnavailableError,
    WxdeskError,
)
from wxdesk.plumbing.http import problem
from wxdesk.plumbing.requests import NulError, is_by_wechat
from wxdesk.plumbing.translation import translated
from wxdesk.words import say

logger = logging.getLogger(__name__)

TITLES = {
    403: say("Not allowed"),
    404: say("Not found"),
    409: say("Somebody was quicker"),
    422: say("Invalid input"),
    429: say("Too many tries"),
    500: say("Something went wrong"),
    501: say("Not available yet"),
    503: say("Not available at the moment"),
}
STATUS_OF: tuple[tuple[type[WxdeskError], int], ...] = (
    (InvalidInputError, 422),
    (NotFoundError, 404),
    (NotAllowedError, 403),
    (ConflictError, 409),
    (NotBuiltError, 501),
    (UnavailableError, 503),
)


def register_errors(app: Flask) -> None:
    """An error says what the person can do; nothing of it shows how the product is made."""
    app.register_error_handler(WxdeskError, _on_our_error)
    app.register_error_handler(CSRFError, _on_csrf_error)
    app.register_error_handler(NulError, _on_nul)
    app.register_error_handler(HTTPException, _on_http_error)
    app.register_error_handler(IntegrityError, _on_race)
    app.register_error_handler(OperationalError, _on_database_away)
    app.register_error_handler(TimeoutError, _on_database_away)
    app.register_error_handler(Exception, _on_bug)


def _on_our_error(error: Exception) -> Response:
    for kind, status in STATUS_OF:
        if isinstance(error, kind):
            extra = {}
            if isinstance(error, ConflictError | InvalidInputError):
                extra = dict(error.extra)
            if isinstance(error, InvalidInputError):
                extra["field"] = error.field
            detail = say("You may not do this.") if status == 403 else error.sentence
            return _show(status, translated(detail), **extra)
    return _on_bug(error)


def _on_csrf_error(_error: Exception) -> Response:
    sentence = say("This page is too old. Load it again and repeat what you did.")
    return _show(400, translated(sentence))


def _on_nul(_error: Exception) -> Response:
    sentence = say("This has a character (NUL) that is no text. Remove it and try again.")
    return _show(400, translated(sentence))


def _on_http_error(error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        return _on_bug(error)
    status = error.code or 500
    sentences = {
        401: say("Log in first."),
        403: say("You may not do this."),
        404: say("There is nothing at this address."),
        405: say("This address can't be used in this way."),
        413: say("This is too large."),
        429: say("Too many tries. Wait a minute."),
    }
    detail = sentences.get(status, error.name)
    return _show(status, translated(detail))


def _on_database_away(error: Exception) -> Response:
    logger.error("database unreachable: %s", type(error).__name__)
    sentence = say("The database can't be reached. Nothing was saved; try again in a moment.")
    return _show(503, translated(sentence))


def _on_race(error: Exception) -> Response:
    """Two did the same at once, and a unique constraint let one through."""
    logger.warning("lost a race at %s: %s", request.endpoint, type(error).__name__)
    sentence = say("Somebody else did this at the same moment. Look, and try again.")
    return _show(409, translated(sentence))


def _on_bug(error: Exception) -> Response:
    logger.error("unexpected error at %s", request.endpoint, exc_info=error)
    sentence = say("Something went wrong on our side. Nothing was saved.")
    return _show(500, translated(sentence))


def _show(status: int, detail: str, **extra: object) -> Response:
    """The same error as JSON for scripts and the island, as a page for people, text for WeChat."""
    if request.path.startswith(("/api/", "/live")):
        return problem(status, HTTPStatus(status).phrase, detail, **extra)
    if is_by_wechat(request):  # no session there, and nobody who reads pages
        return Response(HTTPStatus(status).phrase, status=status, mimetype="text/plain")
    title = translated(TITLES.get(status, say("This did not work")))
    page = render_template("error.html", status=status, title=title, detail=detail)
    return Response(page, status=status, mimetype="text/html")
