"""What lists and pages show of broadcasts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from wxdesk.accounts.models import Account
from wxdesk.agents.queries import names_of as agent_names
from wxdesk.broadcasts.forms import BroadcastForm
from wxdesk.broadcasts.models import Broadcast, BroadcastTarget
from wxdesk.broadcasts.rules import (
    BroadcastKind,
    BroadcastState,
    Counted,
    TargetState,
)
from wxdesk.broadcasts.stored import audience_from, content_from, counted_from
from wxdesk.campaigns.models import Campaign
from wxdesk.contacts.models import Contact, Tag
from wxdesk.conversations.models import Message
from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.rules import Delivery
from wxdesk.plumbing.errors import NotFoundError
from wxdesk.words import say

MOST_TAGS = 500
MOST_CAMPAIGNS = 200
MOST_ACTIVE = 50


@dataclass(frozen=True, slots=True)
class BroadcastView:
    """A broadcast with the names behind its ids; `by_state` counts people, of templates only."""

    row: Broadcast
    account: str
    account_slug: str
    tag: str | None
    campaign: str | None
    people: Mapping[int, str]
    by_state: Mapping[TargetState, int] = field(default_factory=dict)

    @property
    def counted(self) -> Counted | None:
        return counted_from(self.row.counted)

    @property
    def total(self) -> int:
        return sum(self.by_state.values())

    @property
    def arrived(self) -> int:
        """Taken by WeChat, as far as it has told."""
        sent = (TargetState.SENT, TargetState.DELIVERED)
        return sum(self.by_state.get(state, 0) for state in sent)

    @property
    def writer(self) -> str:
        return self.people.get(self.row.written_by_id, "")

    @property
    def approver(self) -> str:
        return self.people.get(self.row.approved_by_id or 0, "")


@dataclass(frozen=True, slots=True)
class TargetView:
    """One person of a broadcast; `conversation_id` where their thread can be read, if anywhere."""

    contact_id: int
    conversation_id: int | None
    remark: str
    state: TargetState
    error: str | None
    settled_at: datetime | None
    message_id: int | None


@dataclass(frozen=True, slots=True)
class Named:
    id: int
    name: str
    account_id: int
    count: int = 0


def get_view(session: Session, broadcast_id: int) -> BroadcastView:
    """NotFoundError when there is none."""
    row = session.get(Broadcast, broadcast_id)
    if row is None:
        raise NotFoundError(say("there is no broadcast %(id)d", id=broadcast_id))
    return _views(session, [row])[0]


def form_of(row: Broadcast) -> BroadcastForm:
    """As it was written."""
    return BroadcastForm(
        account_id=row.account_id,
        name=row.name,
        kind=row.kind,
        audience=audience_from(row.audience),
        content=content_from(row.content),
        per_minute=row.per_minute,
        campaign_id=row.campaign_id,
    )


def list_views(
    session: Session,
    *,
    account_id: int | None = None,
    state: BroadcastState | None = None,
    before_id: int | None = None,
    limit: int = 50,
) -> list[BroadcastView]:
    """The newest first, those with an id below `before_id`."""
    query = select(Broadcast).order_by(Broadcast.id.desc()).limit(limit)
    if account_id is not None:
        query = query.where(Broadcast.account_id == account_id)
    if state is not None:
        query = query.where(Broadcast.state == state)
    if before_id is not None:
        query = query.where(Broadcast.id < before_id)
    return _views(session, session.scalars(query).all())


def list_targets(
    session: Session,
    broadcast_id: int,
    state: TargetState | None,
    *,
    after_id: int,
    limit: int,
) -> list[TargetView]:
    """People in the order of their numbers, from the one after `after_id`."""
    query = (
        select(BroadcastTarget, Contact.remark, Message.conversation_id)
        .join(Contact, Contact.id == BroadcastTarget.contact_id)
        .outerjoin(Message, Message.id == BroadcastTarget.message_id)
        .where(BroadcastTarget.broadcast_id == broadcast_id, BroadcastTarget.contact_id > after_id)
        .order_by(BroadcastTarget.contact_id)
        .limit(limit)
    )
    if state is not None:
        query = query.where(BroadcastTarget.state == state)
    return [
        TargetView(
            contact_id=it.contact_id,
            conversation_id=conversation_id,
            remark=remark,
            state=it.state,
            error=it.error,
            settled_at=it.settled_at,
            message_id=it.message_id,
        )
        for it, remark, conversation_id in session.execute(query)
    ]


def names_of(session: Session, ids: Collection[int]) -> dict[int, str]:
    """Names by id, for threads."""
    if not ids:
        return {}
    query = select(Broadcast.id, Broadcast.name).where(Broadcast.id.in_(sorted(ids)))
    return dict(session.execute(query).all())


def list_tags(session: Session) -> list[Named]:
    """Tags of all accounts, those with most people first (at most 500)."""
    rows = session.execute(
        select(Tag.id, Tag.name, Tag.account_id, Tag.count)
        .order_by(Tag.account_id, Tag.count.desc(), Tag.id)
        .limit(MOST_TAGS)
    )
    return [Named(*row) for row in rows]


def list_campaigns(session: Session) -> list[Named]:
    """The newest campaigns (at most 200)."""
    rows = session.execute(
        select(Campaign.id, Campaign.name, Campaign.account_id)
        .order_by(Campaign.id.desc())
        .limit(MOST_CAMPAIGNS)
    )
    return [Named(*row) for row in rows]


def list_active(session: Session, now: datetime) -> list[tuple[int, BroadcastKind, BroadcastState]]:
    """What the job has to look at now, the oldest first (at most 50)."""
    states = BroadcastState
    may_look = or_(Broadcast.look_at.is_(None), Broadcast.look_at <= now)
    is_due = (Broadcast.state == states.SCHEDULED) & (Broadcast.send_at <= now) & may_look
    works = Broadcast.state.in_([states.COLLECTING, states.SENDING]) & may_look
    is_pausing = (Broadcast.state == states.PAUSED) & _has_moved()
    is_asked = (Broadcast.state == states.UNCONFIRMED) & (Broadcast.look_at <= now)
    is_withdrawn = (Broadcast.state == states.CANCELLED) & Broadcast.ended_at.is_(None)
    rows = session.execute(
        select(Broadcast.id, Broadcast.kind, Broadcast.state)
        .where(or_(is_due, works, is_pausing, is_asked, is_withdrawn))
        .order_by(Broadcast.id)
        .limit(MOST_ACTIVE)
    )
    return [(row.id, row.kind, row.state) for row in rows]


def _has_moved() -> ColumnElement[bool]:
    """Some of its messages may be taken back, or have ended.

    One that is being sent at this moment and was stopped gives nothing to do until it has ended.
    """
    is_ending = and_(DeliveryRow.state == Delivery.SENDING, DeliveryRow.is_stopped)
    return exists().where(
        BroadcastTarget.broadcast_id == Broadcast.id,
        BroadcastTarget.state == TargetState.QUEUED,
        DeliveryRow.message_id == BroadcastTarget.message_id,
        ~is_ending,
    )


def _views(session: Session, rows: Sequence[Broadcast]) -> list[BroadcastView]:
    accounts = {
        row.id: row
        for row in session.execute(
            select(Account.id, Account.name, Account.slug).where(
                Account.id.in_({it.account_id for it in rows})
            )
        )
    }
    tags = _names(session, Tag, {audience_from(it.audience).tag_id for it in rows})
    campaigns = _names(session, Campaign, {it.campaign_id for it in rows})
    people = agent_names(
        session,
        {
            each
            for it in rows
            for each in (it.written_by_id, it.created_by_id, it.approved_by_id)
            if each is not None
        },
    )
    counts = _counts(session, [it.id for it in rows if it.kind is not BroadcastKind.MASS])
    return [
        BroadcastView(
            row=it,
            account=accounts[it.account_id].name,
            account_slug=accounts[it.account_id].slug,
            tag=tags.get(audience_from(it.audience).tag_id or 0),
            campaign=campaigns.get(it.campaign_id or 0),
            people=people,
            by_state=counts.get(it.id, {}),
        )
        for it in rows
    ]


def _names(
    session: Session, table: type[Tag] | type[Campaign], ids: Collection[int | None]
) -> dict[int, str]:
    wanted = sorted(each for each in ids if each is not None)
    if not wanted:
        return {}
    return dict(session.execute(select(table.id, table.name).where(table.id.in_(wanted))).all())


def _counts(session: Session, ids: Sequence[int]) -> dict[int, dict[TargetState, int]]:
    if not ids:
        return {}
    rows = session.execute(
        select(BroadcastTarget.broadcast_id, BroadcastTarget.state, func.count())
        .where(BroadcastTarget.broadcast_id.in_(ids))
        .group_by(BroadcastTarget.broadcast_id, BroadcastTarget.state)
    )
    found: dict[int, dict[TargetState, int]] = {}
    for broadcast_id, state, count in rows:
        found.setdefault(broadcast_id, {})[state] = count
    return found
