"""Who makes a request and whether they may: sessions, API tokens, permissions. Deny by default.

Every endpoint is marked with `@requires("permission")`, `@logged_in`,
`@signed_session` or `@public`; an app with an
unmarked endpoint does not start (`check_marks`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, abort, g, redirect, request, session, url_for
from werkzeug.wrappers import Response

from wxdesk.agents.queries import Person, find_person, find_person_by_token
from wxdesk.agents.rules import ALL_PERMISSIONS
from wxdesk.plumbing.errors import NotAllowedError
from wxdesk.runtime import current

View = TypeVar("View", bound=Callable[..., Any])

PUBLIC = "public"
LOGGED_IN = "logged in"
SIGNED_SESSION = "signed session"
MARK = "wxdesk_permission"
BEARER = "Bearer "


def requires(permission: str) -> Callable[[View], View]:
    """The endpoint is for people with this permission."""
    if permission not in ALL_PERMISSIONS:
        raise ValueError(f"no role has the permission {permission!r}")
    return _marked(permission)


def public(view: View) -> View:
    """The endpoint is for everybody, without log-in."""
    return _marked(PUBLIC)(view)


def logged_in(view: View) -> View:
    """The endpoint is for everybody who is logged in."""
    return _marked(LOGGED_IN)(view)


def signed_session(view: View) -> View:
    """The endpoint trusts the signed cookie alone and asks no database.

    Only for what gives nothing away: it does not notice that a person was deactivated.
    """
    return _marked(SIGNED_SESSION)(view)


def permission_of(app: Flask, endpoint: str) -> str:
    """What the endpoint asks for; KeyError when it is not marked."""
    if endpoint == "static":
        return PUBLIC
    mark = getattr(app.view_functions[endpoint], MARK, None)
    if mark is None:
        raise KeyError(f"endpoint {endpoint} names no permission")
    return str(mark)


def check_marks(app: Flask) -> None:
    """Refuse to start with an endpoint that names no permission."""
    for rule in app.url_map.iter_rules():
        permission_of(app, rule.endpoint)


def gate(app: Flask) -> Callable[[], Response | None]:
    """The before_request step that lets in or turns away."""

    def check() -> Response | None:
        g.person = None
        if request.endpoint is None:
            g.person = _by_session()  # a 404 or 405 page follows, with the person's menu
            return None
        permission = permission_of(app, request.endpoint)
        if permission == PUBLIC:
            return None
        if permission == SIGNED_SESSION:
            return None if isinstance(session.get("agent_id"), int) else _turn_away()
        g.person = _identify()
        if g.person is None:
            return _turn_away()
        if permission != LOGGED_IN and not g.person.may(permission):
            raise NotAllowedError(permission)
        return None

    return check


def person() -> Person:
    """Whoever makes this request; only behind a marked, non-public endpoint."""
    found: Person = g.person
    return found


def find_logged_in() -> Person | None:
    """The person of the browser session, if any: for public pages such as log-in."""
    return _by_session()


def uses_token() -> bool:
    """True for a request with an API token: such a request needs no CSRF token."""
    return request.headers.get("Authorization", "").startswith(BEARER)


def begin_session(agent_id: int, session_epoch: int) -> None:
    session.clear()
    session.permanent = True
    session["agent_id"] = agent_id
    session["epoch"] = session_epoch


def _identify() -> Person | None:
    if uses_token():
        with current().reading() as reading:
            token = request.headers["Authorization"].removeprefix(BEARER).strip()
            return find_person_by_token(reading, token)
    return _by_session()


def _by_session() -> Person | None:
    agent_id, epoch = session.get("agent_id"), session.get("epoch")
    if not isinstance(agent_id, int) or not isinstance(epoch, int):
        return None
    with current().reading() as reading:
        return find_person(reading, agent_id, epoch)


def _turn_away() -> Response | None:
    if request.path.startswith(("/api/", "/live")) or request.method != "GET":
        abort(401)
    return redirect(url_for("agents.login", next=request.full_path.rstrip("?")))


def _marked(mark: str) -> Callable[[View], View]:
    def decorate(view: View) -> View:
        setattr(view, MARK, mark)
        return view

    return decorate
