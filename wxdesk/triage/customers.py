"""What rules must know of a customer who writes: asked only when a rule needs it."""

from __future__ import annotations

import logging
import threading
import time

from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from wxdesk.contacts.models import Contact, ContactTag
from wxdesk.contacts.rules import TagState
from wxdesk.conversations.models import Message
from wxdesk.conversations.rules import Direction
from wxdesk.runtime import Runtime
from wxdesk.triage.rules import CustomerFacts

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 1.0
AVOID_SECONDS = 3.0
LIMIT_ANSWER = text(f"SET LOCAL statement_timeout = {round(ANSWER_SECONDS * 1000)}")


def find_customer(session: Session, account_id: int, openid: str) -> CustomerFacts:
    """What is recorded just now; somebody unknown is new. Two queries on indexes."""
    has_written = (
        select(Message.id)
        .where(
            Message.contact_id == Contact.id,
            Message.direction == Direction.INCOMING,
            Message.kind != "event",
        )
        .exists()
    )
    row = session.execute(
        select(
            Contact.id, Contact.remark, Contact.qr_scene, has_written.label("has_written")
        ).where(Contact.openid == openid, Contact.account_id == account_id)
    ).one_or_none()
    if row is None:
        return CustomerFacts()
    tags = session.scalars(
        select(ContactTag.tag_id).where(
            ContactTag.contact_id == row.id, ContactTag.state != TagState.REMOVING
        )
    )
    return CustomerFacts(
        contact_id=row.id,
        remark=row.remark,
        tag_ids=frozenset(tags),
        qr_scene=row.qr_scene,
        is_new=not row.has_written,
    )


class Customers:
    """Tells the threads of one web process who writes, as long as the database answers quickly.

    A push must be answered within seconds: one question waits a second, and after that, or while
    one has no answer yet, nobody is asked for some seconds. Rules that need to know say nothing.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._is_postgres = runtime.engine.dialect.name == "postgresql"
        self._sessions = sessionmaker(
            runtime.engine.execution_options(is_reading=True), expire_on_commit=False
        )
        self._slow_at = -AVOID_SECONDS
        self._asking: dict[int, float] = {}  # thread -> since when

    def find(self, account_id: int, openid: str) -> CustomerFacts | None:
        """None when nobody can tell now."""
        began, thread = time.monotonic(), threading.get_ident()
        if self._is_slow(began):
            return None
        self._asking[thread] = began
        try:
            with self._sessions() as session, session.begin():
                if self._is_postgres:
                    session.execute(LIMIT_ANSWER)
                return find_customer(session, account_id, openid)
        except SQLAlchemyError as error:
            self._slow_at = time.monotonic()
            logger.warning("database unreachable (%s); no rule about it", type(error).__name__)
            return None
        finally:
            del self._asking[thread]
            if time.monotonic() - began > ANSWER_SECONDS:
                self._slow_at = time.monotonic()

    def _is_slow(self, now: float) -> bool:
        longest = min(self._asking.copy().values(), default=now)
        return now - longest > ANSWER_SECONDS or now - self._slow_at < AVOID_SECONDS


class AskOnce:
    """Asks who writes when first called, for one push; None when nobody can tell."""

    def __init__(self, customers: Customers, account_id: int, openid: str) -> None:
        self._customers = customers
        self._account_id = account_id
        self._openid = openid
        self._is_asked = False
        self._facts: CustomerFacts | None = None

    def __call__(self) -> CustomerFacts | None:
        if not self._is_asked:
            self._is_asked = True
            self._facts = self._customers.find(self._account_id, self._openid)
        return self._facts
