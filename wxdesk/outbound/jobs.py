"""Sending: claim the row, commit, call WeChat, record the result, commit."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

from redis import RedisError
from sqlalchemy.exc import OperationalError, TimeoutError

from wxdesk.accounts.clients import client_for
from wxdesk.accounts.facts import facts_of
from wxdesk.accounts.queries import AccountKeys, get_keys, list_names
from wxdesk.accounts.rules import Capability
from wxdesk.background_jobs import (
    DELIVER_BULK,
    RELEASE_UNDOABLE,
    REPAIR_HELD,
    SWEEP_DELIVERIES,
)
from wxdesk.media.sending import forget_upload, media_id_for
from wxdesk.outbound import held, operations, undo
from wxdesk.outbound.bulk import is_stopped
from wxdesk.outbound.contents import OutgoingKind, content_of
from wxdesk.outbound.operations import Parcel, claim_delivery
from wxdesk.outbound.queries import holds_undoable, list_abandoned, list_expired
from wxdesk.outbound.rules import KEPT, NO_MESSAGES, NO_RIGHT
from wxdesk.outbound.settling import (
    ring_for_due,
    settle_abandoned,
    settle_expired,
    settle_failed,
    settle_sent,
    settle_unrecorded,
)
from wxdesk.outbound.turns import next_bulk
from wxdesk.plumbing.clock import pause
from wxdesk.plumbing.errors import DeliveryError, WxdeskError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.runtime import Runtime, current, rung
from wxdesk.wechat.client import Client
from wxdesk.wechat.content import Content
from wxdesk.wechat.error_codes import Action, meaning_of_text
from wxdesk.words import say

logger = logging.getLogger(__name__)

SETTLE_PAUSES = (0.2, 1.0, 3.0)
MOST_BULK = 20  # in one call of the job
BULK_SPAN = timedelta(seconds=1)  # then the other jobs of its worker have their turn
UNRECORDED_SECONDS = 3600  # as long as a redelivery gets the same answer
AWAY = (OperationalError, TimeoutError)
WITH_THUMB = (OutgoingKind.VIDEO, OutgoingKind.MINI_PROGRAM)


def deliver(delivery_id: int) -> None:
    """Send one message, at most once a claim; whatever happens is in its row afterwards."""
    runtime = current()
    with runtime.unit_of_work() as uow:
        parcel = claim_delivery(uow, delivery_id)
        keys = _keys(runtime, uow, parcel) if parcel else None
    if parcel is None or keys is None:
        return
    try:
        wechat_msgid = _send(runtime, parcel, keys)
    except DeliveryError as error:
        _settle_failed(runtime, parcel, error)
    except RedisError:
        reason = DeliveryError(say("redis is away"), code="redis")
        _settle_failed(runtime, parcel, reason)
    except AWAY:  # while its file was looked up: nothing was sent
        reason = DeliveryError(say("the media store can't be used now"), code="store")
        _settle_failed(runtime, parcel, reason)
    else:
        _settle(
            runtime,
            lambda uow: settle_sent(uow, parcel.delivery_id, wechat_msgid=wechat_msgid),
        )


@rung(DELIVER_BULK)
def deliver_bulk() -> None:
    """Send for a second of what goes to many, and ring again if there is more.

    Before each one it looks whether its account has an answer that is due: that goes first.
    """
    runtime = current()
    ends_at = runtime.clock() + BULK_SPAN
    for _ in range(MOST_BULK):
        with runtime.reading() as session:
            delivery_id = next_bulk(session, runtime.clock())
        if delivery_id is None:
            return
        deliver(delivery_id)
        if runtime.stopping.is_set() or runtime.clock() >= ends_at:
            break
    runtime.queues.ring(DELIVER_BULK)


@rung(SWEEP_DELIVERIES)
def sweep() -> None:
    """Find what was forgotten: lost doorbells, unseen ends, held answers whose window is open.

    Each end in its own transaction: it locks a conversation, and others wait for nothing else.
    """
    runtime = current()
    with runtime.reading() as session:
        facts = facts_of(session, [account.id for account in list_names(session)])
        abandoned = list_abandoned(session, runtime.clock())
        expired = list_expired(session, runtime.clock())
    for settle, delivery_ids in ((settle_abandoned, abandoned), (settle_expired, expired)):
        for delivery_id in delivery_ids:
            with runtime.unit_of_work() as uow:
                settle(uow, delivery_id)
    capable = [account_id for account_id, fact in facts.items() if fact.has_messages]
    taken = held.taken_ids(runtime.redis, capable)
    with runtime.unit_of_work() as uow:
        ring_for_due(uow)
        operations.release_open(uow, capable, taken)


@rung(RELEASE_UNDOABLE)
def release_undoable() -> None:
    """Send the answers whose seconds for undoing are over."""
    runtime = current()
    with runtime.reading() as session:
        if not holds_undoable(session):
            return
    with runtime.unit_of_work() as uow:
        undo.release_undoable(uow)


@rung(REPAIR_HELD)
def repair_held() -> None:
    """Make what the webhook may give out equal to the rows; Redis is read before the rows."""
    runtime = current()
    with runtime.reading() as session:
        facts = facts_of(session, [account.id for account in list_names(session)])
    for account_id, fact in facts.items():
        _repair(runtime, account_id, has_messages=fact.has_messages)


def try_account_now(account_id: int) -> None:
    """An admin has mended the account: what waits for it is sent at once."""
    runtime = current()
    taken = held.taken_ids(runtime.redis, [account_id])
    with runtime.unit_of_work() as uow:
        operations.try_account_now(uow, account_id, taken)


def _repair(runtime: Runtime, account_id: int, *, has_messages: bool) -> None:
    before = held.kept(runtime.redis, account_id)
    marked = {delivery_id for mark in before.marks for delivery_id in mark.delivery_ids}
    with runtime.reading() as session:
        waiting = held.still_held(session, marked)
        truth = {} if has_messages else held.list_texts(session, account_id, runtime.clock())
    oldest = int(runtime.clock().timestamp()) - UNRECORDED_SECONDS
    ended = [mark for mark in before.marks if not waiting.intersection(mark.delivery_ids)]
    lost = [mark for mark in before.marks if mark not in ended and mark.seconds < oldest]
    for delivery_id in [it for mark in lost for it in mark.delivery_ids]:
        with runtime.unit_of_work() as uow:
            settle_unrecorded(uow, delivery_id)
    held.unmark(runtime.redis, account_id, [*ended, *lost])
    held.repair(runtime.redis, account_id, before, truth)


def _send(runtime: Runtime, parcel: Parcel, keys: AccountKeys) -> str | None:
    """Hand the message to WeChat; its number of a template message, else None."""
    client = client_for(runtime, keys, is_bulk=parcel.is_bulk)
    if parcel.is_bulk:
        client.look_before(lambda: _refuse_stopped(runtime, parcel))
    if parcel.kind == OutgoingKind.TEMPLATE:
        return _send_template(client, parcel)
    if not keys.may(Capability.MESSAGES):
        raise DeliveryError(
            say("the account has no right to send customer-service messages"), code=NO_RIGHT
        )
    if parcel.is_by_rule and parcel.window_remaining <= keys.slots_for_people:
        raise DeliveryError(
            say("the last answers of this reply window are kept for people"),
            code=KEPT,
            is_permanent=True,
        )
    try:
        content = _content(runtime, client, parcel)
    except DeliveryError as error:
        if error.code == NO_MESSAGES:  # the right to upload says nothing about messages
            raise DeliveryError(
                error.sentence, code="no_media", is_permanent=True, rid=error.rid
            ) from error
        raise
    client.send(parcel.openid, content)
    return None


def _refuse_stopped(runtime: Runtime, parcel: Parcel) -> None:
    """Somebody may have taken it back since it was claimed: pace and uploads can last long."""
    with runtime.reading() as session:
        is_off = is_stopped(session, parcel.delivery_id)
    if is_off:
        raise DeliveryError(
            say("a colleague took it back"),
            code="stopped",
            is_uncounted=True,
            retry_at=runtime.clock(),  # settled as withdrawn, whatever the number of tries
        )


def _content(runtime: Runtime, client: Client, parcel: Parcel) -> Content:
    """With its file uploaded; a video has a small picture too, a mini-program card only that."""
    media_id = thumb_id = ""
    if parcel.attachment_id is not None and parcel.kind != OutgoingKind.MINI_PROGRAM:
        media_id = media_id_for(runtime, client, parcel.attachment_id)
    if parcel.attachment_id is not None and parcel.kind in WITH_THUMB:
        thumb_id = media_id_for(runtime, client, parcel.attachment_id, as_thumb=True)
    return content_of(parcel.kind, parcel.text, parcel.fields, media_id, thumb_id)


def _send_template(client: Client, parcel: Parcel) -> str | None:
    fields = parcel.fields
    template_id, data = fields["template_id"], fields["data"]
    if fields.get("subscription"):
        client.send_subscription(parcel.openid, template_id, data, page=fields.get("url", ""))
        return None
    return client.send_template(
        parcel.openid,
        template_id,
        data,
        url=fields.get("url", ""),
        client_msg_id=_client_key(parcel),
    )


def _client_key(parcel: Parcel) -> str:
    """The same for each try until WeChat has taken it: it sends nothing for a key it knows.

    What it had taken and could not deliver is tried again with a new one.
    """
    taken = f"-{parcel.wechat_msgid[-12:]}" if parcel.wechat_msgid else ""
    return f"wxdesk-{parcel.delivery_id}{taken}"


def _settle_failed(runtime: Runtime, parcel: Parcel, error: DeliveryError) -> None:
    logger.warning("delivery %d not sent: code %s", parcel.delivery_id, error.code)
    meaning = meaning_of_text(error.code)
    attachment_id = parcel.attachment_id
    forgets = meaning is not None and meaning.action is Action.UPLOAD_AGAIN

    def record(uow: UnitOfWork) -> None:
        if forgets and attachment_id is not None:
            forget_upload(uow, attachment_id)
        settle_failed(uow, parcel.delivery_id, error)

    _settle(runtime, record)


def _settle(runtime: Runtime, record: Callable[[UnitOfWork], None]) -> None:
    """What WeChat said must not be forgotten because the database was busy for a moment.

    If it is away for longer the row stays `sending`, and the sweeper calls it unconfirmed.
    """
    for seconds in SETTLE_PAUSES:
        try:
            with runtime.unit_of_work() as uow:
                record(uow)
        except AWAY:
            logger.warning("database busy; the result of a delivery waits %g s", seconds)
            pause(seconds)
        else:
            return
    with runtime.unit_of_work() as uow:
        record(uow)


def _keys(runtime: Runtime, uow: UnitOfWork, parcel: Parcel) -> AccountKeys | None:
    """Found in the transaction of the claim: if the database goes away, nothing was claimed."""
    try:
        return get_keys(uow.session, runtime.vault, parcel.account_id)
    except WxdeskError as error:  # the keys can't be read
        reason = DeliveryError(error.sentence, code="account", is_permanent=True)
        settle_failed(uow, parcel.delivery_id, reason)
        return None
