"""The live page of a campaign, with its stop button, and its numbers as JSON."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, current_app, jsonify, render_template

from wxdesk.agents.access import requires
from wxdesk.campaigns.live_cache import LiveCache
from wxdesk.campaigns.live_figures import ON_THEIR_WAY, LiveFigures
from wxdesk.campaigns.queries import CampaignView, get_campaign
from wxdesk.outbound.rules import Delivery
from wxdesk.plumbing.clock import iso
from wxdesk.runtime import current

bp = Blueprint("campaigns_live", __name__, url_prefix="/campaigns")


@bp.get("/<int:campaign_id>/live")
@requires("campaigns.read")
def live(campaign_id: int) -> str:
    runtime = current()
    with runtime.reading() as session:
        view = get_campaign(session, campaign_id, runtime.clock())
    return render_template("campaigns/live.html", campaign=view, zone=runtime.settings.timezone)


@bp.get("/<int:campaign_id>/live/now")
@requires("campaigns.read")
def now(campaign_id: int) -> Response:
    """The numbers; read at most once a second for all who look."""
    return jsonify(read_now(campaign_id))


def read_now(campaign_id: int) -> dict[str, Any]:
    """The same for the JSON API."""
    runtime = current()
    cache: LiveCache = current_app.extensions.setdefault("wxdesk-live-campaigns", LiveCache())
    with runtime.reading() as session:
        view = get_campaign(session, campaign_id, runtime.clock())
        figures = cache.get(session, view, runtime.clock())
    return _json(view, figures, ZoneInfo(runtime.settings.timezone))


def _json(view: CampaignView, it: LiveFigures, zone: ZoneInfo) -> dict[str, Any]:
    codes = it.slow.codes
    return {
        "now": iso(it.now),
        "since": iso(it.since),
        "state": view.state,
        "paused_at": iso(view.paused_at),
        "arrivals": it.arrivals.arrivals,
        "passed_on": it.arrivals.passed_on,
        "hits": it.hits,
        "outcomes": dict(it.outcomes),
        "people": it.slow.people,
        "pending": it.pending,
        "replies": _replies(it),
        "codes": None
        if codes is None
        else {"left": codes.left, "given": codes.given, "lost": codes.lost, "total": codes.total},
        "waits": {
            "count": it.waits.count,
            "p50_seconds": it.waits.p50,
            "p90_seconds": it.waits.p90,
            "longest_seconds": it.waits.longest,
        },
        "follows": it.follows,
        "unfollows": it.unfollows,
        "minutes": [
            {
                "at": iso(at),
                "time": at.astimezone(zone).strftime("%H:%M"),
                "arrivals": minute.arrivals,
                "hits": minute.hits,
                "entries": minute.entries,
                "passed_on": minute.passed_on,
                "unfollows": minute.unfollows,
            }
            for at, minute in it.minutes.items()
        ],
    }


def _replies(it: LiveFigures) -> dict[str, Any]:
    replies = it.slow.replies
    return {
        "at_once": it.answered_at_once,
        "sent_later": replies.of(Delivery.SENT),
        "on_their_way": replies.of(*ON_THEIR_WAY),
        "held": replies.of(Delivery.HELD),
        "withdrawn": replies.of(Delivery.WITHDRAWN),
        "failed": replies.of(Delivery.FAILED, Delivery.UNCONFIRMED),
        "reasons": [{"reason": reason, "count": count} for reason, count in replies.reasons],
    }
