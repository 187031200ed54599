"""Telling people and other systems, once each, in the transaction of the cause."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select, update

from wxdesk.agents.models import Agent
from wxdesk.background_jobs import SEND_WEBHOOKS
from wxdesk.notifications.models import Notification, WebhookCall
from wxdesk.notifications.rules import (
    CALLS_KEPT_FOR,
    CLAIM_LASTS,
    KEPT_FOR,
    LONGEST_EVENT,
    LONGEST_ONCE_KEY,
    LONGEST_WEBHOOK_KEY,
    PERMANENT,
    CallProblem,
    CallState,
    Notice,
    Topic,
    next_try,
    topic_of,
    url_problem,
)
from wxdesk.plumbing.clock import iso
from wxdesk.plumbing.db import insert_rows
from wxdesk.plumbing.errors import InvalidInputError, NotFoundError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.words import say

BATCH = 500


def notify(
    uow: UnitOfWork,
    agent_ids: Collection[int],
    topic: Topic,
    conversation_id: int | None,
    details: dict[str, Any] | None,
    once_key: str,
) -> None:
    """Tell these people, each once for a `once_key` (at most 80 characters)."""
    notify_all(uow, [Notice(tuple(agent_ids), topic, conversation_id, details, once_key)])


def notify_all(uow: UnitOfWork, notices: Sequence[Notice]) -> None:
    """The same for many events in one statement; whoever was deactivated is told nothing."""
    wanted = {agent_id for notice in notices for agent_id in notice.agent_ids}
    active = set(
        uow.session.scalars(select(Agent.id).where(Agent.id.in_(wanted), Agent.is_active))
        if wanted
        else ()
    )
    rows = [
        _row(uow, notice, agent_id)
        for notice in notices
        for agent_id in sorted(active.intersection(notice.agent_ids))
    ]
    if rows:
        insert_rows(uow.session, Notification, rows, passes_known=True)
        uow.announce(*(topic_of(agent_id) for agent_id in active))


def call_webhook(
    uow: UnitOfWork, url: str, event: str, body: dict[str, Any], once_key: str
) -> None:
    """Queue one signed POST, once for a `once_key` (at most 120 characters).

    `body` holds ids, names and times, never what a customer wrote. InvalidInputError("url") when
    the address can't be one.
    """
    sentence = url_problem(url)
    if sentence is not None:
        raise InvalidInputError("url", sentence)
    row = {
        "url": url,
        "event": event[:LONGEST_EVENT],
        "body": body,
        "once_key": once_key[:LONGEST_WEBHOOK_KEY],
        "state": CallState.QUEUED,
        "attempts": 0,
        "next_attempt_at": uow.now,
        "created_at": uow.now,
    }
    insert_rows(uow.session, WebhookCall, [row], passes_known=True)
    uow.ring(SEND_WEBHOOKS)


def mark_seen(uow: UnitOfWork, agent_id: int, until_id: int, only_id: int | None = None) -> int:
    """Everything up to `until_id` (or that one alone) is read; gives how many were not."""
    where = [Notification.agent_id == agent_id, Notification.seen_at.is_(None)]
    where.append(Notification.id <= until_id if only_id is None else Notification.id == only_id)
    marked = uow.session.execute(update(Notification).where(*where).values(seen_at=uow.now))
    uow.announce(topic_of(agent_id))
    return int(marked.rowcount)  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Claim:
    """A call that this process alone makes now; `envelope` is what is sent, as JSON."""

    id: int
    url: str
    attempts: int
    envelope: Mapping[str, object]


def claim_call(uow: UnitOfWork, call_id: int) -> Claim | None:
    """Take a call that is due; None when another process has it, or it is done with."""
    found = uow.session.scalars(
        select(WebhookCall)
        .where(
            WebhookCall.id == call_id,
            WebhookCall.state.in_((CallState.QUEUED, CallState.SENDING)),
            WebhookCall.next_attempt_at <= uow.now,
        )
        .with_for_update(skip_locked=True)
    ).first()
    if found is None:
        return None
    if found.state is CallState.SENDING and next_try(found.attempts, uow.now) is None:
        _fail(uow, found, CallProblem.CRASHED, None)
        return None
    found.state = CallState.SENDING
    found.attempts += 1
    found.next_attempt_at = uow.now + CLAIM_LASTS
    envelope = {
        "id": found.id,
        "event": found.event,
        "created_at": iso(found.created_at),
        "data": found.body,
    }
    return Claim(found.id, found.url, found.attempts, envelope)


def settle_call(
    uow: UnitOfWork, claim: Claim, problem: CallProblem | None, status: int | None
) -> None:
    """Note how a claimed call went, unless another process has taken it up since."""
    found = uow.session.scalars(
        select(WebhookCall)
        .where(
            WebhookCall.id == claim.id,
            WebhookCall.state == CallState.SENDING,
            WebhookCall.attempts == claim.attempts,
        )
        .with_for_update()
    ).first()
    if found is None:
        return
    again_at = next_try(claim.attempts, uow.now)
    if problem is None:
        found.state, found.settled_at, found.next_attempt_at = CallState.SENT, uow.now, None
        found.last_status, found.last_error = status, None
    elif again_at is None or problem in PERMANENT:
        _fail(uow, found, problem, status)
    else:
        found.state, found.next_attempt_at = CallState.QUEUED, again_at
        found.last_status, found.last_error = status, problem


def retry_call(uow: UnitOfWork, call_id: int) -> None:
    """Try a failed call again from the start; NotFoundError when there is no such failed call."""
    changed = uow.session.execute(
        update(WebhookCall)
        .where(WebhookCall.id == call_id, WebhookCall.state == CallState.FAILED)
        .values(state=CallState.QUEUED, attempts=0, next_attempt_at=uow.now, settled_at=None)
    )
    if changed.rowcount == 0:  # type: ignore[attr-defined]
        raise NotFoundError(say("there is no such failed call"))
    uow.ring(SEND_WEBHOOKS)


def prune(uow: UnitOfWork) -> bool:
    """Delete a batch of what is too old; True when there may be more."""
    old = select(Notification.id).where(Notification.created_at < uow.now - KEPT_FOR)
    calls = select(WebhookCall.id).where(
        WebhookCall.created_at < uow.now - CALLS_KEPT_FOR, WebhookCall.settled_at.is_not(None)
    )
    removed = [
        uow.session.execute(delete(Notification).where(Notification.id.in_(old.limit(BATCH)))),
        uow.session.execute(delete(WebhookCall).where(WebhookCall.id.in_(calls.limit(BATCH)))),
    ]
    return any(each.rowcount == BATCH for each in removed)  # type: ignore[attr-defined]


def _fail(uow: UnitOfWork, call: WebhookCall, problem: CallProblem, status: int | None) -> None:
    call.state, call.settled_at, call.next_attempt_at = CallState.FAILED, uow.now, None
    call.last_status, call.last_error = status, problem


def _row(uow: UnitOfWork, notice: Notice, agent_id: int) -> dict[str, Any]:
    return {
        "agent_id": agent_id,
        "topic": notice.topic,
        "conversation_id": notice.conversation_id,
        "details": notice.details,
        "once_key": notice.once_key[:LONGEST_ONCE_KEY],
        "created_at": uow.now,
        "seen_at": None,
    }
