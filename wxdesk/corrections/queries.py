"""Corrections as pages and the API show them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, literal, or_, select
from sqlalchemy.orm import Session

from wxdesk.accounts.facts import facts_of
from wxdesk.accounts.models import Account
from wxdesk.agents.models import Agent
from wxdesk.campaigns.models import Campaign
from wxdesk.contacts.models import Contact
from wxdesk.contacts.rules import pseudonym
from wxdesk.conversations.models import Conversation, Message
from wxdesk.corrections.choosing import reach_of, without_messages
from wxdesk.corrections.models import Correction, CorrectionRecipient
from wxdesk.corrections.rules import (
    ON_THEIR_WAY,
    Choice,
    CorrectionState,
    Reach,
    RecipientState,
)
from wxdesk.plumbing.errors import NotFoundError
from wxdesk.triage.models import AutoReplyRule
from wxdesk.words import say

WATCHED_FOR = timedelta(days=35)  # what waits ends after 30 (docs/wechat.md#sending)
JUST_ENDED = timedelta(minutes=10)
WORKED_ON = (CorrectionState.COLLECTING, CorrectionState.SENDING, CorrectionState.PAUSED)
ENDED = (CorrectionState.DONE, CorrectionState.CANCELLED)

Its = CorrectionRecipient


@dataclass(frozen=True, slots=True)
class CorrectionView:
    """With names, and how many recipients are in each state."""

    row: Correction
    account_name: str
    source_name: str
    is_rule_active: bool
    must_be_approved: bool
    people: dict[int, str]
    counts: dict[RecipientState, int]
    answers: int

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    def count(self, *states: RecipientState) -> int:
        return sum(self.counts.get(state, 0) for state in states)


@dataclass(frozen=True, slots=True)
class RecipientView:
    """One person; `reach` is as of now for who is only listed, else as of the sending."""

    contact_id: int
    name: str
    remark: str
    wrong_message_id: int
    wrong_count: int
    got_at: datetime
    reach: Reach
    state: RecipientState
    message_id: int | None
    queued_at: datetime | None
    settled_at: datetime | None
    error: str | None


def choice_of(row: Correction) -> Choice:
    """What was chosen when it was made."""
    return Choice(
        account_id=row.account_id,
        rule_ids=tuple(row.choice["rule_ids"]),
        sent_from=row.sent_from,
        sent_until=row.sent_until,
        versions=tuple(row.choice.get("versions", ())),
        outcomes=tuple(row.choice.get("outcomes", ())),
    )


def get_view(session: Session, correction_id: int) -> CorrectionView:
    """NotFoundError when there is none."""
    row = session.get(Correction, correction_id)
    if row is None:
        raise NotFoundError(say("there is no correction %(id)d", id=correction_id))
    return _views(session, [row])[0]


def list_views(
    session: Session, *, account_id: int | None = None, before_id: int | None, limit: int
) -> list[CorrectionView]:
    """The newest first."""
    query = select(Correction).order_by(Correction.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(Correction.id < before_id)
    if account_id is not None:
        query = query.where(Correction.account_id == account_id)
    return _views(session, session.scalars(query).all())


def list_work(session: Session, now: datetime) -> list[tuple[int, CorrectionState]]:
    """What the job has to look at: what is going on, and what has recipients on their way.

    And for some minutes what has ended: the webhook may have given it out at that moment.
    """
    rows = session.execute(
        select(Correction.id, Correction.state)
        .where(
            or_(
                Correction.state.in_(WORKED_ON),
                and_(
                    Correction.state.in_(ENDED),
                    func.coalesce(Correction.ended_at, Correction.begun_at) > now - WATCHED_FOR,
                    or_(has_any(ON_THEIR_WAY), Correction.ended_at > now - JUST_ENDED),
                ),
            )
        )
        .order_by(Correction.id)
    )
    return [(row.id, row.state) for row in rows]


def has_any(states: Iterable[RecipientState]) -> ColumnElement[bool]:
    """Whether the correction (a row of the outer query) has recipients in these states."""
    return (
        select(Its.contact_id)
        .where(Its.correction_id == Correction.id, Its.state.in_(list(states)))
        .exists()
    )


def reach_counts(session: Session, row: Correction, now: datetime) -> dict[Reach, int]:
    """How those who are only listed stand at this moment."""
    reach = reach_of(now, Its.wrong_message_id, skips_helped=row.skips_helped)
    rows = session.execute(
        _of(row)
        .with_only_columns(reach, func.count())
        .where(Its.state == RecipientState.LISTED)
        .group_by(reach)
    )
    has_messages = facts_of(session, [row.account_id])[row.account_id].has_messages
    found: dict[Reach, int] = {}
    for name, count in rows:
        shown = without_messages(Reach(name), has_messages=has_messages)
        found[shown] = found.get(shown, 0) + count
    return found


def left_out_counts(session: Session, row: Correction) -> dict[Reach, int]:
    """Why nothing was sent to some: by how they stood then."""
    rows = session.execute(
        select(Its.reach, func.count())
        .where(Its.correction_id == row.id, Its.state == RecipientState.LEFT_OUT)
        .group_by(Its.reach)
    )
    return {row[0]: row[1] for row in rows}


def list_recipients(  # noqa: PLR0913 -- a page of a list: what narrows it, and where it goes on
    session: Session,
    row: Correction,
    now: datetime,
    *,
    state: RecipientState | None = None,
    reach: Reach | None = None,
    after_id: int = 0,
    limit: int = 50,
) -> list[RecipientView]:
    """By contact id. `reach` finds listed people by how they stand now, others as they stood."""
    live = reach_of(now, Its.wrong_message_id, skips_helped=row.skips_helped)
    query = _of(row).with_only_columns(Its, Contact.remark, live)
    if state is not None:
        query = query.where(Its.state == state)
    facts = facts_of(session, [row.account_id])[row.account_id]
    if reach is not None:
        names = [each for each in Reach if _shown(each, facts.has_messages) is reach]
        is_listed = Its.state == RecipientState.LISTED
        query = query.where(
            or_(
                and_(is_listed, live.in_([each.value for each in names])),
                and_(~is_listed, Its.reach == reach),
            )
        )
    rows = session.execute(
        query.where(Its.contact_id > after_id).order_by(Its.contact_id).limit(limit)
    )
    return [_recipient(it, remark, name, facts.has_messages) for it, remark, name in rows]


def next_recipients(
    session: Session, row: Correction, now: datetime, limit: int
) -> list[tuple[CorrectionRecipient, Contact, Reach]]:
    """Listed people and how they stand; the earliest first: their windows close first."""
    reach = reach_of(now, Its.wrong_message_id, skips_helped=row.skips_helped)
    rows = session.execute(
        _of(row)
        .with_only_columns(Its, Contact, reach)
        .where(Its.state == RecipientState.LISTED)
        .order_by(Its.got_at, Its.contact_id)
        .limit(limit)
    ).all()
    has_messages = facts_of(session, [row.account_id])[row.account_id].has_messages
    return [(it, contact, _shown(Reach(name), has_messages)) for it, contact, name in rows]


def wrong_text(session: Session, row: Correction) -> str:
    """What one of them had got; "" while nobody is listed."""
    query = (
        select(Message.text)
        .join(Its, Its.wrong_message_id == Message.id)
        .where(Its.correction_id == row.id)
        .order_by(Its.wrong_message_id)
        .limit(1)
    )
    return session.scalar(query) or ""


def latest_conversations(session: Session, contact_ids: Iterable[int]) -> dict[int, int]:
    """Where each customer's thread can be opened; automatic answers alone have none."""
    rows = session.execute(
        select(Conversation.contact_id, func.max(Conversation.id))
        .where(
            Conversation.contact_id.in_(list(contact_ids)), Conversation.merged_into_id.is_(None)
        )
        .group_by(Conversation.contact_id)
    )
    return {row[0]: row[1] for row in rows}


def count_states(
    session: Session, ids: Iterable[int]
) -> dict[int, tuple[dict[RecipientState, int], int]]:
    """By correction: recipients by state, and all wrong answers together."""
    found: dict[int, tuple[dict[RecipientState, int], int]] = {each: ({}, 0) for each in ids}
    rows = session.execute(
        select(Its.correction_id, Its.state, func.count(), func.sum(Its.wrong_count))
        .where(Its.correction_id.in_(list(found)))
        .group_by(Its.correction_id, Its.state)
    )
    for correction_id, state, count, answers in rows:
        counts, total = found[correction_id]
        found[correction_id] = ({**counts, state: count}, total + int(answers))
    return found


def _of(row: Correction) -> Any:
    return (
        select(Its)
        .join(Contact, Contact.id == Its.contact_id)
        .join(Account, Account.id == literal(row.account_id))
        .where(Its.correction_id == row.id)
    )


def _shown(reach: Reach, has_messages: bool) -> Reach:
    return without_messages(reach, has_messages=has_messages)


def _recipient(it: Its, remark: str, reach: str, has_messages: bool) -> RecipientView:
    is_listed = it.state is RecipientState.LISTED
    return RecipientView(
        contact_id=it.contact_id,
        name=pseudonym(it.contact_id, remark),
        remark=remark,
        wrong_message_id=it.wrong_message_id,
        wrong_count=it.wrong_count,
        got_at=it.got_at,
        reach=_shown(Reach(reach), has_messages) if is_listed else it.reach,
        state=it.state,
        message_id=it.message_id,
        queued_at=it.queued_at,
        settled_at=it.settled_at,
        error=it.error,
    )


def _views(session: Session, rows: Iterable[Correction]) -> list[CorrectionView]:
    found = list(rows)
    counts = count_states(session, [row.id for row in found])
    wanted = {row.account_id for row in found}
    accounts = {it.id: it for it in session.scalars(select(Account).where(Account.id.in_(wanted)))}
    rules = _rules(session, found)
    campaigns = _names(session, Campaign, {row.campaign_id for row in found})
    people = _names(session, Agent, {each for row in found for each in _people(row)})
    return [
        CorrectionView(
            row=row,
            account_name=accounts[row.account_id].name,
            source_name=campaigns.get(row.campaign_id or 0) or _rule_name(row, rules),
            is_rule_active=any(rules[it].is_active for it in row.choice["rule_ids"] if it in rules),
            must_be_approved=row.needs_approval or accounts[row.account_id].needs_approval,
            people=people,
            counts=counts[row.id][0],
            answers=counts[row.id][1],
        )
        for row in found
    ]


def _people(row: Correction) -> tuple[int | None, ...]:
    return row.created_by_id, row.written_by_id, row.approved_by_id


def _rules(session: Session, rows: Iterable[Correction]) -> dict[int, AutoReplyRule]:
    wanted = {rule_id for row in rows for rule_id in row.choice["rule_ids"]}
    query = select(AutoReplyRule).where(AutoReplyRule.id.in_(wanted))
    return {rule.id: rule for rule in session.scalars(query)}


def _rule_name(row: Correction, rules: dict[int, AutoReplyRule]) -> str:
    rule = rules.get(row.rule_id or 0)
    return rule.name if rule else ""


def _names(
    session: Session, table: type[Campaign] | type[Agent], ids: Iterable[int | None]
) -> dict[int, str]:
    wanted = [each for each in ids if each is not None]
    rows = session.execute(select(table.id, table.name).where(table.id.in_(wanted)))
    return {row.id: row.name for row in rows}
