"""What stands beside a customer's messages: drafts, mentions, read marks, facts, ratings."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    Delete,
    Integer,
    Text,
    Update,
    cast,
    column,
    delete,
    func,
    select,
    table,
    update,
)

from wxdesk.contacts.models import Contact, ContactFieldValue
from wxdesk.conversations.models import (
    Conversation,
    ConversationTagging,
    Draft,
    Mention,
    Message,
    ReadMark,
)
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.satisfaction.models import SatisfactionRating
from wxdesk.search.operations import forget_contact

FORGOTTEN = "forgotten"
# Tables of packages above this one; a query may name a customer.
BULK_ROWS = table("bulk_rows", column("conversation_id", Integer))
QUERIES = tuple(
    table(name, column("id", Integer), column("query", JSON))
    for name in ("bulk_runs", "saved_views")
)


def erase_beside(uow: UnitOfWork, contact: Contact) -> dict[str, int]:
    """Remove what agents wrote down of the customer, and the words of ratings; scores stay."""
    of_messages = select(Message.id).where(Message.contact_id == contact.id)
    forget_contact(uow, contact.id)
    return {
        "drafts": _run(
            uow, delete(Draft).where(Draft.conversation_id.in_(_conversations(contact)))
        ),
        "mentions": _run(uow, delete(Mention).where(Mention.message_id.in_(of_messages))),
        "read_marks": _run(uow, delete(ReadMark).where(ReadMark.contact_id == contact.id)),
        "fields": _run(
            uow, delete(ContactFieldValue).where(ContactFieldValue.contact_id == contact.id)
        ),
        "ratings": _run(
            uow,
            update(SatisfactionRating)
            .where(SatisfactionRating.contact_id == contact.id)
            .values(comment="", comment_until=None),
        ),
        "queries": sum(_empty_queries(uow, each, contact.openid) for each in QUERIES),
    }


def delete_beside(uow: UnitOfWork, contact: Contact) -> dict[str, int]:
    """Delete what still leads to the customer's conversations, before they are deleted."""
    conversations = _conversations(contact)
    return {
        "ratings": _run(
            uow, delete(SatisfactionRating).where(SatisfactionRating.contact_id == contact.id)
        ),
        "taggings": _run(
            uow,
            delete(ConversationTagging).where(
                ConversationTagging.conversation_id.in_(conversations)
            ),
        ),
        "bulk_rows": _run(
            uow, delete(BULK_ROWS).where(BULK_ROWS.c.conversation_id.in_(conversations))
        ),
    }


def _conversations(contact: Contact) -> Any:
    return select(Conversation.id).where(Conversation.contact_id == contact.id)


def _empty_queries(uow: UnitOfWork, kept: Any, openid: str) -> int:
    """A saved search for this openid finds nobody any more."""
    words: ColumnElement[str] = cast(kept.c.query, Text)
    rows = uow.session.execute(
        select(kept.c.id, kept.c.query).where(func.replace(words, openid, "") != words)
    ).all()
    for row_id, query in rows:
        emptied = {
            name: FORGOTTEN if value == openid else value for name, value in (query or {}).items()
        }
        uow.session.execute(update(kept).where(kept.c.id == row_id).values(query=emptied))
    return len(rows)


def _run(uow: UnitOfWork, statement: Update | Delete) -> int:
    found = uow.session.execute(statement, execution_options={"synchronize_session": False})
    return int(found.rowcount)  # type: ignore[attr-defined]
