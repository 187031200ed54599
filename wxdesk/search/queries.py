"""What the search index finds, and how far it has come."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import BigInteger, ColumnElement, exists, func, literal, or_, select
from sqlalchemy.orm import Session

from wxdesk.contacts.models import Contact
from wxdesk.conversations.filters import STATUSES
from wxdesk.conversations.models import Conversation, ConversationTagging, Message
from wxdesk.conversations.rules import SenderKind
from wxdesk.plumbing.search_index import ANY_NUMBER, SearchIndex, Wanted, openid_facet
from wxdesk.plumbing.search_text import Phrase, contains, count_hits
from wxdesk.search.models import CONTACTS, MESSAGES, SearchDay
from wxdesk.search.progress import position, unindexed_of
from wxdesk.search.rules import (
    SHORTEST_OPENID,
    account_facet,
    agent_facet,
    contact_facet,
    rank,
    written_text,
)

CHUNK = 2_000
MOST_ROUNDS = 5
MOST_RANKED = 1_000
MOST_CUSTOMERS = 200
PART_OF_OPENID = re.compile(rf"[A-Za-z0-9_-]{{{SHORTEST_OPENID},}}")


@dataclass(frozen=True, slots=True)
class SearchFilter:
    """Every phrase must be there; None of the others means any. `until` is not included.

    `agent_id` sent the message, or has its conversation. `asked` is the query as it was typed.
    """

    phrases: tuple[Phrase, ...]
    asked: str = ""
    account_id: int | None = None
    agent_id: int | None = None
    tag_id: int | None = None
    openid: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """Ids in order, and where the next page goes on; None at the end."""

    ids: list[int]
    next_key: tuple[int, ...] | None


def newest_messages(
    session: Session, wanted: SearchFilter, after: tuple[int, ...] | None, limit: int
) -> Found:
    """The newest first. A page may be short and have a next one: each reads a bounded part."""
    asked = _asked(session, wanted)
    if asked is None:
        return Found([], None)
    below = min(asked.below, after[0]) if after else asked.below
    return _newest(session, MESSAGES, replace(asked, below=below), _beside(wanted), limit)


def best_messages(
    session: Session, wanted: SearchFilter, after: tuple[int, ...] | None, limit: int
) -> Found:
    """Of the newest thousand the best first, by how often they say it and how new they are.

    Then of the thousand before, and so on. The cursor keeps where a thousand begins, so that
    later pages rank the same ones. As of `newest_messages` a page may be short.
    """
    asked = _asked(session, wanted)
    if asked is None:
        return Found([], None)
    top, start = after or (position(session) + 1, 0)
    asked = replace(asked, below=min(asked.below, top))
    found = _newest(session, MESSAGES, asked, _beside(wanted), MOST_RANKED)
    end = start + limit
    page = _ranked(session, found.ids, wanted.phrases)[start:end]
    if end < len(found.ids):
        return Found(page, (top, end))
    return Found(page, (*found.next_key, 0) if found.next_key else None)


def find_contacts(
    session: Session, wanted: SearchFilter, after: tuple[int, ...] | None, limit: int
) -> Found:
    """Customers by remark, number, tags, known facts and the beginning of the openid.

    Those who came last first.
    """
    openid = wanted.asked.strip()
    asked = Wanted(
        wanted.phrases,
        _account_facets(wanted),
        (openid_facet(wanted.openid),) if wanted.openid else (),
        or_facet=openid_facet(openid) if PART_OF_OPENID.fullmatch(openid) else "",
        below=after[0] if after else ANY_NUMBER,
    )
    return _newest(session, CONTACTS, asked, _beside_contacts(wanted), limit)


def find_in_thread(
    session: Session, contact_id: int, phrases: tuple[Phrase, ...], limit: int
) -> list[int]:
    """Ids of a customer's messages, the newest first; also those that are not indexed yet."""
    wanted = Wanted(phrases, (contact_facet(contact_id),))
    indexed = MESSAGES.find(session, wanted, limit)
    unindexed = [
        one.id
        for one in unindexed_of(session, contact_id)
        if one.is_findable and contains(written_text(one.text, one.payload), phrases)
    ]
    return sorted({*indexed, *unindexed}, reverse=True)[:limit]


def latest_conversations(session: Session, contact_ids: Sequence[int]) -> dict[int, int]:
    """By customer their latest conversation that was not merged into another."""
    rows = session.execute(
        select(Conversation.contact_id, func.max(Conversation.id))
        .where(
            Conversation.contact_id.in_(sorted(set(contact_ids))),
            Conversation.merged_into_id.is_(None),
        )
        .group_by(Conversation.contact_id)
    )
    return dict(rows.all())


def _asked(session: Session, wanted: SearchFilter) -> Wanted | None:
    """The question for the index; None when nothing can be found."""
    least, below = _numbers_of_days(session, wanted)
    customers = _customers(session, wanted)
    if customers == [] or not wanted.phrases:
        return None
    facets = [contact_facet(contact_id) for contact_id in customers or ()]
    return Wanted(
        wanted.phrases,
        _account_facets(wanted),
        any_facet=tuple(facets or _facets_of_agent(session, wanted)),
        least=least,
        below=below,
    )


def _account_facets(wanted: SearchFilter) -> tuple[str, ...]:
    return (account_facet(wanted.account_id),) if wanted.account_id is not None else ()


def _customers(session: Session, wanted: SearchFilter) -> list[int] | None:
    """The only customers whose messages can be meant; None when that is no short list."""
    if wanted.openid is not None:
        query = select(Contact.id).where(Contact.openid == wanted.openid)
        return list(session.scalars(query.limit(MOST_CUSTOMERS)))
    if wanted.tag_id is None:
        return None
    of_tag = (
        select(Conversation.contact_id)
        .join(ConversationTagging, ConversationTagging.conversation_id == Conversation.id)
        .where(ConversationTagging.tag_id == wanted.tag_id)
        .limit(MOST_CUSTOMERS + 1)
    )
    found = session.scalars(of_tag).all()
    return sorted(set(found)) if len(found) <= MOST_CUSTOMERS else None


def _facets_of_agent(session: Session, wanted: SearchFilter) -> list[str]:
    """What only messages of the agent and of their customers have; [] when these are many."""
    if wanted.agent_id is None:
        return []
    query = (
        select(Conversation.contact_id)
        .where(Conversation.status.in_(STATUSES), Conversation.assignee_id == wanted.agent_id)
        .limit(MOST_CUSTOMERS + 1)
    )
    found = session.scalars(query).all()
    if len(found) > MOST_CUSTOMERS:
        return []
    return [agent_facet(wanted.agent_id), *map(contact_facet, sorted(set(found)))]


def _numbers_of_days(session: Session, wanted: SearchFilter) -> tuple[int, int]:
    """Between which ids the messages of these days are: from the first to before the second."""
    if wanted.since is None and wanted.until is None:
        return 0, ANY_NUMBER
    query = select(func.min(SearchDay.first_id), func.max(SearchDay.last_id))
    if wanted.since is not None:
        query = query.where(SearchDay.day >= wanted.since.date())
    if wanted.until is not None:
        query = query.where(SearchDay.day <= wanted.until.date())
    first, last = session.execute(query).one()
    return (0, 0) if first is None else (first, last + 1)


def _newest(
    session: Session,
    index: SearchIndex,
    asked: Wanted,
    beside: Sequence[ColumnElement[bool]],
    limit: int,
) -> Found:
    """What the index finds, piece by piece, as far as the rows beside it agree."""
    if not beside:
        ids = index.find(session, asked, limit + 1)
        return Found(ids[:limit], (ids[limit - 1],) if len(ids) > limit else None)
    kept: list[int] = []
    below = asked.below
    for ids in _pieces(session, index, asked):
        kept += _agreed(session, index, ids, beside)
        if len(kept) > limit:
            return Found(kept[:limit], (kept[limit - 1],))
        if len(ids) < CHUNK:
            return Found(kept, None)
        below = ids[-1]
    return Found(kept, (below,))


def _pieces(session: Session, index: SearchIndex, asked: Wanted) -> Iterator[list[int]]:
    for _ in range(MOST_ROUNDS):
        ids = index.find(session, asked, CHUNK)
        yield ids
        if ids:
            asked = replace(asked, below=ids[-1])


def _agreed(
    session: Session, index: SearchIndex, ids: list[int], beside: Sequence[ColumnElement[bool]]
) -> list[int]:
    number = Message.id if index is MESSAGES else Contact.id
    return list(
        session.scalars(select(number).where(number.in_(ids), *beside).order_by(number.desc()))
    )


def _beside(wanted: SearchFilter) -> list[ColumnElement[bool]]:
    """What the message's own row and its conversation must say."""
    found: list[ColumnElement[bool]] = []
    its = Message
    if wanted.since is not None:
        found.append(its.received_at >= wanted.since)
    if wanted.until is not None:
        found.append(its.received_at < wanted.until)
    if wanted.agent_id is not None:
        agent_id = literal(wanted.agent_id, BigInteger)  # a number too large is nobody's
        is_sender = (its.sender_kind == SenderKind.AGENT) & (its.sender_id == agent_id)
        has_it = exists().where(
            Conversation.id == its.conversation_id, Conversation.assignee_id == wanted.agent_id
        )
        found.append(or_(is_sender, has_it))
    if wanted.tag_id is not None:
        found.append(
            exists().where(
                ConversationTagging.conversation_id == its.conversation_id,
                ConversationTagging.tag_id == wanted.tag_id,
            )
        )
    return found


def _beside_contacts(wanted: SearchFilter) -> list[ColumnElement[bool]]:
    """Customers who wrote in that time, and have a conversation with that agent and that tag."""
    found: list[ColumnElement[bool]] = []
    if wanted.openid is not None:
        found.append(Contact.openid == wanted.openid)  # the index knows no case
    if wanted.since is not None:
        found.append(Contact.last_seen_at >= wanted.since)
    if wanted.until is not None:
        found.append(Contact.first_seen_at < wanted.until)
    theirs = Conversation.contact_id == Contact.id
    if wanted.agent_id is not None:
        found.append(exists().where(theirs, Conversation.assignee_id == wanted.agent_id))
    if wanted.tag_id is not None:
        same = ConversationTagging.conversation_id == Conversation.id
        found.append(exists().where(theirs, same, ConversationTagging.tag_id == wanted.tag_id))
    return found


def _ranked(session: Session, ids: Sequence[int], phrases: Sequence[Phrase]) -> list[int]:
    """The candidates, newest first, in the order of their rank."""
    rows = session.execute(
        select(Message.id, Message.text, Message.payload).where(Message.id.in_(ids))
    )
    hits = {row.id: count_hits(written_text(row.text, row.payload), phrases) for row in rows}
    ranks = {
        message_id: rank(hits.get(message_id, 0), place) for place, message_id in enumerate(ids)
    }
    return sorted(ids, key=lambda message_id: (-ranks[message_id], -message_id))
