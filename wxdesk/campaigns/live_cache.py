"""What this process read last of each campaign's live page, for all who look at it."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from wxdesk.campaigns.live_figures import (
    Arrivals,
    LiveFigures,
    Slow,
    read_arrivals,
    read_figures,
    read_slow,
)
from wxdesk.campaigns.queries import CampaignView

KEPT_SECONDS = 1.0
SHARE_OF_TIME = 25  # what is slow to count may take a twenty-fifth of the time
LEAST_SLOW_SECONDS = 2.0
RECOUNT_SECONDS = 600.0  # customers may have been deleted
MOST_KEPT = 20


@dataclass(slots=True)
class _Kept:
    lock: threading.Lock = field(default_factory=threading.Lock)
    figures: LiveFigures | None = None
    read_at: float = 0.0
    arrivals: Arrivals | None = None
    counted_at: float = 0.0
    slow: Slow | None = None
    slow_until: float = 0.0


@dataclass(slots=True)
class LiveCache:
    """One thread reads a campaign while the others wait for its result."""

    timer: Callable[[], float] = time.monotonic
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _campaigns: OrderedDict[int, _Kept] = field(default_factory=OrderedDict)

    def get(self, session: Session, view: CampaignView, now: datetime) -> LiveFigures:
        """At most a second old; what is slow to count is older in large campaigns."""
        kept = self._of(view.id)
        with kept.lock:
            if kept.figures is None or self.timer() - kept.read_at > KEPT_SECONDS:
                kept.figures = self._read(session, view, kept, now)
                kept.read_at = self.timer()
            return kept.figures

    def _read(
        self, session: Session, view: CampaignView, kept: _Kept, now: datetime
    ) -> LiveFigures:
        if self.timer() - kept.counted_at > RECOUNT_SECONDS:
            kept.arrivals, kept.counted_at = None, self.timer()
        kept.arrivals = read_arrivals(session, view, kept.arrivals)
        if kept.slow is None or self.timer() >= kept.slow_until:
            started = self.timer()
            kept.slow = read_slow(session, view)
            took = self.timer() - started
            kept.slow_until = self.timer() + max(LEAST_SLOW_SECONDS, took * SHARE_OF_TIME)
        return read_figures(session, view, kept.arrivals, kept.slow, now)

    def _of(self, campaign_id: int) -> _Kept:
        with self._lock:
            kept = self._campaigns.setdefault(campaign_id, _Kept())
            self._campaigns.move_to_end(campaign_id)
            if len(self._campaigns) > MOST_KEPT:
                self._campaigns.popitem(last=False)
            return kept
