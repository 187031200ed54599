"""Pages and addresses that belong to no single feature: start, settings, health, metrics."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Blueprint, Response, jsonify, redirect, render_template, url_for
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from redis import RedisError
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response as Redirect

from wxdesk.agents.access import logged_in, public
from wxdesk.conversations.models import Conversation
from wxdesk.conversations.rules import Status
from wxdesk.intake.streams import NAMES, intake_streams
from wxdesk.outbound.models import DeliveryRow
from wxdesk.plumbing.errors import NotBuiltError
from wxdesk.plumbing.schema import pending_migrations
from wxdesk.runtime import Runtime, current
from wxdesk.words import say

bp = Blueprint("site", __name__)

NOT_BUILT = (("GET", "/api/v1/surge"),)


@bp.get("/")
@logged_in
def start() -> Redirect:
    return redirect(url_for("inbox.inbox"))


@bp.get("/settings")
@logged_in
def settings() -> str:
    return render_template("settings/index.html")


@logged_in
def not_built(**_arguments: object) -> Response:
    """The documented addresses that this version does not have yet."""
    raise NotBuiltError(say("this version does not have this yet"))


for _method, _path in NOT_BUILT:
    bp.add_url_rule(
        _path, f"not_built_{_method}_{_path}".replace(".", "_"), not_built, methods=[_method]
    )


@bp.get("/healthz")
@public
def healthz() -> Response:
    """The process is up."""
    return jsonify(status="ok")


@bp.get("/readyz")
@public
def readyz() -> tuple[Response, int]:
    """Database, Redis and migrations are good; 503 with what is not."""
    checks = {
        "database": _is_database_good(current()),
        "redis": _is_redis_good(current()),
        "migrations": _is_schema_good(current()),
    }
    is_good = all(checks.values())
    return jsonify(status="ok" if is_good else "not ready", checks=checks), 200 if is_good else 503


@bp.get("/metrics")
@public
def metrics() -> Response:
    """Prometheus text; sums only, nothing about any person."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(current()))
    return Response(generate_latest(registry), mimetype="text/plain; version=0.0.4")


class _Collector:
    """Numbers are read where they lie, so all processes show the same."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def collect(self) -> Iterable[Metric]:
        yield from self._redis()
        spooled = GaugeMetricFamily("wxdesk_spooled", "Messages in the spool of this machine")
        spooled.add_metric([], len(self._runtime.spool))
        yield spooled
        yield from self._database()

    def _redis(self) -> Iterable[Metric]:
        up = GaugeMetricFamily("wxdesk_redis_up", "1 if Redis answers")
        try:
            streams = intake_streams(self._runtime.redis)
            waiting, accepted = streams.waiting(), streams.accepted()
        except RedisError:
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        queued = GaugeMetricFamily(
            "wxdesk_intake_queued", "Accepted messages not stored yet", labels=["stream"]
        )
        for name, count in zip(NAMES, waiting, strict=True):
            queued.add_metric([name], count)
        yield queued
        total = CounterMetricFamily(
            "wxdesk_intake_accepted", "Messages accepted", labels=["account_id"]
        )
        for account_id, count in accepted.items():
            total.add_metric([account_id], count)
        yield total

    def _database(self) -> Iterable[Metric]:
        up = GaugeMetricFamily("wxdesk_database_up", "1 if the database answers")
        try:
            with self._runtime.reading() as session:
                opened = session.scalar(
                    select(func.count()).where(Conversation.status == Status.OPEN)
                )
                breached = session.scalar(
                    select(func.count()).where(Conversation.is_breached.is_(True))
                )
                rows = session.execute(
                    select(DeliveryRow.state, func.count()).group_by(DeliveryRow.state)
                ).all()
        except SQLAlchemyError:
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        yield GaugeMetricFamily("wxdesk_conversations_open", "Open conversations", opened or 0)
        yield GaugeMetricFamily(
            "wxdesk_conversations_breached", "Customers waiting past the deadline", breached or 0
        )
        deliveries = GaugeMetricFamily("wxdesk_deliveries", "Answers by state", labels=["state"])
        for state, count in rows:
            deliveries.add_metric([state], count)
        yield deliveries


def _is_database_good(runtime: Runtime) -> bool:
    try:
        with runtime.reading() as session:
            return session.scalar(select(1)) == 1
    except SQLAlchemyError:
        return False


def _is_redis_good(runtime: Runtime) -> bool:
    try:
        return bool(runtime.redis.ping())
    except RedisError:
        return False


def _is_schema_good(runtime: Runtime) -> bool:
    try:
        return not pending_migrations(runtime.engine)
    except SQLAlchemyError:
        return False
