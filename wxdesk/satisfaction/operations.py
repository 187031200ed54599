"""What customers answer to the question: a score, and after a low one a comment.

Nothing that might need an answer is filed away as a comment (docs/wechat.md#ratings).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from wxdesk.contacts.models import Contact
from wxdesk.conversations.merging import get_surviving
from wxdesk.conversations.models import Conversation
from wxdesk.conversations.rules import Status
from wxdesk.conversations.timeline import Activity, note_activity
from wxdesk.outbound.contents import OutgoingKind
from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.rules import Delivery
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.satisfaction.asking import has_open_conversation, seen, send, window_allows
from wxdesk.satisfaction.models import SatisfactionRating
from wxdesk.satisfaction.rules import (
    COMMENT_QUESTION,
    COMMENT_WITHIN,
    EXPIRES_AFTER,
    LONGEST_COMMENT,
    Heard,
    RatingState,
    Tap,
    hear,
    is_low,
)


@dataclass(frozen=True, slots=True)
class Awaited:
    """A comment that was asked for: the question reached the customer at `asked_at`."""

    rating_id: int
    asked_at: datetime
    until: datetime


def owners_of(uow: UnitOfWork, rating_ids: Collection[int]) -> dict[int, int]:
    """By rating the customer who was asked; unknown ones are left out."""
    rows = uow.session.execute(
        select(SatisfactionRating.id, SatisfactionRating.contact_id).where(
            SatisfactionRating.id.in_(sorted(rating_ids))
        )
    )
    return dict(rows.all())


def awaited_comments(uow: UnitOfWork, contact_ids: Collection[int]) -> dict[int, Awaited]:
    """By customer the comment that is waited for; of those only whom nobody serves now."""
    rows = uow.session.execute(
        select(SatisfactionRating, DeliveryRow.settled_at)
        .join(DeliveryRow, DeliveryRow.message_id == SatisfactionRating.comment_message_id)
        .where(
            SatisfactionRating.contact_id.in_(sorted(contact_ids)),
            SatisfactionRating.comment_until > uow.now - COMMENT_WITHIN,
            DeliveryRow.state == Delivery.SENT,
        )
        .order_by(SatisfactionRating.id)
    ).all()
    if not rows:
        return {}
    served = set(
        uow.session.scalars(
            select(Conversation.contact_id).where(
                Conversation.contact_id.in_(sorted(row.contact_id for row, _ in rows)),
                Conversation.status != Status.RESOLVED,
            )
        )
    )
    return {
        row.contact_id: Awaited(row.id, settled_at, row.comment_until)
        for row, settled_at in rows
        if row.contact_id not in served and settled_at is not None and row.comment_until is not None
    }


def hear_tap(uow: UnitOfWork, contact: Contact, tap: Tap, at: datetime) -> None:
    """Note the score of this customer's tap; a low one is followed by a question for the reason.

    The customer is locked. Later taps than the first change the score for ten minutes only.
    """
    rating = uow.session.get(SatisfactionRating, tap.rating_id, with_for_update=True)
    if rating is None or rating.contact_id != contact.id:
        return
    heard = hear(rating.state, before=rating.score, now=tap.score, rated_at=rating.rated_at, at=at)
    if heard is Heard.IGNORED:
        return
    if heard is Heard.FIRST:
        rating.state, rating.rated_at = RatingState.RATED, at
    rating.score = tap.score
    conversation = get_surviving(uow, rating.conversation_id)
    note_activity(uow, conversation, Activity.RATED, by=None, score=tap.score)
    seen(uow, conversation)
    _ask_for_reason(uow, rating, contact, conversation)


def note_comment(uow: UnitOfWork, rating_id: int, text: str) -> None:
    """What the customer wrote when asked for the reason; the next text is a message again."""
    rating = uow.session.get(SatisfactionRating, rating_id, with_for_update=True)
    if rating is None:
        return
    rating.comment, rating.comment_until = text[:LONGEST_COMMENT], None
    seen(uow, get_surviving(uow, rating.conversation_id))


def stop_waiting(uow: UnitOfWork) -> None:
    """Questions without an answer after three days have none; comments are not waited for."""
    uow.session.execute(
        update(SatisfactionRating)
        .where(
            SatisfactionRating.state == RatingState.ASKED,
            SatisfactionRating.asked_at < uow.now - EXPIRES_AFTER,
        )
        .values(state=RatingState.EXPIRED)
        .execution_options(synchronize_session=False)
    )
    uow.session.execute(
        update(SatisfactionRating)
        .where(SatisfactionRating.comment_until < uow.now - COMMENT_WITHIN)
        .values(comment_until=None)
        .execution_options(synchronize_session=False)
    )


def _ask_for_reason(
    uow: UnitOfWork, rating: SatisfactionRating, contact: Contact, conversation: Conversation
) -> None:
    """Once a rating, if the window allows and nobody serves the customer now."""
    if not is_low(rating.score or 0):
        rating.comment_until = None
        return
    if rating.comment_message_id is not None or has_open_conversation(uow, contact.id):
        return
    if window_allows(uow, contact):
        message = send(uow, conversation, OutgoingKind.TEXT, COMMENT_QUESTION)
        rating.comment_message_id = message.id
        rating.comment_until = uow.now + COMMENT_WITHIN
