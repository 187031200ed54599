"""What people do with broadcasts: write, ask for consent, send or schedule, pause, cancel, retry.

What follows from the clock and from WeChat is in feeding.py, mass.py and results.py.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import func, select, update

from wxdesk.accounts.models import Account
from wxdesk.accounts.rules import field_names
from wxdesk.agents.models import Agent
from wxdesk.agents.rules import may
from wxdesk.audit.operations import note
from wxdesk.background_jobs import FEED_BROADCASTS
from wxdesk.broadcasts.audience import count, limit_of
from wxdesk.broadcasts.forms import BroadcastForm, find_template, problems
from wxdesk.broadcasts.models import Broadcast, BroadcastTarget
from wxdesk.broadcasts.rules import (
    BEFORE_SENDING,
    ENDED,
    FURTHEST,
    BroadcastKind,
    BroadcastState,
    Content,
    Counted,
    Limit,
    TargetState,
)
from wxdesk.broadcasts.stopping import take_back
from wxdesk.broadcasts.stored import audience_from, audience_json, content_json, counted_json
from wxdesk.media.models import Attachment
from wxdesk.notifications.approvals import ask_for_approval
from wxdesk.plumbing.errors import (
    ConflictError,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
)
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.words import say

APPROVE = "campaigns.approve"


def create(uow: UnitOfWork, form: BroadcastForm, by_id: int) -> Broadcast:
    """A draft; InvalidInputError names what can't be taken."""
    _refuse_problems(uow, form)
    broadcast = Broadcast(created_by_id=by_id, created_at=uow.now, version=0)
    _write(uow, broadcast, form, by_id)
    uow.session.add(broadcast)
    uow.session.flush()
    _note(uow, broadcast, "broadcast.created", by_id)
    return broadcast


def change(uow: UnitOfWork, broadcast_id: int, form: BroadcastForm, by_id: int) -> Broadcast:
    """Write a draft anew; what was asked for or scheduled before is off.

    ConflictError when it is under way or has ended.
    """
    broadcast = get_locked(uow, broadcast_id)
    _refuse_begun(broadcast)
    _refuse_problems(uow, form)
    _write(uow, broadcast, form, by_id)
    broadcast.state = BroadcastState.DRAFT
    _forget_tries(broadcast)
    broadcast.asked_at = broadcast.send_at = None
    broadcast.approved_by_id = broadcast.approved_at = None
    _note(uow, broadcast, "broadcast.changed", by_id)
    return broadcast


def dry_run(uow: UnitOfWork, broadcast_id: int, at: datetime | None = None) -> Counted:
    """Count whom it would reach at that time, and keep the numbers; nothing is sent."""
    broadcast = get_locked(uow, broadcast_id)
    account = uow.session.get_one(Account, broadcast.account_id)
    audience = audience_from(broadcast.audience)
    counted = count(
        uow.session, account, broadcast.kind, audience, at or uow.now, but_id=broadcast.id
    )
    if broadcast.state in BEFORE_SENDING:
        broadcast.counted = counted_json(counted)
    return counted


def ask(uow: UnitOfWork, broadcast_id: int, send_at: datetime | None, by_id: int) -> None:
    """Ask those who may approve for consent; `send_at` None: as soon as there is.

    ConflictError when it is scheduled: its time is what somebody has consented to.
    """
    broadcast = get_locked(uow, broadcast_id)
    _refuse_begun(broadcast)
    if broadcast.state is not BroadcastState.DRAFT:
        raise ConflictError(say("it is scheduled already; edit it to ask for something else"))
    _refuse_impossible(uow, broadcast, _checked_time(uow, send_at))
    broadcast.asked_at, broadcast.send_at = uow.now, send_at
    _tell_approvers(uow, broadcast, by_id)
    _note(uow, broadcast, "broadcast.approval_asked", by_id)


def send(
    uow: UnitOfWork, broadcast_id: int, send_at: datetime | None, by_id: int, *, version: int
) -> None:
    """Send it now, or at that time. Where the account needs consent, this is the consent.

    `version` is what the person has seen: ConflictError when it was written anew since, when it is
    under way, or when a limit of WeChat's leaves nothing to send.
    """
    broadcast = get_locked(uow, broadcast_id)
    _refuse_begun(broadcast)
    if broadcast.version != version:
        raise ConflictError(say("somebody has changed it since you looked"))
    broadcast.needs_approval = _needs_approval(uow, broadcast)
    if broadcast.needs_approval:
        _refuse_own(uow, broadcast, by_id)
        broadcast.approved_by_id, broadcast.approved_at = by_id, uow.now
    at = _checked_time(uow, send_at)
    _refuse_impossible(uow, broadcast, at)
    broadcast.counted = counted_json(dry_run(uow, broadcast_id, at))
    _forget_tries(broadcast)
    broadcast.state, broadcast.send_at, broadcast.asked_at = BroadcastState.SCHEDULED, at, None
    broadcast.client_key = broadcast.client_key or f"wxdesk-{broadcast.id}-{at:%Y%m%d%H%M%S}"
    _note(uow, broadcast, "broadcast.scheduled", by_id)
    uow.ring(FEED_BROADCASTS)


def return_unapproved(uow: UnitOfWork, broadcast: Broadcast) -> bool:
    """A draft again: its time has come, but the account wants a second person since.

    False when it may leave. Those who may approve are told.
    """
    if broadcast.approved_by_id is not None or not _needs_approval(uow, broadcast):
        return False
    _forget_tries(broadcast)
    broadcast.state, broadcast.claimed_at, broadcast.send_at = BroadcastState.DRAFT, None, None
    broadcast.error = say("not sent: the account wants a second person's approval since")
    broadcast.asked_at = uow.now
    _tell_approvers(uow, broadcast, broadcast.written_by_id)
    _note(uow, broadcast, "broadcast.approval_asked", None)
    return True


def cancel(uow: UnitOfWork, broadcast_id: int, by_id: int) -> None:
    """Before it begins nothing is sent; while it runs, what has not left stays here.

    A mass send that WeChat has taken, or may have, can't be taken back: ConflictError.
    """
    broadcast = get_locked(uow, broadcast_id)
    is_mass = broadcast.kind is BroadcastKind.MASS
    if broadcast.state in ENDED:
        raise ConflictError(say("this broadcast has ended"))
    if is_mass and broadcast.state is BroadcastState.SENDING:
        raise ConflictError(say("WeChat has it already: a mass send can't be taken back"))
    if broadcast.state is BroadcastState.UNCONFIRMED:
        raise ConflictError(
            say("WeChat may have it already; say on its page what WeChat's console shows")
        )
    broadcast.state = BroadcastState.CANCELLED
    take_back(uow, broadcast_id)
    if is_mass or broadcast.sent_at is None:
        broadcast.ended_at = uow.now
    _note(uow, broadcast, "broadcast.cancelled", by_id)
    uow.ring(FEED_BROADCASTS)


def pause(uow: UnitOfWork, broadcast_id: int, by_id: int) -> None:
    """Nothing leaves any more: what has not left is taken back, until it is resumed."""
    broadcast = get_locked(uow, broadcast_id)
    if broadcast.kind is BroadcastKind.MASS or broadcast.state is not BroadcastState.SENDING:
        raise ConflictError(say("only a broadcast that is being sent can be paused"))
    broadcast.state = BroadcastState.PAUSED
    take_back(uow, broadcast_id)
    _note(uow, broadcast, "broadcast.paused", by_id)
    uow.ring(FEED_BROADCASTS)


def resume(uow: UnitOfWork, broadcast_id: int, by_id: int) -> None:
    """Go on with those who did not get it."""
    broadcast = get_locked(uow, broadcast_id)
    if broadcast.state is not BroadcastState.PAUSED:
        raise ConflictError(say("this broadcast is not paused"))
    broadcast.state, broadcast.sent_to_at = BroadcastState.SENDING, uow.now
    _note(uow, broadcast, "broadcast.resumed", by_id)
    uow.ring(FEED_BROADCASTS)


def retry(uow: UnitOfWork, broadcast_id: int, by_id: int) -> None:
    """Send again to those who did not get it for a reason that WeChat told; never unconfirmed ones.

    ConflictError when nothing has failed, or it still runs.
    """
    broadcast = get_locked(uow, broadcast_id)
    if broadcast.state is not BroadcastState.DONE or broadcast.kind is BroadcastKind.MASS:
        raise ConflictError(say("only a broadcast that has ended can be tried again"))
    again = uow.session.execute(
        update(BroadcastTarget)
        .where(
            BroadcastTarget.broadcast_id == broadcast_id,
            BroadcastTarget.state == TargetState.FAILED,
        )
        .values(state=TargetState.LISTED, error=None, settled_at=None)
        .execution_options(synchronize_session=False)
    )
    if again.rowcount == 0:  # type: ignore[attr-defined]
        raise ConflictError(say("nothing has failed"))
    broadcast.state, broadcast.ended_at = BroadcastState.SENDING, None
    broadcast.sent_to_at = uow.now
    _note(uow, broadcast, "broadcast.retried", by_id)
    uow.ring(FEED_BROADCASTS)


def settle(uow: UnitOfWork, broadcast_id: int, by_id: int, *, was_sent: bool) -> None:
    """A person has looked into WeChat's console: the unconfirmed mass send was sent, or not."""
    broadcast = get_locked(uow, broadcast_id)
    if broadcast.state is not BroadcastState.UNCONFIRMED:
        raise ConflictError(say("this broadcast is not unconfirmed"))
    broadcast.state = BroadcastState.DONE if was_sent else BroadcastState.FAILED
    broadcast.ended_at, broadcast.look_at = uow.now, None
    _note(uow, broadcast, "broadcast.settled", by_id)


def note_preview(uow: UnitOfWork, broadcast_id: int, by_id: int) -> None:
    """It was shown on a phone."""
    _note(uow, get_locked(uow, broadcast_id), "broadcast.previewed", by_id)


def get_locked(uow: UnitOfWork, broadcast_id: int) -> Broadcast:
    """NotFoundError when there is none."""
    broadcast = uow.session.get(
        Broadcast, broadcast_id, with_for_update={"key_share": True}, populate_existing=True
    )
    if broadcast is None:
        raise NotFoundError(say("there is no broadcast %(id)d", id=broadcast_id))
    return broadcast


def count_of(uow: UnitOfWork, broadcast_id: int, state: TargetState) -> int:
    query = select(func.count()).where(
        BroadcastTarget.broadcast_id == broadcast_id, BroadcastTarget.state == state
    )
    return uow.session.scalar(query) or 0


def _write(uow: UnitOfWork, broadcast: Broadcast, form: BroadcastForm, by_id: int) -> None:
    broadcast.account_id, broadcast.kind = form.account_id, form.kind
    broadcast.name, broadcast.campaign_id = form.name.strip(), form.campaign_id
    broadcast.audience = audience_json(form.audience)
    broadcast.content = content_json(_with_layout(uow, form))
    broadcast.per_minute = form.per_minute
    broadcast.written_by_id, broadcast.written_at = by_id, uow.now
    broadcast.version, broadcast.counted = broadcast.version + 1, None
    if form.content.attachment_id is not None and form.kind is BroadcastKind.MASS:
        with uow.session.no_autoflush:
            uow.session.get_one(Attachment, form.content.attachment_id).is_kept = True


def _with_layout(uow: UnitOfWork, form: BroadcastForm) -> Content:
    """Title and text of the template as they are now: what people are shown later."""
    if form.kind is BroadcastKind.MASS:
        return form.content
    with uow.session.no_autoflush:
        template = find_template(uow.session, form)
    if template is None:
        return form.content
    names = field_names(template.content)
    data = {name: form.content.data[name].strip() for name in names}
    return replace(form.content, title=template.title, layout=template.content, data=data)


def _refuse_problems(uow: UnitOfWork, form: BroadcastForm) -> None:
    for field, sentence in problems(uow.session, form).items():
        raise InvalidInputError(field, sentence)


def _refuse_begun(broadcast: Broadcast) -> None:
    if broadcast.state not in BEFORE_SENDING:
        raise ConflictError(say("this broadcast has begun; it can't be changed any more"))
    if broadcast.claimed_at is not None:
        raise ConflictError(say("WeChat was asked to send it already"))


def _tell_approvers(uow: UnitOfWork, broadcast: Broadcast, by_id: int) -> None:
    ask_for_approval(
        uow,
        what=broadcast.name,
        link=f"/campaigns/broadcasts/{broadcast.id}",
        once_key=f"approve-broadcast-{broadcast.id}-v{broadcast.version}",
        asked_by_id=by_id,
    )


def _forget_tries(broadcast: Broadcast) -> None:
    """WeChat has refused it, or was never asked: it begins anew, and counts on its new day."""
    broadcast.attempts = 0
    broadcast.sent_at = broadcast.look_at = broadcast.error = None


def _needs_approval(uow: UnitOfWork, broadcast: Broadcast) -> bool:
    return uow.session.get_one(Account, broadcast.account_id).needs_approval


def _refuse_own(uow: UnitOfWork, broadcast: Broadcast, by_id: int) -> None:
    """Four eyes: somebody who may approve, and who has not written it."""
    if not may(uow.session.get_one(Agent, by_id).role, APPROVE):
        raise NotAllowedError(APPROVE)
    if broadcast.written_by_id == by_id:
        raise ConflictError(
            say("the account needs a second person: somebody else must approve it"),
            needs="approval",
        )


def _checked_time(uow: UnitOfWork, send_at: datetime | None) -> datetime:
    if send_at is None:
        return uow.now
    if send_at < uow.now:
        raise InvalidInputError("send_at", say("this time has passed"))
    if send_at > uow.now + FURTHEST:
        raise InvalidInputError("send_at", say("at most %(days)d days ahead", days=FURTHEST.days))
    return send_at


def _refuse_impossible(uow: UnitOfWork, broadcast: Broadcast, at: datetime) -> None:
    """Nobody is left to send to, or the day is used up."""
    account = uow.session.get_one(
        Account, broadcast.account_id, with_for_update={"key_share": True}
    )
    limit = limit_of(uow.session, account, broadcast.kind, at, but_id=broadcast.id)
    if broadcast.kind is BroadcastKind.MASS and limit is not None and limit.left == 0:
        raise ConflictError(_used_up(limit))
    audience = audience_from(broadcast.audience)
    counted = count(uow.session, account, broadcast.kind, audience, at, but_id=broadcast.id)
    if counted.people == 0 and not counted.wechat_count:
        raise ConflictError(say("nobody would get it: there is no follower like that"))
    if counted.people and counted.reached == 0:
        raise ConflictError(say("nobody would get it: all of them had four mass sends this month"))


def _used_up(limit: Limit) -> str:
    return say("that day has no mass send left: WeChat's limit is %(most)d", most=limit.most)


def _note(uow: UnitOfWork, broadcast: Broadcast, action: str, by_id: int | None) -> None:
    """In the audit log, never a text; whoever looks at it sees it."""
    note(
        uow,
        action,
        f"broadcast:{broadcast.id}",
        actor_id=by_id,
        name=broadcast.name,
        version=broadcast.version,
    )
    uow.announce("broadcasts", f"broadcast:{broadcast.id}")
