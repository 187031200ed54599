"""What can be shown to the boss: how many got it, how fast it was stopped, who was told by when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wxdesk.campaigns.models import Campaign
from wxdesk.conversations.models import Message
from wxdesk.corrections.choosing import is_chosen
from wxdesk.corrections.models import Correction, CorrectionRecipient
from wxdesk.corrections.queries import (
    CorrectionView,
    choice_of,
    get_view,
    left_out_counts,
    reach_counts,
)
from wxdesk.corrections.rules import Reach, RecipientState
from wxdesk.triage.models import AutoReplyRuleVersion

LEEWAY = timedelta(seconds=5)  # every process hears of a change within a second
HOUR = timedelta(hours=1)
MOST_HOURS = 24 * 14

Its = CorrectionRecipient


@dataclass(frozen=True, slots=True)
class Hour:
    """How many were corrected in the hour from `begins` on, and until its end altogether."""

    begins: datetime
    corrected: int
    altogether: int


@dataclass(frozen=True, slots=True)
class Report:
    """`stopped_at` is None while it still answers; shares of people are those of all who got it.

    `half_at`, `most_at` and `last_at`: when 50 %, 90 % and all of the corrected ones had it.
    """

    view: CorrectionView
    first_wrong_at: datetime | None
    last_wrong_at: datetime | None
    stopped_at: datetime | None
    corrected: int
    first_at: datetime | None
    half_at: datetime | None
    most_at: datetime | None
    last_at: datetime | None
    hours: tuple[Hour, ...]
    left_out: dict[Reach, int]
    not_sent: dict[Reach, int]

    @property
    def lasted(self) -> timedelta | None:
        """From the first wrong answer until it was stopped."""
        if self.stopped_at is None or self.first_wrong_at is None:
            return None
        return max(self.stopped_at - self.first_wrong_at, timedelta(0))


def report_of(session: Session, correction_id: int, now: datetime) -> Report:
    """NotFoundError when there is no such correction."""
    view = get_view(session, correction_id)
    row = view.row
    first_wrong_at, last_wrong_at = session.execute(
        select(func.min(Message.received_at), func.max(Message.received_at)).where(
            is_chosen(choice_of(row))
        )
    ).one()
    times = _times(session, correction_id)
    return Report(
        view=view,
        first_wrong_at=first_wrong_at,
        last_wrong_at=last_wrong_at,
        stopped_at=_stopped_at(session, row, last_wrong_at),
        corrected=len(times),
        first_at=_share(times, 0),
        half_at=_share(times, 0.5),
        most_at=_share(times, 0.9),
        last_at=_share(times, 1),
        hours=_hours(times),
        left_out=left_out_counts(session, row),
        not_sent=reach_counts(session, row, now),
    )


def _times(session: Session, correction_id: int) -> list[datetime]:
    query = select(Its.settled_at).where(
        Its.correction_id == correction_id,
        Its.state == RecipientState.SENT,
        Its.settled_at.is_not(None),
    )
    return sorted(at for at in session.scalars(query) if at is not None)


def _share(times: list[datetime], share: float) -> datetime | None:
    return times[max(0, ceil(len(times) * share) - 1)] if times else None


def _hours(times: list[datetime]) -> tuple[Hour, ...]:
    """Only hours in which somebody was corrected; at most two weeks of them."""
    counts: dict[datetime, int] = {}
    for at in times:
        begins = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        counts[begins] = counts.get(begins, 0) + 1
    found, altogether = [], 0
    for begins, count in sorted(counts.items()):
        altogether += count
        found.append(Hour(begins, count, altogether))
    return tuple(found[:MOST_HOURS])


def _stopped_at(session: Session, row: Correction, last_at: datetime | None) -> datetime | None:
    """When each rule's next version began, or the campaign was stopped; None while one goes on."""
    if last_at is None:
        return None
    campaign = session.get(Campaign, row.campaign_id) if row.campaign_id else None
    ends = [campaign.paused_at, campaign.ended_at] if campaign else []
    stopped = [at for at in ends if at is not None and at >= last_at - LEEWAY]
    wrong = session.execute(
        select(Message.sender_id, func.max(Message.rule_version))
        .where(is_chosen(choice_of(row)))
        .group_by(Message.sender_id)
    ).all()
    changes = [_next_change(session, rule_id, version) for rule_id, version in wrong]
    known = [at for at in changes if at is not None]
    if known and len(known) == len(changes):
        stopped.append(max(known))
    return min(stopped, default=None)


def _next_change(session: Session, rule_id: int | None, version: int | None) -> datetime | None:
    """When the rule was switched off or said something else; None if nobody can tell.

    A new name, another priority or another condition stops nothing.
    """
    if rule_id is None or version is None:
        return None
    its = AutoReplyRuleVersion
    said = None
    for later in session.scalars(
        select(its).where(its.rule_id == rule_id, its.version >= version).order_by(its.version)
    ):
        if later.version == version:
            said = _said(later)
        elif not later.is_active or _said(later) != said:
            return later.changed_at
    return None


def _said(version: AutoReplyRuleVersion) -> tuple[object, ...]:
    """All that a customer may get from it."""
    return (
        version.reply_kind,
        version.reply_text,
        version.reply_content or None,
        version.attachment_id,
        version.more_replies or None,
    )
