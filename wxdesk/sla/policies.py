"""Which promise is a conversation's: all promises of the moment, and what they ask about it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import Session

from wxdesk.agents.models import Team
from wxdesk.calendars.queries import calendars_by_id
from wxdesk.calendars.rules import Calendar
from wxdesk.commit_steps import PROMISES
from wxdesk.contacts.models import ContactTag
from wxdesk.contacts.rules import TagState
from wxdesk.conversations.models import Conversation, ConversationTagging
from wxdesk.plumbing.db import hold
from wxdesk.sla.campaign_rows import entered
from wxdesk.sla.models import SlaPolicy, SlaPolicyVersion
from wxdesk.sla.rules import BUILT_IN, Facts, Promise, fits
from wxdesk.sla.stored import conditions_from, stages_from, targets_from

MOST_POLICIES = 200

Version = tuple[int | None, int | None]
_CURRENT: Select[SlaPolicyVersion] = (
    select(SlaPolicyVersion)
    .join(
        SlaPolicy,
        and_(
            SlaPolicy.id == SlaPolicyVersion.policy_id,
            SlaPolicy.version == SlaPolicyVersion.version,
        ),
    )
    .where(SlaPolicy.archived_at.is_(None), SlaPolicy.is_active)
    .order_by(SlaPolicy.position, SlaPolicy.id)
    .limit(MOST_POLICIES)
)


@dataclass(slots=True)
class Book:
    """The promises of one transaction in their order, with their calendars; read once."""

    promises: Sequence[Promise]
    _versions: dict[Version, Promise] = field(default_factory=dict)
    _calendars: dict[int, Calendar] = field(default_factory=dict)
    _of_teams: dict[int, int] | None = None

    def promise_of(self, facts: Facts) -> Promise:
        """The first that fits, else the built-in one."""
        for promise in self.promises:
            if fits(promise.conditions, facts):
                return promise
        return BUILT_IN

    def version(self, session: Session, key: Version) -> Promise:
        """A promise as it was when a clock got it."""
        if key[0] is None:
            return BUILT_IN
        if key not in self._versions:
            row = session.scalars(
                select(SlaPolicyVersion).where(
                    SlaPolicyVersion.policy_id == key[0], SlaPolicyVersion.version == key[1]
                )
            ).one()
            self._versions[key] = promise_from(row)
        return self._versions[key]

    def calendar(self, session: Session, calendar_id: int | None) -> Calendar | None:
        if calendar_id is None:
            return None
        if calendar_id not in self._calendars:
            self._calendars |= calendars_by_id(session, [calendar_id])
        return self._calendars[calendar_id]

    def team_calendar(self, session: Session, team_id: int | None) -> Calendar | None:
        if team_id is None:
            return None
        if self._of_teams is None:
            rows = session.execute(
                select(Team.id, Team.calendar_id).where(Team.calendar_id.is_not(None))
            )
            self._of_teams = {its_id: calendar_id for its_id, calendar_id in rows if calendar_id}
        return self.calendar(session, self._of_teams.get(team_id))


def promise_from(row: SlaPolicyVersion) -> Promise:
    return Promise(
        policy_id=row.policy_id,
        version=row.version,
        name=row.name,
        conditions=conditions_from(row.conditions),
        targets=targets_from(row.targets),
        calendar_id=row.calendar_id,
        pauses_when_pending=row.pauses_when_pending,
        pauses_when_snoozed=row.pauses_when_snoozed,
        stages=stages_from(row.stages),
    )


def book_of(session: Session) -> Book:
    """The one of this transaction; until its end no other one changes the promises.

    Asked for before a clock is touched: so whoever changes them waits for nobody who waits for him.
    """
    found = session.info.get(PROMISES)
    if not isinstance(found, Book):
        hold(session, PROMISES, is_shared=True)
        found = session.info[PROMISES] = read_book(session)
    return found


def begin_change(session: Session) -> None:
    """Before promises or hours are changed: clocks that others begin meanwhile wait for it."""
    hold(session, PROMISES)
    session.info.pop(PROMISES, None)


def read_book(session: Session) -> Book:
    promises = [promise_from(row) for row in session.scalars(_CURRENT)]
    versions: dict[Version, Promise] = {(it.policy_id, it.version): it for it in promises}
    ids = {it.calendar_id for it in promises if it.calendar_id is not None}
    calendars = calendars_by_id(session, ids) if ids else {}
    return Book(promises, versions, dict(calendars))


def facts_of(
    session: Session, conversations: Sequence[Conversation], promises: Iterable[Promise]
) -> dict[int, Facts]:
    """By conversation id what the promises ask about it: tags and campaigns only if asked for."""
    conditions = [promise.conditions for promise in promises]
    tags = _tags_of(session, conversations) if any(it.tag_ids for it in conditions) else {}
    wants_contacts = any(it.contact_tag_ids for it in conditions)
    contact_tags = _contact_tags_of(session, conversations) if wants_contacts else {}
    wanted = frozenset[int]().union(*(it.campaign_ids for it in conditions))
    campaigns = _campaigns_of(session, conversations, wanted) if wanted else {}
    nothing: frozenset[int] = frozenset()
    return {
        it.id: Facts(
            account_id=it.account_id,
            team_id=it.team_id,
            priority=it.priority,
            tag_ids=tags.get(it.id, nothing),
            contact_tag_ids=contact_tags.get(it.contact_id, nothing),
            campaign_ids=campaigns.get(it.contact_id, nothing),
        )
        for it in conversations
    }


def _tags_of(session: Session, conversations: Sequence[Conversation]) -> dict[int, frozenset[int]]:
    ids = [it.id for it in conversations]
    query = select(ConversationTagging.conversation_id, ConversationTagging.tag_id)
    return _grouped(session.execute(query.where(ConversationTagging.conversation_id.in_(ids))))


def _contact_tags_of(
    session: Session, conversations: Sequence[Conversation]
) -> dict[int, frozenset[int]]:
    ids = {it.contact_id for it in conversations}
    query = select(ContactTag.contact_id, ContactTag.tag_id).where(
        ContactTag.contact_id.in_(ids), ContactTag.state != TagState.REMOVING
    )
    return _grouped(session.execute(query))


def _campaigns_of(
    session: Session, conversations: Sequence[Conversation], campaign_ids: Collection[int]
) -> dict[int, frozenset[int]]:
    return _grouped(entered(session, {it.contact_id for it in conversations}, campaign_ids))


def _grouped(rows: Iterable[Collection[int]]) -> dict[int, frozenset[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    for owner, tag_id in rows:
        found[owner].add(tag_id)
    return {owner: frozenset(tags) for owner, tags in found.items()}
