"""Tags of conversations: made, renamed, merged, removed, and put on conversations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, insert, literal, select
from sqlalchemy.orm import Session

from wxdesk.audit.operations import note
from wxdesk.commit_steps import PROMISES, REFUSE_NAMED_TAGS, TagOf, follow_merge
from wxdesk.contacts.inputs import cleaned, cleaned_names
from wxdesk.conversations.models import Conversation, ConversationTag, ConversationTagging
from wxdesk.conversations.rules import COLOURS
from wxdesk.conversations.timeline import Activity, note_activity
from wxdesk.plumbing.db import hold
from wxdesk.plumbing.errors import ConflictError, InvalidInputError, NotFoundError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.words import say

LONGEST_NAME = 30
MOST_TAGS = 500
MOST_OF_CONVERSATION = 20
MOST_NAMES = 100  # in one request


@dataclass(frozen=True, slots=True)
class TagView:
    """A tag and the number of conversations that have it."""

    id: int
    name: str
    colour: str
    count: int
    created_at: datetime


def list_conversation_tags(session: Session) -> list[TagView]:
    """All tags by name (at most 500), with how often each is used."""
    counts = (
        select(ConversationTagging.tag_id, func.count().label("count"))
        .group_by(ConversationTagging.tag_id)
        .subquery()
    )
    rows = session.execute(
        select(ConversationTag, counts.c.count)
        .outerjoin(counts, counts.c.tag_id == ConversationTag.id)
        .order_by(ConversationTag.name)
        .limit(MOST_TAGS)
    )
    return [_view(tag, count or 0) for tag, count in rows]


def get_tag(session: Session, tag_id: int) -> TagView:
    """One tag; NotFoundError if there is none."""
    tag = session.get(ConversationTag, tag_id)
    if tag is None:
        raise _no_such_tag(tag_id)
    return _view(tag, _uses(session, tag_id))


def name_problem(name: str) -> str | None:
    """A sentence when this can't be the name of a tag. Commas separate names in lists."""
    if not name or len(name) > LONGEST_NAME:
        return say("a name has 1 to %(most)d characters", most=LONGEST_NAME)
    return say("a name has no commas") if "," in name else None


def fold(name: str) -> str:
    """As names of tags are compared."""
    return name.casefold()


def create_tag(uow: UnitOfWork, name: str, colour: str = COLOURS[0]) -> ConversationTag:
    """A new tag. InvalidInputError when there is one, whatever the case of its letters."""
    name = _acceptable(uow, name, colour, None)
    if (uow.session.scalar(select(func.count()).select_from(ConversationTag)) or 0) >= MOST_TAGS:
        raise ConflictError(say("there are %(most)d tags at most", most=MOST_TAGS))
    tag = ConversationTag(name=name, colour=colour, created_at=uow.now)
    uow.session.add(tag)
    uow.session.flush()
    return tag


def change_tag(
    uow: UnitOfWork, tag_id: int, *, name: str | None = None, colour: str | None = None
) -> ConversationTag:
    """Rename or recolour; every conversation that has it follows."""
    tag = _locked(uow, tag_id)
    new_name, new_colour = name if name is not None else tag.name, colour or tag.colour
    tag.name, tag.colour = _acceptable(uow, new_name, new_colour, tag_id), new_colour
    _announce(uow, _uses(uow.session, tag_id))
    return tag


def delete_tag(uow: UnitOfWork, tag_id: int, *, by: int | None = None) -> int:
    """Remove a tag from everywhere; on how many conversations it was. Noted in the audit log.

    The commit raises ConflictError while a policy of service levels names it.
    """
    hold(uow.session, PROMISES)
    uow.before_commit(REFUSE_NAMED_TAGS, tag_id)
    tag = _locked(uow, tag_id)
    count = _uses(uow.session, tag_id)
    note(uow, "tag.deleted", f"tag:{tag_id}", actor_id=by, name=tag.name, conversations=count)
    _remove(uow, tag)
    _announce(uow, count)
    return count


def merge_tags(uow: UnitOfWork, tag_id: int, into_id: int, *, by: int | None = None) -> int:
    """What has or names the first tag gets the second; the first is removed. How many had it."""
    if tag_id == into_id:
        raise InvalidInputError("into", say("choose another tag"))
    hold(uow.session, PROMISES)
    tags = {each: _locked(uow, each) for each in sorted((tag_id, into_id))}  # in one order by all
    count = _uses(uow.session, tag_id)
    names = {"name": tags[tag_id].name, "into": tags[into_id].name}
    note(uow, "tag.merged", f"tag:{into_id}", actor_id=by, **names, conversations=count)
    had = ConversationTagging.__table__.alias("had")
    moved = select(ConversationTagging.conversation_id, literal(into_id), literal(uow.now)).where(
        ConversationTagging.tag_id == tag_id,
        ~select(had.c.conversation_id)
        .where(
            had.c.conversation_id == ConversationTagging.conversation_id, had.c.tag_id == into_id
        )
        .exists(),
    )
    columns = ["conversation_id", "tag_id", "tagged_at"]
    uow.session.execute(insert(ConversationTagging).from_select(columns, moved))
    _remove(uow, tags[tag_id])
    follow_merge(uow, TagOf.CONVERSATION, tag_id, into_id)
    _announce(uow, count)
    return count


def change_tags(
    uow: UnitOfWork,
    conversation: Conversation,
    *,
    add: Iterable[str],
    remove: Iterable[str],
    by: int | None,
    may_make: bool,
) -> bool:
    """Put tags on a locked conversation and take others off; False when nothing changed.

    Names are compared without regard to case. Unknown names to add are made when `may_make`, else
    InvalidInputError("add"); unknown ones to remove are passed over. Notes what changed in the
    thread; the caller announces (`changed`).
    """
    wanted, unwanted = cleaned_names(add), {fold(name) for name in cleaned_names(remove)}
    if len(wanted) + len(unwanted) > MOST_NAMES:
        raise InvalidInputError("add", say("at most %(most)d names", most=MOST_NAMES))
    hold(uow.session, PROMISES, is_shared=True)  # whoever removes a tag holds it alone
    has = _tags_of(uow, conversation.id)
    taken = [tag for folded, tag in has.items() if folded in unwanted]
    given = [
        tag
        for tag in _wanted_tags(uow, wanted, may_make=may_make)
        if fold(tag.name) not in has and fold(tag.name) not in unwanted
    ]
    if len(has) - len(taken) + len(given) > MOST_OF_CONVERSATION:
        raise InvalidInputError(
            "add", say("a conversation has at most %(most)d tags", most=MOST_OF_CONVERSATION)
        )
    _put_on(uow, conversation.id, given)
    _take_off(uow, conversation.id, taken)
    for action, tags in ((Activity.TAGGED, given), (Activity.UNTAGGED, taken)):
        if tags:
            names = [tag.name for tag in tags]
            note_activity(uow, conversation, action, by=by, tags=names)
    return bool(given or taken)


def _tags_of(uow: UnitOfWork, conversation_id: int) -> dict[str, ConversationTag]:
    rows = uow.session.scalars(
        select(ConversationTag)
        .join(ConversationTagging, ConversationTagging.tag_id == ConversationTag.id)
        .where(ConversationTagging.conversation_id == conversation_id)
        .order_by(ConversationTag.name)
    )
    return {fold(tag.name): tag for tag in rows}


def _wanted_tags(uow: UnitOfWork, names: Sequence[str], *, may_make: bool) -> list[ConversationTag]:
    if not names:
        return []
    known = {fold(tag.name): tag for tag in uow.session.scalars(select(ConversationTag))}
    found: dict[str, ConversationTag] = {}
    for name in names:
        folded = fold(name)
        if folded not in known:
            if not may_make:
                raise InvalidInputError("add", say("there is no tag %(name)s", name=name))
            known[folded] = create_tag(uow, name)
        found[folded] = known[folded]
    return list(found.values())


def _put_on(uow: UnitOfWork, conversation_id: int, tags: Sequence[ConversationTag]) -> None:
    if tags:
        rows = [
            {"conversation_id": conversation_id, "tag_id": tag.id, "tagged_at": uow.now}
            for tag in tags
        ]
        uow.session.execute(insert(ConversationTagging), rows)


def _take_off(uow: UnitOfWork, conversation_id: int, tags: Sequence[ConversationTag]) -> None:
    if tags:
        uow.session.execute(
            delete(ConversationTagging).where(
                ConversationTagging.conversation_id == conversation_id,
                ConversationTagging.tag_id.in_([tag.id for tag in tags]),
            )
        )


def _remove(uow: UnitOfWork, tag: ConversationTag) -> None:
    uow.session.execute(
        delete(ConversationTagging)
        .where(ConversationTagging.tag_id == tag.id)
        .execution_options(synchronize_session=False)
    )
    uow.session.delete(tag)


def _announce(uow: UnitOfWork, uses: int) -> None:
    """Whoever looks at any conversation fetches again, if it may be one with the tag."""
    uow.announce("all" if uses else "inbox")


def _acceptable(uow: UnitOfWork, name: str, colour: str, tag_id: int | None) -> str:
    """The name as it is stored; InvalidInputError names the field that can't be taken."""
    name = cleaned(name)
    if problem := name_problem(name):
        raise InvalidInputError("name", problem)
    if colour not in COLOURS:
        raise InvalidInputError("colour", say("one of: %(values)s", values=", ".join(COLOURS)))
    others = uow.session.execute(select(ConversationTag.id, ConversationTag.name))
    if any(fold(other) == fold(name) and other_id != tag_id for other_id, other in others):
        raise InvalidInputError("name", say("there is a tag with this name already"))
    return name


def _locked(uow: UnitOfWork, tag_id: int) -> ConversationTag:
    tag = uow.session.get(ConversationTag, tag_id, with_for_update=True, populate_existing=True)
    if tag is None:
        raise _no_such_tag(tag_id)
    return tag


def _no_such_tag(tag_id: int) -> NotFoundError:
    return NotFoundError(say("there is no tag %(id)d", id=tag_id))


def _uses(session: Session, tag_id: int) -> int:
    query = select(func.count()).where(ConversationTagging.tag_id == tag_id)
    return session.scalar(query.select_from(ConversationTagging)) or 0


def _view(tag: ConversationTag, count: int) -> TagView:
    return TagView(tag.id, tag.name, tag.colour, count, tag.created_at)
