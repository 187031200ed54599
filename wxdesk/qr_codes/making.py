"""Codes that WeChat is to make: claimed for a while, asked for, settled with what it answered.

A permanent scene asked for twice gives the same code, and of a temporary one nobody has seen the
first: so an answer that was lost is simply asked for again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from wxdesk.contacts.refusals import is_about_account
from wxdesk.contacts.schedule import LEASE, MOST_ATTEMPTS, again_at
from wxdesk.plumbing.errors import DeliveryError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.qr_codes.models import QrCode
from wxdesk.qr_codes.rules import QrState
from wxdesk.wechat.account_calls import QrCode as MadeCode
from wxdesk.wechat.client import Client
from wxdesk.wechat.transport import junk

DUE = (QrState.WAITING, QrState.MAKING)
MOST_ACCOUNTS = 1_000
LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Order:
    """A claimed code; nobody else asks for it until `until`."""

    code_id: int
    scene: str
    lives_seconds: int | None
    until: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """What WeChat answered: the code, or why not."""

    order: Order
    made: MadeCode | None
    error: DeliveryError | None = None


def accounts_with_orders(session: Session, now: datetime) -> list[int]:
    """Accounts of which a code is due, each once."""
    return list(
        session.scalars(
            select(QrCode.account_id)
            .where(QrCode.state.in_(DUE), QrCode.next_attempt_at <= now)
            .distinct()
            .order_by(QrCode.account_id)
            .limit(MOST_ACCOUNTS)
        )
    )


def waits_for_more_than(session: Session, account_id: int, count: int) -> bool:
    """Whether more than `count` codes of the account are still to be made, now or later."""
    beyond = select(QrCode.id).where(QrCode.account_id == account_id, QrCode.state.in_(DUE))
    return session.scalar(beyond.limit(1).offset(count)) is not None


def claim(uow: UnitOfWork, account_id: int, limit: int) -> list[Order]:
    """Take up to `limit` codes that are due, the longest due first."""
    codes = uow.session.scalars(
        select(QrCode)
        .where(
            QrCode.account_id == account_id,
            QrCode.state.in_(DUE),
            QrCode.next_attempt_at <= uow.now,
        )
        .order_by(QrCode.next_attempt_at, QrCode.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    until = uow.now + LEASE
    for code in codes:
        code.state, code.claimed_at, code.next_attempt_at = QrState.MAKING, uow.now, until
    return [Order(code.id, code.scene, code.lives_seconds, until) for code in codes]


def ask(client: Client, order: Order) -> Outcome:
    """One call. No database."""
    try:
        made = client.create_qr_code(order.scene, expires_seconds=order.lives_seconds)
    except DeliveryError as error:
        return Outcome(order, None, error)
    if not made.url:
        return Outcome(order, None, junk())
    return Outcome(order, made)


def settle(uow: UnitOfWork, outcomes: Sequence[Outcome]) -> None:
    """Note what WeChat made and refused; a claim that somebody else took over is left alone."""
    ids = [it.order.code_id for it in outcomes]
    codes = {
        code.id: code
        for code in uow.session.scalars(
            select(QrCode)
            .where(QrCode.id.in_(ids))
            .order_by(QrCode.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    }
    for it in outcomes:
        code = codes.get(it.order.code_id)
        if (
            code is None
            or code.state is not QrState.MAKING
            or code.next_attempt_at != it.order.until
        ):
            continue
        if it.made is not None:
            code.state, code.attempts, code.error = QrState.READY, 0, None
            code.ticket, code.url = it.made.ticket[:300], it.made.url[:300]
            code.expires_at = it.made.expires_at
        elif it.error is not None:
            _refused(uow, code, it.error)


def release(uow: UnitOfWork, orders: Sequence[Order], refused: DeliveryError | None) -> None:
    """Give back what was not asked for: the account's calls are refused, or the time is up."""
    due_at = uow.now if refused is None else again_at(refused, 1, uow.now)
    for order in orders:
        code = uow.session.get(QrCode, order.code_id, with_for_update=True, populate_existing=True)
        if code is not None and code.next_attempt_at == order.until:
            code.state, code.next_attempt_at = QrState.WAITING, due_at


def _refused(uow: UnitOfWork, code: QrCode, error: DeliveryError) -> None:
    code.attempts += 0 if error.is_uncounted else 1
    code.error = str(error.sentence)[:LONGEST_REASON]
    is_final = error.is_permanent and not is_about_account(error)
    if is_final or code.attempts >= MOST_ATTEMPTS:
        code.state = QrState.FAILED
        return
    code.state = QrState.WAITING
    code.next_attempt_at = again_at(error, code.attempts, uow.now)
