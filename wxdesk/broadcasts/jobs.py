"""The background job of broadcasts: lists people, queues their messages, sends mass messages."""

from __future__ import annotations

import logging
import time

from sqlalchemy.exc import OperationalError, TimeoutError

from wxdesk.accounts.clients import client_for
from wxdesk.accounts.queries import get_keys
from wxdesk.background_jobs import FEED_BROADCASTS
from wxdesk.broadcasts import feeding, mass
from wxdesk.broadcasts.mass import Order
from wxdesk.broadcasts.queries import get_view, list_active
from wxdesk.broadcasts.rules import BroadcastKind, BroadcastState
from wxdesk.media.operations import forget_upload
from wxdesk.media.sending import media_id_for
from wxdesk.plumbing.errors import DeliveryError, WxdeskError
from wxdesk.runtime import Runtime, current, rung
from wxdesk.wechat.client import Client
from wxdesk.wechat.error_codes import Action, meaning_of_text
from wxdesk.wechat.limits import MassKind
from wxdesk.wechat.mass_calls import MassContent

logger = logging.getLogger(__name__)

TURN_SECONDS = 2.0  # then others that use the queue get their turn
AWAY = (OperationalError, TimeoutError)


@rung(FEED_BROADCASTS)
def feed() -> None:
    """Bring every broadcast that is due some steps further; rings again when more can be done."""
    runtime = current()
    ends_at = time.monotonic() + TURN_SECONDS
    try:
        with runtime.reading() as session:
            active = list_active(session, runtime.clock())
        more = False
        for broadcast_id, kind, state in active:
            if runtime.stopping.is_set() or time.monotonic() > ends_at:
                more = True
                break
            if kind is BroadcastKind.MASS:
                _mass(runtime, broadcast_id, state)
            else:
                more = _people(runtime, broadcast_id, state, ends_at) or more
    except AWAY as error:
        reason = type(error).__name__
        logger.error("database unreachable (%s); broadcasts wait", reason)  # noqa: TRY400
        return
    if more:
        runtime.queues.ring(FEED_BROADCASTS)


def _people(runtime: Runtime, broadcast_id: int, state: BroadcastState, ends_at: float) -> bool:
    """Steps of one that goes to each person alone; True when more can be done at once."""
    if state is BroadcastState.CANCELLED:
        with runtime.unit_of_work() as uow:
            feeding.withdraw(uow, broadcast_id)
        return False
    if state is BroadcastState.PAUSED:
        with runtime.unit_of_work() as uow:
            feeding.hold(uow, broadcast_id)
        return False
    if state is BroadcastState.SCHEDULED:
        with runtime.unit_of_work() as uow:
            feeding.begin(uow, broadcast_id)
    while _is_collecting(runtime, broadcast_id):
        with runtime.unit_of_work() as uow:
            feeding.collect(uow, broadcast_id)
        if time.monotonic() > ends_at:
            return True
    more = True
    while more and time.monotonic() < ends_at:
        with runtime.unit_of_work() as uow:
            feeding.note_ends(uow, broadcast_id)
        with runtime.unit_of_work() as uow:
            more = feeding.queue_next(uow, broadcast_id)
    with runtime.unit_of_work() as uow:
        feeding.finish(uow, broadcast_id)
    return more


def _is_collecting(runtime: Runtime, broadcast_id: int) -> bool:
    with runtime.reading() as session:
        return get_view(session, broadcast_id).row.state is BroadcastState.COLLECTING


def _mass(runtime: Runtime, broadcast_id: int, state: BroadcastState) -> None:
    if state is BroadcastState.SENDING:
        _look(runtime, broadcast_id)
        return
    with runtime.unit_of_work() as uow:
        order = mass.claim(uow, broadcast_id)
    if order is not None:
        _send(runtime, order)


def _send(runtime: Runtime, order: Order) -> None:
    """One call between two transactions."""
    try:
        client = _client(runtime, order.account_id)
        content = _content(runtime, client, order)
        taken = client.send_to_all(content, tag_id=order.tag_id, client_key=order.client_key)
    except DeliveryError as error:
        logger.warning("broadcast %d not sent: code %s", order.broadcast_id, error.code)
        refused = error
    except WxdeskError as error:  # the keys can't be read
        refused = DeliveryError(error.sentence, code="account", is_permanent=True)
    else:
        with runtime.unit_of_work() as uow:
            mass.note_taken(uow, order.broadcast_id, taken)
        return
    with runtime.unit_of_work() as uow:
        if _is_gone(refused) and order.content.attachment_id is not None:
            forget_upload(uow, order.content.attachment_id)
        mass.note_refused(uow, order.broadcast_id, refused)


def _is_gone(error: DeliveryError) -> bool:
    """WeChat does not have the file any more; the next try uploads it again."""
    meaning = meaning_of_text(error.code)
    return meaning is not None and meaning.action is Action.UPLOAD_AGAIN


def _look(runtime: Runtime, broadcast_id: int) -> None:
    """Ask WeChat how it ended when its event has not come; or give up a claim that was lost."""
    with runtime.reading() as session:
        row = get_view(session, broadcast_id).row
    if row.wechat_msgid is None:
        with runtime.unit_of_work() as uow:
            mass.note_abandoned(uow, broadcast_id)
        return
    if row.look_at is None or row.look_at > runtime.clock():
        return
    try:
        status = _client(runtime, row.account_id).mass_status(row.wechat_msgid)
    except WxdeskError as error:
        reason = error.code if isinstance(error, DeliveryError) else "account"
        logger.warning("state of broadcast %d unknown: code %s", broadcast_id, reason)
        status = ""
    with runtime.unit_of_work() as uow:
        mass.note_status(uow, broadcast_id, status)


def _client(runtime: Runtime, account_id: int) -> Client:
    """At the pace of answers: a mass send is one call, and has its hour."""
    with runtime.reading() as session:
        keys = get_keys(session, runtime.vault, account_id)
    return client_for(runtime, keys)


def _content(runtime: Runtime, client: Client, order: Order) -> MassContent:
    content = order.content
    media_id = content.media_id
    if content.mass_kind is MassKind.IMAGE and content.attachment_id is not None:
        media_id = media_id_for(runtime, client, content.attachment_id)
    return MassContent(content.mass_kind, content.text, media_id)
