"""The filters of a list of conversations, as the address bar and saved views write them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from wxdesk.accounts.queries import get_by_slug
from wxdesk.conversations.filters import ConversationFilter, Order
from wxdesk.conversations.models import ConversationTag
from wxdesk.conversations.rules import Priority, Status
from wxdesk.plumbing.errors import InvalidInputError, NotFoundError
from wxdesk.plumbing.http import whole_number
from wxdesk.words import say

DUE_SOON = timedelta(minutes=2)
LONGEST_VALUE = 200
NAMES = (
    "status",
    "assignee",
    "team",
    "tag",
    "priority",
    "account",
    "openid",
    "contact",
    "breached",
    "due_soon",
    "closing_soon",
    "unread",
    "mentions",
    "drafts",
    "spam",
)
UNRESOLVED = tuple(status for status in Status if status is not Status.RESOLVED)
FLAGS = {"true": True, "1": True, "false": False, "0": False}

Kind = TypeVar("Kind", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, and when: for filters such as `assignee=me` and `due_soon`."""

    agent_id: int
    now: datetime


def read_filters(session: Session, given: Mapping[str, str], asker: Asker) -> ConversationFilter:
    """The filters among the arguments `given`; empty ones count as missing.

    `unread` without a status leaves out what is resolved: it is most of all and nobody's work.
    Raises InvalidInputError naming the argument, NotFoundError for an account nobody has.
    """
    given = {name: text.strip() for name, text in given.items() if text.strip()}
    is_unread = _flag(given, "unread") or False
    return ConversationFilter(
        statuses=_statuses(given.get("status", "")) or (UNRESOLVED if is_unread else ()),
        assignee_id=_person(given, asker),
        team_id=_number(given, "team", none="none"),
        tag_id=tag_id_of(session, given.get("tag")),
        priority=choice(given, "priority", Priority),
        account_id=get_by_slug(session, given["account"]).id if "account" in given else None,
        openid=given.get("openid"),
        contact_id=_number(given, "contact"),
        is_breached=_flag(given, "breached"),
        due_before=_due_before(given, asker),
        is_closing_soon=_flag(given, "closing_soon"),
        unread_by=asker.agent_id if is_unread else None,
        mentions_of=_mine(given, "mentions", "me", asker),
        unseen_mentions_of=_mine(given, "mentions", "unseen", asker),
        drafts_of=_mine(given, "drafts", "me", asker),
        is_spam=_flag(given, "spam") or False,
    )


def read_order(given: Mapping[str, str]) -> Order | None:
    """The order among the arguments; None when it is not there."""
    return choice(given, "order", Order)


def plain_filters(query: Mapping[str, Any], session: Session, asker: Asker) -> dict[str, str]:
    """Filters and order from JSON, checked as arguments of the list are; as texts.

    Raises InvalidInputError at `query.<name>` for what the list would refuse.
    """
    unknown = sorted(set(map(str, query)) - {*NAMES, "order"})
    if unknown:
        raise InvalidInputError(f"query.{unknown[0][:40]}", say("there is no filter of this name"))
    texts = {name: text for name, value in query.items() if (text := _as_text(name, value))}
    try:
        read_filters(session, texts, asker)
        read_order(texts)
    except InvalidInputError as error:
        raise InvalidInputError(f"query.{error.field}", error.sentence) from None
    except NotFoundError as error:
        raise InvalidInputError("query.account", error.sentence) from None
    return texts


def choice(given: Mapping[str, str], name: str, kind: type[Kind]) -> Kind | None:
    """A member of `kind` by its value; None when it is not there."""
    text = given.get(name, "").strip()
    if not text:
        return None
    try:
        return kind(text)
    except ValueError:
        values = ", ".join(member.value for member in kind)
        raise InvalidInputError(name, say("one of: %(values)s", values=values)) from None


def _as_text(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and 0 <= value < 2**53:
        return str(value)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > LONGEST_VALUE or "\x00" in value:
        raise InvalidInputError(f"query.{name}", say("a text is needed"))
    return value.encode("utf-8", "ignore").decode().strip()


def _statuses(text: str) -> tuple[Status, ...]:
    found = {choice({"status": one}, "status", Status) for one in text.split(",")}
    return tuple(status for status in Status if status in found)


def _person(given: Mapping[str, str], asker: Asker) -> int | None:
    if given.get("assignee") == "me":
        return asker.agent_id
    return _number(given, "assignee", none="none")


def _number(given: Mapping[str, str], name: str, none: str | None = None) -> int | None:
    """An id; the word `none` is 0."""
    text = given.get(name)
    if text is None:
        return None
    if text == none:
        return 0
    number = whole_number(text)
    if not number:
        raise InvalidInputError(name, say("a whole number is needed"))
    return number


def tag_id_of(session: Session, name: str | None) -> int | None:
    """The id of a conversation tag by its name; InvalidInputError if there is none."""
    if name is None:
        return None
    tag_id = session.scalar(select(ConversationTag.id).where(ConversationTag.name == name))
    if tag_id is None:
        raise InvalidInputError("tag", say("there is no tag %(name)s", name=name[:LONGEST_VALUE]))
    return tag_id


def _flag(given: Mapping[str, str], name: str) -> bool | None:
    text = given.get(name)
    if text is None:
        return None
    if text.lower() not in FLAGS:
        raise InvalidInputError(name, say("true or false is needed"))
    return FLAGS[text.lower()]


def _due_before(given: Mapping[str, str], asker: Asker) -> datetime | None:
    return asker.now + DUE_SOON if _flag(given, "due_soon") else None


def _mine(given: Mapping[str, str], name: str, word: str, asker: Asker) -> int | None:
    words = {"mentions": ("me", "unseen"), "drafts": ("me",)}[name]
    text = given.get(name)
    if text is not None and text not in words:
        raise InvalidInputError(name, say("one of: %(values)s", values=", ".join(words)))
    return asker.agent_id if text == word else None
