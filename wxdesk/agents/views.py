"""Log in, log out, language."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import (
    Blueprint,
    abort,
    current_app,
    g,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from werkzeug.wrappers import Response

from wxdesk.agents.access import begin_session, find_logged_in, logged_in, person, public
from wxdesk.agents.operations import check_password, log_in, set_locale
from wxdesk.agents.queries import find_agent
from wxdesk.plumbing.throttle import Throttle
from wxdesk.plumbing.translation import translated
from wxdesk.runtime import current
from wxdesk.settings import LOCALES
from wxdesk.words import say

bp = Blueprint("agents", __name__)


@bp.get("/login")
@public
def login() -> str | Response:
    if find_logged_in() is not None:
        return redirect(url_for("inbox.inbox"))
    return _login_page(None)


@bp.post("/login")
@public
def try_login() -> tuple[str, int] | Response:
    """Check the password; the same answer for a wrong one, an unknown address and a locked one."""
    if not _throttle().may("login", request.remote_addr or ""):
        abort(429)
    runtime = current()
    password = request.form.get("password", "")[:1000]
    with runtime.reading() as reading:
        agent = find_agent(reading, request.form.get("email", "")[:254])
    is_right = check_password(agent, password)
    if agent is None:
        return _refused()
    with runtime.unit_of_work() as uow:
        may_enter = log_in(uow, agent.id, is_password_right=is_right)
    if not may_enter:
        return _refused()
    begin_session(agent.id, agent.session_epoch)
    return redirect(_safe_next(request.form.get("next", "")))


@bp.post("/logout")
@logged_in
def logout() -> Response:
    session.clear()
    return redirect(url_for("agents.login"))


@bp.post("/language")
@public
def language() -> Response:
    """Remember the language, for the person or, before log-in, for the browser."""
    locale = request.form.get("locale", "")
    if locale not in LOCALES:
        abort(400)
    session["locale"] = locale
    g.person = find_logged_in()
    if g.person is not None:
        with current().unit_of_work() as uow:
            set_locale(uow, person().id, locale)
    return redirect(_safe_next(request.form.get("next", "") or _referring_path()))


def _throttle() -> Throttle:
    found: Throttle = current_app.extensions["wxdesk-logins"]
    return found


def _refused() -> tuple[str, int]:
    _throttle().failed("login", request.remote_addr or "")
    sentence = say("Wrong e-mail address or password, or too many tries: wait ten minutes.")
    return _login_page(translated(sentence)), 401


def _login_page(error: str | None) -> str:
    return render_template(
        "agents/login.html",
        error=error,
        email=request.form.get("email", ""),
        next=request.values.get("next", ""),
    )


def _referring_path() -> str:
    parts = urlsplit(request.referrer or "")
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _safe_next(target: str) -> str:
    """Only a path on this site: nobody is sent elsewhere by a link to our log-in."""
    is_ours = target.startswith("/") and not target.startswith(("//", "/\\"))
    if not is_ours or any(ord(character) < 32 for character in target):
        return url_for("inbox.inbox")
    return target
