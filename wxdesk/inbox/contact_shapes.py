"""Customers as JSON (documented in inbox/openapi.py)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wxdesk.campaigns.queries import TakenPart
from wxdesk.contacts.models import Contact
from wxdesk.contacts.queries import (
    AccountOfContact,
    LinkedContact,
    TagView,
    list_accounts_of,
    list_contact_tags,
    list_linked,
)
from wxdesk.contacts.sources import follow_source
from wxdesk.conversations.models import Conversation
from wxdesk.plumbing.clock import iso
from wxdesk.plumbing.translation import translated
from wxdesk.words import say


@dataclass(frozen=True, slots=True)
class _Beside:
    """What stands in other tables, found with four queries whatever the number of customers."""

    accounts: dict[int, AccountOfContact]
    tags: dict[int, tuple[TagView, ...]]
    linked: dict[int, tuple[LinkedContact, ...]]
    conversations: dict[int, int]


def contacts_json(
    session: Session, contacts: Sequence[Contact], tagged: Collection[int] | None = None
) -> dict[int, dict[str, Any]]:
    """By id the customers with tags, and the same person's other accounts.

    `tagged`: those that may have tags, for whoever knows it; None asks about all.
    """
    people = {contact.id: contact for contact in contacts}
    asked = people.keys() if tagged is None else tagged
    linked = list_linked(session, list(people.values()))
    others = {one.contact_id for ones in linked.values() for one in ones}
    beside = _Beside(
        accounts=list_accounts_of(session, list(people.values())),
        tags=list_contact_tags(session, asked) if asked else {},
        linked=linked,
        conversations=_latest_conversations(session, others),
    )
    return {contact_id: _contact(contact, beside) for contact_id, contact in people.items()}


def taken_part_json(it: TakenPart) -> dict[str, Any]:
    """A campaign that a customer took part in."""
    return {
        "campaign_id": it.campaign_id,
        "name": it.name,
        "state": it.state,
        "entries": it.entries,
        "first_at": iso(it.first_at),
        "code": it.code,
        "prizes": list(it.prizes),
    }


def shown_name(contact: Contact) -> str:
    """The agents' remark, or a stable name in the reader's language."""
    return _name(contact.id, contact.remark)


def _name(contact_id: int, remark: str) -> str:
    return remark or translated(say("WeChat user %(number)s", number=f"{contact_id:04d}"))


def _contact(it: Contact, beside: _Beside) -> dict[str, Any]:
    account = beside.accounts[it.account_id]
    return {
        "id": it.id,
        "account": account.slug,
        "openid": it.openid,
        "name": shown_name(it),
        "remark": it.remark,
        "remark_state": it.remark_state if account.may_sync else "synced",
        "blacklist_state": it.blacklist_state if account.may_sync else "synced",
        "sync_error": translated(it.sync_error or "") or None,
        "sync_note": _sync_note(account),
        "is_following": it.is_following,
        "is_blacklisted": it.is_blacklisted,
        "is_forgotten": it.forgotten_at is not None,
        "tags": [_tag(tag, account) for tag in beside.tags.get(it.id, ())],
        "followed_at": iso(it.followed_at),
        "unfollowed_at": iso(it.unfollowed_at),
        "follow_source": translated(follow_source(it.follow_scene, it.qr_scene)),
        "qr_scene": it.qr_scene,
        "unionid": it.unionid,
        "linked": [_linked(one, beside) for one in beside.linked.get(it.id, ())],
        "first_seen_at": iso(it.first_seen_at),
        "last_seen_at": iso(it.last_seen_at),
    }


def _sync_note(account: AccountOfContact) -> str | None:
    """Why nothing of this reaches WeChat; None when it does."""
    if account.may_sync:
        return None
    return translated(
        say(
            "WeChat lets only verified accounts exchange remarks, tags and the blacklist: "
            "for this account they stay here."
        )
    )


def _tag(tag: TagView, account: AccountOfContact) -> dict[str, Any]:
    return {
        "id": tag.id,
        "name": tag.name,
        "state": tag.state if account.may_sync else "synced",
        "error": translated(tag.error or "") or None,
    }


def _linked(one: LinkedContact, beside: _Beside) -> dict[str, Any]:
    return {
        "contact_id": one.contact_id,
        "name": _name(one.contact_id, one.remark),
        "account": one.account,
        "account_name": one.account_name,
        "conversation_id": beside.conversations.get(one.contact_id),
    }


def _latest_conversations(session: Session, contact_ids: Collection[int]) -> dict[int, int]:
    if not contact_ids:
        return {}
    rows = session.execute(
        select(Conversation.contact_id, func.max(Conversation.id))
        .where(Conversation.contact_id.in_(sorted(contact_ids)))
        .group_by(Conversation.contact_id)
    )
    return dict(rows.all())
