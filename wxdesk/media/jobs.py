"""The media queue: fetch what customers sent, delete what nobody needs."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from redis import RedisError
from sqlalchemy.exc import OperationalError, TimeoutError

from wxdesk.accounts.clients import client_for
from wxdesk.accounts.queries import get_keys
from wxdesk.accounts.rules import Capability
from wxdesk.background_jobs import FETCH_FILES, PRUNE_FILES
from wxdesk.media.downloading import download
from wxdesk.media.examining import Examined, examine
from wxdesk.media.fetching import (
    Claim,
    claim_next,
    is_for_admins,
    is_gone,
    settle_failed,
    settle_ready,
    take_up_abandoned,
)
from wxdesk.media.leftovers import claim_unneeded, note_before_storing, note_deleted
from wxdesk.media.operations import delete_unsent
from wxdesk.media.queries import has_abandoned, list_due_accounts
from wxdesk.media.rota import Outcome, Rota
from wxdesk.media.rules import UNSENT_KEPT
from wxdesk.media.store import Store, store_at
from wxdesk.media.storing import names_of, put_all
from wxdesk.media.temporary import temporary_folder, tidy_temporary_folders
from wxdesk.plumbing.clock import pause
from wxdesk.plumbing.errors import DeliveryError, UnavailableError, WxdeskError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.runtime import Runtime, current, rung
from wxdesk.wechat.client import Client
from wxdesk.words import say

logger = logging.getLogger(__name__)

HANDS = 4
LONGEST_RUN_SECONDS = 30.0
MOST_BATCHES = 100  # of ten
SETTLE_PAUSES = (0.2, 1.0, 3.0)
AWAY = (OperationalError, TimeoutError)


@rung(FETCH_FILES)
def fetch() -> None:
    """Fetch everything that is due, several at once, accounts by turns."""
    runtime = current()
    try:
        _take_up_abandoned(runtime)
        with runtime.reading() as session:
            account_ids = list_due_accounts(session, runtime.clock())
        if account_ids:
            _fetch_by_turns(runtime, account_ids)
    except AWAY as error:
        logger.error("database unreachable (%s); files wait", type(error).__name__)  # noqa: TRY400
    except RedisError as error:
        logger.error("redis unreachable (%s); files wait", type(error).__name__)  # noqa: TRY400


@rung(PRUNE_FILES)
def prune() -> None:
    """Delete uploads that were never sent, and contents that no row names any more."""
    runtime = current()
    store = store_at(runtime.settings.media_url)
    try:
        with runtime.unit_of_work() as uow:
            delete_unsent(uow)
        store.tidy(runtime.clock() - UNSENT_KEPT)
        tidy_temporary_folders(runtime.clock() - UNSENT_KEPT)
        _delete_unneeded(runtime, store)
    except AWAY as error:
        logger.error("database unreachable (%s); files stay", type(error).__name__)  # noqa: TRY400
    except UnavailableError:
        logger.error("the media store can't be used; files stay")  # noqa: TRY400


def _delete_unneeded(runtime: Runtime, store: Store) -> None:
    """A thousand at most, then again: other work of this queue comes in between."""
    for _ in range(MOST_BATCHES):
        with runtime.unit_of_work() as uow:
            batch = claim_unneeded(uow)
        if batch is None or runtime.stopping.is_set():
            return
        for sha256 in batch:
            store.delete(sha256)
        with runtime.unit_of_work() as uow:
            note_deleted(uow, batch)
    runtime.queues.ring(PRUNE_FILES)


def _take_up_abandoned(runtime: Runtime) -> None:
    """Looks first: a write every five seconds would be one too many."""
    with runtime.reading() as session:
        if not has_abandoned(session, runtime.clock()):
            return
    with runtime.unit_of_work() as uow:
        given_up = take_up_abandoned(uow)
    if given_up:
        logger.error("%d files given up: each try ended with its process", given_up)


def _fetch_by_turns(runtime: Runtime, account_ids: list[int]) -> None:
    rota = Rota(account_ids)
    end = time.monotonic() + LONGEST_RUN_SECONDS
    with ThreadPoolExecutor(HANDS, thread_name_prefix="media") as pool:
        hands = [pool.submit(_fetch_until, runtime, rota, end) for _ in range(HANDS)]
    for hand in hands:
        hand.result()
    if time.monotonic() >= end and not runtime.stopping.is_set():
        runtime.queues.ring(FETCH_FILES)


def _fetch_until(runtime: Runtime, rota: Rota, end: float) -> None:
    """What one thread does; it ends when there is nothing left that it may do."""
    while not runtime.stopping.is_set() and time.monotonic() < end:
        account_id = rota.take()
        if account_id is None:
            return
        outcome = Outcome.NONE
        try:
            outcome = _fetch_one(runtime, account_id)
        finally:
            rota.done(account_id, outcome)


def _fetch_one(runtime: Runtime, account_id: int) -> Outcome:
    """Claim, download, look at, store, settle: no transaction is open in between."""
    with runtime.unit_of_work() as uow:
        claim = claim_next(uow, account_id)
    if claim is None:
        return Outcome.NONE
    try:
        _fetch(runtime, claim)
    except AWAY:
        raise  # the row is taken up again when its claim has run out
    except Exception as error:  # noqa: BLE001 -- the job is a door: no file may stop the others
        reason = _reason(error)
        logger.warning("file %d not fetched: code %s", claim.id, reason.code)
        _settle(runtime, lambda uow: settle_failed(uow, claim, reason))
        is_over = is_gone(reason) or (reason.is_permanent and not is_for_admins(reason))
        return Outcome.SETTLED if is_over else Outcome.FAILED
    return Outcome.SETTLED


def _fetch(runtime: Runtime, claim: Claim) -> None:
    with temporary_folder() as folder:
        path = folder / "file"
        name = _bring(runtime, claim, path)
        found = examine(path)
        if found.size_bytes == 0:
            raise DeliveryError(say("WeChat sent an empty file"), code="empty")
        _store(runtime, found)
        _settle(runtime, lambda uow: settle_ready(uow, claim, found, name))
    logger.info("file %d fetched", claim.id)


def _bring(runtime: Runtime, claim: Claim, path: Path) -> str:
    """From the store when it is there already (a voice that waited for a converter)."""
    with path.open("wb") as into:
        if claim.sha256 is None:
            client = _client(runtime, claim.account_id)
            return download(claim, client, runtime.settings.wechat_api_url, into)
        with store_at(runtime.settings.media_url).open(claim.sha256).file as kept:
            while chunk := kept.read(1 << 20):
                into.write(chunk)
        return ""


def _settle(runtime: Runtime, record: Callable[[UnitOfWork], bool]) -> None:
    """A database that is busy for a moment must not cost the minutes until a claim runs out."""
    for seconds in SETTLE_PAUSES:
        try:
            with runtime.unit_of_work() as uow:
                record(uow)
        except AWAY:
            pause(seconds)
        else:
            return
    with runtime.unit_of_work() as uow:
        record(uow)


def _store(runtime: Runtime, found: Examined) -> None:
    names = names_of(found).all
    with runtime.unit_of_work() as uow:
        note_before_storing(uow, names)
    put_all(store_at(runtime.settings.media_url), found)


def _client(runtime: Runtime, account_id: int) -> Client | None:
    """None for an account that WeChat gives no right to media."""
    with runtime.reading() as session:
        try:
            keys = get_keys(session, runtime.vault, account_id)
        except WxdeskError as error:
            raise DeliveryError(error.sentence, code="account", is_permanent=True) from error
    return client_for(runtime, keys) if keys.may(Capability.MEDIA) else None


def _reason(error: Exception) -> DeliveryError:
    """Why a file could not be had, as a row keeps it."""
    if isinstance(error, DeliveryError):
        return error
    if isinstance(error, RedisError):
        return DeliveryError(say("redis is away"), code="redis", is_uncounted=True)
    if isinstance(error, (UnavailableError, OSError)):
        return DeliveryError(say("the media store can't be used now"), code="store")
    logger.error("unexpected error while fetching", exc_info=error)
    return DeliveryError(say("something went wrong on our side"), code="bug")
