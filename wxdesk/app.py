"""The web application: start reading here. Blueprints in the order of a message's way."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from flask import Flask, Request, Response, g, request, session
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from flask_babel import Babel, format_datetime
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter, Map

from wxdesk import site_views
from wxdesk.accounts import api as accounts_api
from wxdesk.accounts import views as accounts
from wxdesk.accounts.pushes import PushTimes
from wxdesk.agents import views as agents
from wxdesk.agents.access import check_marks, gate, uses_token
from wxdesk.assignment import api as people_api
from wxdesk.assignment import settings_views as teams
from wxdesk.assignment import views as people
from wxdesk.audit import views as audit
from wxdesk.broadcasts import api as broadcasts_api
from wxdesk.broadcasts import views as broadcasts
from wxdesk.bulk_actions import api as bulk_api
from wxdesk.calendars import views as calendars
from wxdesk.campaigns import api as campaigns_api
from wxdesk.campaigns import live_views
from wxdesk.campaigns import views as campaigns
from wxdesk.canned_responses import api as canned_api
from wxdesk.canned_responses import views as canned
from wxdesk.corrections import api as corrections_api
from wxdesk.corrections import report_views as correction_reports
from wxdesk.corrections import views as corrections
from wxdesk.error_pages import register_errors
from wxdesk.inbox import (
    answers_api,
    assign_api,
    contact_api,
    fields_api,
    fields_views,
    here_api,
    history_api,
    lifecycle_api,
    notes_api,
    search_api,
    tags_api,
    tags_views,
    thread_api,
    views_api,
)
from wxdesk.inbox import api as inbox_api
from wxdesk.inbox import views as inbox
from wxdesk.inbox.queries import TotalsCache
from wxdesk.intake import api as intake_api
from wxdesk.intake import pages as intake_pages
from wxdesk.intake import views as intake
from wxdesk.intake.acceptance import Acceptance
from wxdesk.intake.directory import Directory
from wxdesk.media import api as media_api
from wxdesk.media import views as media
from wxdesk.notifications import api as notifications_api
from wxdesk.notifications import webhook_views
from wxdesk.plumbing.http import LARGEST_ID
from wxdesk.plumbing.live import Listener
from wxdesk.plumbing.logs import current_id
from wxdesk.plumbing.requests import DeskRequest, is_by_wechat, refuse_nul_in_address
from wxdesk.plumbing.static_files import StaticFiles
from wxdesk.plumbing.throttle import Throttle
from wxdesk.plumbing.translation import translated
from wxdesk.qr_codes import views as qr_codes
from wxdesk.reports import api as reports_api
from wxdesk.reports import forecast_views, health_views, mail_views, wall_views
from wxdesk.reports import views as reports
from wxdesk.runtime import Runtime, current, open_redis, start
from wxdesk.settings import LOCALES
from wxdesk.sla import views as sla
from wxdesk.triage import api as triage_api
from wxdesk.triage import dry_run_api, dry_run_views
from wxdesk.triage import views as triage

logger = logging.getLogger(__name__)

BLUEPRINTS = (
    intake.bp,
    triage.bp,
    triage_api.bp,
    dry_run_views.bp,
    dry_run_api.bp,
    campaigns.bp,
    live_views.bp,
    campaigns_api.bp,
    qr_codes.bp,
    health_views.bp,
    corrections.bp,
    correction_reports.bp,
    corrections_api.bp,
    broadcasts.bp,
    broadcasts_api.bp,
    inbox.bp,
    inbox_api.bp,
    thread_api.bp,
    assign_api.bp,
    lifecycle_api.bp,
    notes_api.bp,
    here_api.bp,
    views_api.bp,
    search_api.bp,
    bulk_api.bp,
    contact_api.bp,
    history_api.bp,
    answers_api.bp,
    canned.bp,
    canned_api.bp,
    tags_views.bp,
    tags_api.bp,
    fields_views.bp,
    fields_api.bp,
    media.bp,
    media_api.bp,
    sla.bp,
    calendars.bp,
    notifications_api.bp,
    webhook_views.bp,
    reports.bp,
    wall_views.bp,
    forecast_views.bp,
    mail_views.bp,
    reports_api.bp,
    intake_pages.bp,
    intake_api.bp,
    accounts.bp,
    accounts_api.bp,
    audit.bp,
    people.bp,
    teams.bp,
    people_api.bp,
    agents.bp,
    site_views.bp,
)
LIVE_STREAMS = 12
LOGINS_PER_MINUTE = 20
SESSION_HOURS = 14
LARGEST_REQUEST = 1024 * 1024
CSP = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "media-src 'self'; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


def create_app(runtime: Runtime, *, live_streams: int = LIVE_STREAMS) -> Flask:
    """Everything that a browser, a script or WeChat talks to.

    `live_streams` is how many /live connections this process takes; it must leave request
    threads free. Raises KeyError when an endpoint names no permission.
    """
    start(runtime)
    app = Desk("wxdesk", static_folder=None)
    app.request_class = DeskRequest
    app.url_map.converters["int"] = BoundedInteger
    _configure(app, runtime)
    _prepare_languages(app, runtime)
    _prepare_templates(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    app.extensions["wxdesk-door"] = intake.Door(
        Directory(runtime), Acceptance(runtime), PushTimes(runtime.redis)
    )
    app.extensions["wxdesk-listener"] = Listener(
        open_redis(runtime.settings.redis_url, answer_seconds=None), live_streams
    )
    app.extensions["wxdesk-totals"] = TotalsCache()
    app.extensions["wxdesk-logins"] = Throttle(runtime.settings.redis_url, LOGINS_PER_MINUTE)
    check_marks(app)
    app.before_request(_begin)
    app.before_request(gate(app))
    app.before_request(_check_address)
    app.before_request(_csrf_check(CSRFProtect(app)))
    app.after_request(_secure)
    register_errors(app)
    return app


class Desk(Flask):
    """Flask without coroutines: it looks for them eight times a request."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func


class BoundedInteger(IntegerConverter):
    """Numbers in addresses that no database can hold are not found."""

    def __init__(self, url_map: Map, **options: Any) -> None:
        super().__init__(url_map, **({"max": LARGEST_ID} | options))


class Sessions(SecureCookieSessionInterface):
    """Cookies for people; WeChat's pushes have none, and each of them shall be quick."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if is_by_wechat(request):
            return self.make_null_session(app)
        return super().open_session(app, request)

    def should_set_cookie(self, app: Flask, session: SessionMixin) -> bool:
        """Not beside the desk's own files: browsers would ask for them again with each cookie."""
        is_kept = request.endpoint == "static" and not session.modified
        return not is_kept and super().should_set_cookie(app, session)


def _configure(app: Flask, runtime: Runtime) -> None:
    is_https = runtime.settings.public_url.startswith("https://")
    app.config.update(
        SECRET_KEY=runtime.settings.secret_key,
        MAX_CONTENT_LENGTH=LARGEST_REQUEST,
        SESSION_COOKIE_NAME="wxdesk",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=is_https,
        PERMANENT_SESSION_LIFETIME=timedelta(hours=SESSION_HOURS),
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=None,
        BABEL_DEFAULT_LOCALE=runtime.settings.locale,
        BABEL_DEFAULT_TIMEZONE=runtime.settings.timezone,
    )
    app.session_interface = Sessions()
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    if is_https:  # TLS ends in a proxy in front of us
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1)  # type: ignore[method-assign]


def _locale() -> str:
    """The person's language, else the browser session's, else the installation's."""
    person = g.get("person")
    chosen = person.locale if person else session.get("locale")
    return str(chosen) if chosen in LOCALES else current().settings.locale


@cache
def _parsed(name: str) -> Locale:
    """Once: Babel looks through the names of a thousand locales."""
    return Locale.parse(name)


def _prepare_languages(app: Flask, runtime: Runtime) -> None:
    Babel(app, locale_selector=lambda: _parsed(_locale()))
    zone = ZoneInfo(runtime.settings.timezone)

    @app.template_filter("local_time")
    def local_time(instant: datetime | None) -> str:
        if instant is None:
            return "–"
        return str(format_datetime(instant.astimezone(zone), "yyyy-MM-dd HH:mm:ss", rebase=False))


def _prepare_templates(app: Flask) -> None:
    asset = cache(StaticFiles(app, Path(app.root_path) / "static").address)

    def can(permission: str) -> bool:
        person = g.get("person")
        return person is not None and person.may(permission)

    @app.context_processor
    def shared() -> dict[str, object]:
        return {
            "asset": asset,
            "can": can,
            "me": g.get("person"),
            "locale": _locale(),
            "translated": translated,
        }


def _begin() -> None:
    current_id.set(secrets.token_hex(6))


def _check_address() -> None:
    refuse_nul_in_address(request)


def _csrf_check(csrf: CSRFProtect) -> Callable[[], None]:
    """Every change by a browser session carries its token; WeChat signs, scripts have tokens."""

    def check() -> None:
        is_change = request.method not in ("GET", "HEAD", "OPTIONS") and request.endpoint
        if is_change and request.blueprint != "intake" and not uses_token():
            csrf.protect()

    return check


def _secure(response: Response) -> Response:
    headers = response.headers
    if request.blueprint == "intake":  # WeChat's server reads it, no browser
        headers["X-Content-Type-Options"] = "nosniff"
        return response
    headers.setdefault("Content-Security-Policy", CSP)
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "same-origin"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers.setdefault("Cache-Control", "no-store")
    return response
