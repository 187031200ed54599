"""`wxdesk doctor`: what is wrong with this installation, and how to mend it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from redis import RedisError
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from wxdesk.accounts.diagnosis import Patient, examine_accounts
from wxdesk.accounts.queries import MOST_ACCOUNTS, get_keys, list_names, list_views
from wxdesk.agents.models import Agent
from wxdesk.background_jobs import QUEUES
from wxdesk.intake.queries import count_set_aside
from wxdesk.intake.streams import intake_streams
from wxdesk.media.store import store_at
from wxdesk.media.voice import voice_tool
from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.rules import Delivery
from wxdesk.plumbing.errors import ConfigurationError, UnavailableError
from wxdesk.plumbing.schema import pending_migrations
from wxdesk.runtime import Runtime
from wxdesk.worker import alive_key

LEAST_FREE_BYTES = 500 * 1024 * 1024
MANY_WAITING = 10_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: `advice` says how to mend it, and is empty when all is well."""

    name: str
    state: str
    advice: str = ""

    @property
    def is_good(self) -> bool:
        return not self.advice


def examine(runtime: Runtime) -> Iterator[Finding]:
    """All checks, the most basic first."""
    yield _disk(runtime)
    yield _permissions(runtime)
    yield from _database(runtime)
    yield from _redis(runtime)
    yield _spool(runtime)
    yield _media(runtime)
    yield _voices()
    yield from _accounts(runtime)


def _disk(runtime: Runtime) -> Finding:
    free = shutil.disk_usage(runtime.settings.data_dir).free
    text = f"{free // 1024**2} MB free at {runtime.settings.data_dir}"
    advice = "" if free >= LEAST_FREE_BYTES else "make room: below 500 MB messages are at risk"
    return Finding("disk", text, advice)


def _permissions(runtime: Runtime) -> Finding:
    folder = runtime.settings.data_dir
    open_ones = [
        path
        for path in (folder, folder / "secret.key", folder / "wxdesk.sqlite3")
        if path.exists() and path.stat().st_mode & 0o077
    ]
    if open_ones:
        names = " ".join(str(path) for path in open_ones)
        return Finding("permissions", "readable by others", f"chmod go= {names}")
    return Finding("permissions", "for this user only")


def _database(runtime: Runtime) -> Iterator[Finding]:
    kind = runtime.engine.dialect.name
    try:
        pending = pending_migrations(runtime.engine)
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", error)).strip().partition("\n")[0]
        yield Finding("database", f"{kind}: {reason}", "check WXDESK_DATABASE_URL and its server")
        return
    yield Finding("database", kind)
    if pending:
        yield Finding("schema", f"missing: {', '.join(pending)}", "run `wxdesk migrate`")
        return
    yield Finding("schema", "at head")
    yield from _rows(runtime)


def _rows(runtime: Runtime) -> Iterator[Finding]:
    with runtime.reading() as session:
        people = session.scalar(select(func.count()).where(Agent.is_active)) or 0
        set_aside = count_set_aside(session)
        failed = session.scalar(
            select(func.count()).where(DeliveryRow.state == Delivery.UNCONFIRMED)
        )
        accounts = len(list_names(session))
    advice = "" if accounts else "add one with `wxdesk add-account`"
    yield Finding("accounts", f"{accounts} official accounts", advice)
    yield Finding("people", f"{people} can log in", "" if people else "run `wxdesk create-agent`")
    advice = "look at /settings/set-aside: their customers wait" if set_aside else ""
    yield Finding("set aside", f"{set_aside} messages could not be recorded", advice)
    yield Finding("unconfirmed", f"{failed or 0} answers whose end nobody saw")


def _redis(runtime: Runtime) -> Iterator[Finding]:
    where = "embedded" if runtime.settings.is_redis_embedded else "WXDESK_REDIS_URL"
    try:
        info = runtime.redis.info()
        waiting = sum(intake_streams(runtime.redis).waiting())
        workers = _silent_queues(runtime)
    except RedisError as error:
        advice = "start it; with the embedded one: `wxdesk up`"
        yield Finding("redis", f"{where}: {error}", advice)
        return
    policy = info.get("maxmemory_policy")
    advice = "" if policy == "noeviction" else "set maxmemory-policy noeviction: it drops messages"
    yield Finding("redis", f"{where}, {policy}", advice)
    is_safe = bool(info.get("aof_enabled"))
    yield Finding(
        "redis on disk",
        "append-only file" if is_safe else "no",
        "" if is_safe else "set appendonly yes: a restart of Redis loses accepted messages",
    )
    advice = "" if waiting < MANY_WAITING else "is `wxdesk worker intake` running and fast enough?"
    yield Finding("intake", f"{waiting} messages wait to be stored", advice)
    advice = f"start `wxdesk worker {workers[0]}`" if workers else ""
    yield Finding("workers", f"missing: {', '.join(workers)}" if workers else "all there", advice)


def _silent_queues(runtime: Runtime) -> list[str]:
    return [name for name in QUEUES if not runtime.redis.exists(alive_key(name))]


def _spool(runtime: Runtime) -> Finding:
    bad = runtime.spool.unreadable()
    if bad:
        return Finding("spool", f"{len(bad)} damaged files", f"look at {bad[0].parent}")
    waiting = len(runtime.spool)
    advice = "Redis was away; they move by themselves when it is back" if waiting else ""
    return Finding("spool", f"{waiting} messages wait for Redis", advice)


def _media(runtime: Runtime) -> Finding:
    place = urlsplit(runtime.settings.media_url)
    text = f"{place.scheme}://{place.hostname or ''}{place.path}"
    try:
        store_at(runtime.settings.media_url).check()
    except (UnavailableError, ConfigurationError) as error:
        return Finding("media", f"{text}: {error}", "check WXDESK_MEDIA_URL and what it names")
    return Finding("media", text)


def _voices() -> Finding:
    tool = voice_tool()
    advice = "install ffmpeg, or wxdesk with the extra `voice`: voices can only be downloaded"
    return Finding("voices", tool or "can't be played", "" if tool else advice)


def _accounts(runtime: Runtime) -> Iterator[Finding]:
    """Each official account, tried against WeChat; nothing when the database is no good."""
    try:
        patients = list(_patients(runtime))
    except SQLAlchemyError:
        return  # said above
    for found in examine_accounts(runtime, patients):
        yield Finding(f"{found.slug} {found.check}", found.state, found.advice)


def _patients(runtime: Runtime) -> Iterator[Patient]:
    with runtime.reading() as session:
        for view in list_views(session, after_id=0, limit=MOST_ACCOUNTS):
            try:
                yield Patient(view, get_keys(session, runtime.vault, view.id))
            except ConfigurationError:
                yield Patient(view, None)
