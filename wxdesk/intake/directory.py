"""What the webhook knows without asking the database: accounts, keys and compiled rulebooks.

A thread compares versions a few times a second and reloads what changed; a database that is away
does not stop the webhook: it goes on with what it knew last. Another thread asks what has stopped
since, so that a rule that is switched off, or a campaign that is stopped, is silent in every
process within a second, however long the rules take to compile.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from redis import RedisError
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from wxdesk.accounts.queries import AccountKeys, get_keys, list_versions
from wxdesk.accounts.rules import Capability
from wxdesk.intake.spooled import empty_spool
from wxdesk.plumbing.clock import pause
from wxdesk.plumbing.errors import WxdeskError
from wxdesk.runtime import Runtime
from wxdesk.triage.moments import read_moments, read_rates
from wxdesk.triage.queries import list_rule_texts
from wxdesk.triage.rulebook import Rulebook, RuleText
from wxdesk.triage.rules import NOTHING_KNOWN, Moment
from wxdesk.triage.stops import NOTHING_STOPPED, Stops, read_stops
from wxdesk.wechat.crypto import Cipher, Ciphers, CryptoError

logger = logging.getLogger(__name__)

REFRESH_SECONDS = 0.3
ASK_AGAIN_SECONDS = 0.1
MOMENT_SECONDS = 1.5
RATES_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Desk:
    """One official account, ready to answer.

    `tokens` are the current one and, while a rotation is on, the previous one. `takes_held`: only
    pushes can be answered, so people's answers wait for them. `good_until` is when the first of
    the rules' files ends at WeChat. `moment` is at most two seconds old. `stops` is what the
    rulebook does not know yet.
    """

    keys: AccountKeys
    tokens: tuple[str, ...]
    ciphers: Ciphers | None
    rulebook: Rulebook
    takes_held: bool
    is_rotating: bool
    good_until: datetime | None
    moment: Moment = NOTHING_KNOWN
    stops: Stops = NOTHING_STOPPED


class Directory:
    """Shared by the threads of one process; readers see a whole old or a whole new picture."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._desks: dict[str, Desk] = {}
        self._lock = threading.Lock()
        self._stops: dict[int, Stops] = {}
        self._threads: dict[str, threading.Thread] = {}
        self._mover: threading.Thread | None = None
        self._is_loaded = False
        self._refreshed_at = -ASK_AGAIN_SECONDS
        self._moments_at = self._rates_at = -RATES_SECONDS
        self._moments: dict[int, Moment] = {}
        self._rates: dict[int, float] = {}
        self._unloadable: dict[int, int] = {}  # account id -> the version that was complained of

    def find(self, slug: str) -> Desk | None:
        """The account of this address. Raises SQLAlchemyError if nothing was ever loaded."""
        self._start()
        desk = self._desks.get(slug)
        if desk is None and time.monotonic() - self._refreshed_at > ASK_AGAIN_SECONDS:
            self.refresh()  # an account that was added a moment ago
            desk = self._desks.get(slug)
        stops = self._stops.get(desk.keys.id) if desk is not None else None
        return desk if desk is None or stops is None else replace(desk, stops=stops)

    def refresh(self) -> None:
        """Reload the accounts whose version changed; one that can't be loaded stops no other."""
        with self._lock, self._runtime.reading() as session:
            versions = list_versions(session)
            known = {desk.keys.id: desk for desk in self._desks.values()}
            desks = [
                self._load(session, account_id, version, known.get(account_id))
                for account_id, version in versions.items()
            ]
            self._look_at_moments(session)
            self._desks = {desk.keys.slug: self._now(desk) for desk in desks if desk is not None}
            self._refreshed_at = time.monotonic()
            self._is_loaded = True

    def look_at_stops(self) -> None:
        """What accounts with an older rulebook must heed until theirs is made anew."""
        known = {desk.keys.id: desk.keys.config_version for desk in self._desks.values()}
        with self._runtime.reading() as session:
            versions = list_versions(session)
            old = [each for each, version in known.items() if versions.get(each) != version]
            self._stops = {account_id: read_stops(session, account_id) for account_id in old}

    def _look_at_moments(self, session: Session) -> None:
        """Who is there and who waits, every two seconds; how fast it goes, twice a minute."""
        since, now = time.monotonic(), self._runtime.clock()
        if since - self._rates_at > RATES_SECONDS:
            self._rates, self._rates_at = read_rates(session, now), since
        if since - self._moments_at > MOMENT_SECONDS:
            self._moments, self._moments_at = read_moments(session, now, self._rates), since

    def _now(self, desk: Desk) -> Desk:
        moment = self._moments.get(desk.keys.id, desk.moment)
        return desk if moment == desk.moment else replace(desk, moment=moment)

    def _load(
        self, session: Session, account_id: int, version: int, known: Desk | None
    ) -> Desk | None:
        now = self._runtime.clock()
        is_tried = self._unloadable.get(account_id) == version
        if is_tried or (known is not None and _is_current(known, version, now)):
            return known
        try:
            keys = get_keys(session, self._runtime.vault, account_id)
            zone = ZoneInfo(self._runtime.settings.timezone)
            return _desk(keys, list_rule_texts(session, account_id, now), now, zone)
        except (WxdeskError, CryptoError) as error:
            logger.error("account %d can't be loaded: %s", account_id, error)  # noqa: TRY400
            self._unloadable[account_id] = version
            return known

    def _start(self) -> None:
        if not self._is_loaded:
            self.refresh()
        if not self._is_watching():
            with self._lock:
                if not self._is_watching():
                    for name, target in (("directory", self._watch), ("stops", self._watch_stops)):
                        self._begin(name, target)

    def _is_watching(self) -> bool:
        return bool(self._threads) and all(it.is_alive() for it in self._threads.values())

    def _begin(self, name: str, target: Callable[[], None]) -> None:
        known = self._threads.get(name)
        if known is None or not known.is_alive():
            thread = threading.Thread(target=target, daemon=True, name=name)
            self._threads[name] = thread
            thread.start()

    def _watch_stops(self) -> None:
        while not self._runtime.stopping.is_set():
            pause(REFRESH_SECONDS)
            try:
                self.look_at_stops()
            except SQLAlchemyError as error:  # the other thread tells when it is away, and back
                logger.debug("stops can't be read (%s)", type(error).__name__)

    def _watch(self) -> None:
        is_away = False
        while not self._runtime.stopping.is_set():
            pause(REFRESH_SECONDS)
            self._look_after_spool()
            try:
                self.refresh()
                is_away = False
            except SQLAlchemyError as error:
                if not is_away and not self._runtime.stopping.is_set():
                    reason = type(error).__name__
                    logger.error("database unreachable (%s); the known rules go on", reason)  # noqa: TRY400
                is_away = True

    def _look_after_spool(self) -> None:
        """In a thread of its own: many files take a while, and rules must not wait."""
        is_busy = self._mover is not None and self._mover.is_alive()
        if not is_busy and not self._is_spool_empty():
            self._mover = threading.Thread(target=self._empty_spool, daemon=True, name="spool")
            self._mover.start()

    def _is_spool_empty(self) -> bool:
        try:
            return self._runtime.spool.is_empty()
        except OSError:
            return True  # whoever wants to write there answers 500 and says why

    def _empty_spool(self) -> None:
        """The machine that spooled brings its files back, wherever the drain runs."""
        try:
            if self._runtime.redis.ping():
                moved = empty_spool(self._runtime)
                logger.info("redis is back; %d spooled messages moved to the streams", moved)
        except (RedisError, OSError):
            return  # still away; the files wait


def _is_current(desk: Desk, version: int, now: datetime) -> bool:
    """Nothing changed, no rotation has ended, and no rule's file at WeChat has."""
    is_over = desk.is_rotating and not desk.keys.is_rotating(now)
    is_stale = desk.good_until is not None and desk.good_until <= now
    return desk.keys.config_version == version and not is_over and not is_stale


def _desk(keys: AccountKeys, rules: Sequence[RuleText], now: datetime, zone: ZoneInfo) -> Desk:
    """With the previous keys as long as a rotation is on."""
    is_rotating = keys.is_rotating(now)
    old_token = keys.previous_token if is_rotating else None
    old_key = keys.previous_aes_key if is_rotating else None
    ciphers = None
    if keys.aes_key:
        previous = Cipher(old_key, keys.app_id) if old_key else None
        ciphers = Ciphers(Cipher(keys.aes_key, keys.app_id), previous)
    ends = [at for rule in rules if (at := rule.good_until) is not None]
    return Desk(
        keys=keys,
        tokens=(keys.token, old_token) if old_token else (keys.token,),
        ciphers=ciphers,
        rulebook=Rulebook(rules, zone),
        takes_held=not keys.may(Capability.MESSAGES),
        is_rotating=is_rotating,
        good_until=min(ends, default=None),
    )
