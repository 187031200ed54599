"""Background work on customers: asking WeChat about them, telling it what agents changed.

No transaction is open during a call. What is not done when the time is up, or when one account's
calls are refused, waits for the next round; one account stops no other.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from datetime import timedelta

from redis import RedisError
from sqlalchemy.exc import SQLAlchemyError

from wxdesk.accounts.clients import client_for
from wxdesk.accounts.queries import get_keys
from wxdesk.background_jobs import REFRESH_PROFILES, SYNC_BLACKLIST, SYNC_CHANGES, SYNC_TAGS
from wxdesk.contacts import blacklists, profiles, syncing, tags
from wxdesk.contacts.queries import (
    accounts_to_ask,
    accounts_to_tell,
    accounts_with_users,
    known_tag_ids,
)
from wxdesk.contacts.refusals import is_about_account
from wxdesk.contacts.schedule import PRIME
from wxdesk.contacts.telling import tell
from wxdesk.plumbing.errors import DeliveryError, WxdeskError
from wxdesk.runtime import Runtime, current, rung
from wxdesk.wechat.client import Client
from wxdesk.wechat.limits import MOST_OPENIDS_INFO

logger = logging.getLogger(__name__)

LONGEST_RUN_SECONDS = 40.0
MOST_ROUNDS = 50
MOST_TOLD = 50

IsTimeUp = Callable[[], bool]
Round = Callable[[Runtime, int, Client, IsTimeUp], bool]


@rung(REFRESH_PROFILES)
def refresh_profiles() -> None:
    """Ask WeChat about the customers whose turn it is, 100 of each account by turns."""
    runtime = current()
    with runtime.reading() as session:
        account_ids = accounts_to_ask(session, runtime.clock())
    _by_turns(runtime, account_ids, _refresh)


@rung(SYNC_CHANGES)
def sync_changes() -> None:
    """Tell WeChat the remarks, tags and blacklist entries that agents changed."""
    runtime = current()
    with runtime.reading() as session:
        account_ids = accounts_to_tell(session, runtime.clock())
    _by_turns(runtime, account_ids, _tell)


@rung(SYNC_TAGS)
def sync_tags() -> None:
    """Tags that were made, renamed or deleted in WeChat's console appear here."""
    runtime = current()
    with runtime.reading() as session:
        account_ids = accounts_with_users(session)
    _by_turns(runtime, account_ids, _list_tags)


@rung(SYNC_BLACKLIST)
def sync_blacklist() -> None:
    """Customers that were blacklisted, or taken off, in WeChat's console appear so here."""
    runtime = current()
    with runtime.reading() as session:
        account_ids = accounts_with_users(session)
    _by_turns(runtime, account_ids, _list_blocked)


def _by_turns(runtime: Runtime, account_ids: Iterable[int], work: Round) -> None:
    """One round of each account, then the next, until nothing is left or the time is up."""
    started = time.monotonic()

    def is_time_up() -> bool:
        return runtime.stopping.is_set() or time.monotonic() - started > LONGEST_RUN_SECONDS

    waiting = _rotated(list(account_ids), int(runtime.clock().timestamp()))
    for _ in range(MOST_ROUNDS):
        if not waiting or is_time_up():
            return
        waiting = [each for each in waiting if _has_more(runtime, each, work, is_time_up)]


def _rotated(account_ids: list[int], seconds: int) -> list[int]:
    """Each run begins with another account, so that none is always out of time."""
    start = seconds * PRIME % max(1, len(account_ids))
    return account_ids[start:] + account_ids[:start]


def _has_more(runtime: Runtime, account_id: int, work: Round, is_time_up: IsTimeUp) -> bool:
    """Do one round of an account; False when it is done with, or its calls are refused."""
    if is_time_up():
        return False
    try:
        with runtime.reading() as session:
            keys = get_keys(session, runtime.vault, account_id)
        return work(runtime, account_id, client_for(runtime, keys, is_bulk=True), is_time_up)
    except DeliveryError as error:
        logger.warning("customers of account %d have to wait: code %s", account_id, error.code)
    except WxdeskError as error:
        reason = type(error).__name__
        logger.error("account %d can't be used (%s); run `wxdesk doctor`", account_id, reason)  # noqa: TRY400
    except RedisError as error:
        reason = type(error).__name__
        logger.error("redis unreachable (%s); account %d waits", reason, account_id)  # noqa: TRY400
    except (SQLAlchemyError, ValueError) as error:  # a busy database; an answer that is junk
        reason = type(error).__name__
        logger.error("customers of account %d have to wait (%s)", account_id, reason)  # noqa: TRY400
    return False


def _refresh(runtime: Runtime, account_id: int, client: Client, _is_time_up: IsTimeUp) -> bool:
    with runtime.unit_of_work() as uow:
        asked = profiles.claim_due(uow, account_id, MOST_OPENIDS_INFO)
    if not asked:
        return False
    answers = profiles.Answers(asked_at=runtime.clock())
    try:
        profiles.ask(client, asked, answers)
    except DeliveryError as error:
        with runtime.unit_of_work() as uow:
            profiles.postpone(uow, asked, error)
        raise
    _learn_tags(runtime, account_id, client, answers.tag_ids)
    with runtime.unit_of_work() as uow:
        hours = runtime.settings.forget_after_hours
        profiles.store_answers(uow, asked, answers, timedelta(hours=hours))
    return len(asked) == MOST_OPENIDS_INFO


def _learn_tags(runtime: Runtime, account_id: int, client: Client, tag_ids: set[int]) -> None:
    """Tags made in WeChat's console since we looked; without them the rest is stored."""
    with runtime.reading() as session:
        known = known_tag_ids(session, account_id)
    if tag_ids <= known.keys():
        return
    try:
        _list_tags(runtime, account_id, client, lambda: False)
    except DeliveryError as error:
        logger.warning("tags of account %d are not known: code %s", account_id, error.code)


def _tell(runtime: Runtime, account_id: int, client: Client, is_time_up: IsTimeUp) -> bool:
    with runtime.unit_of_work() as uow:
        claim = syncing.claim_changes(uow, account_id, MOST_TOLD)
        missing = tags.list_missing(uow.session, account_id)
    if not claim.contact_ids:
        return False
    try:
        made = tags.make_tags(client, missing)
        with runtime.unit_of_work() as uow:
            tags.note_made(uow, account_id, made)
        with runtime.reading() as session:
            ids = {ours: theirs for theirs, ours in known_tag_ids(session, account_id).items()}
    except DeliveryError as error:
        outcomes = [syncing.Outcome(change, error) for change in claim.changes]
    else:
        outcomes = tell(client, claim.changes, ids, is_time_up)
    with runtime.unit_of_work() as uow:
        syncing.settle_changes(uow, claim, outcomes)
    if any(it.error is not None and is_about_account(it.error) for it in outcomes):
        return False  # the next fifty would be refused like these
    return len(claim.contact_ids) == MOST_TOLD and not is_time_up()


def _list_tags(runtime: Runtime, account_id: int, client: Client, _is_time_up: IsTimeUp) -> bool:
    with runtime.reading() as session:
        known = known_tag_ids(session, account_id)
    listed = client.list_tags()
    with runtime.unit_of_work() as uow:
        if tags.store_tags(uow, account_id, listed, known):
            uow.announce("inbox")
    return False


def _list_blocked(runtime: Runtime, account_id: int, client: Client, is_time_up: IsTimeUp) -> bool:
    asked_at = runtime.clock()
    openids = blacklists.fetch_blocked(client, is_time_up)
    if openids is None:
        logger.warning("account %d: its blacklist is too long to be read at once", account_id)
        return False
    for start in range(0, len(openids), blacklists.CHUNK):
        with runtime.unit_of_work() as uow:
            chunk = openids[start : start + blacklists.CHUNK]
            blacklists.note_blocked(uow, account_id, chunk, asked_at)
    blocked = frozenset(openids)
    last_id: int | None = 0
    while last_id is not None:
        with runtime.unit_of_work() as uow:
            last_id = blacklists.note_unblocked(uow, account_id, blocked, asked_at, last_id)
    return False
