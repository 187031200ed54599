"""The tags of an account, as WeChat's list has them: made, renamed and deleted there too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from wxdesk.commit_steps import FOLLOW_PROMISES, PROMISES, TagOf, follow_merge
from wxdesk.contacts.inputs import MOST_TAGS_OF_ACCOUNT
from wxdesk.contacts.models import Contact, ContactTag, Tag
from wxdesk.contacts.refusals import is_about_account
from wxdesk.contacts.rules import TagState
from wxdesk.plumbing.db import hold, write_in_order
from wxdesk.plumbing.errors import DeliveryError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.wechat.client import Client
from wxdesk.wechat.user_calls import WeChatTag

LONGEST_NAME = 30
EXISTS = "45157"
MOST_LISTED = 2 * MOST_TAGS_OF_ACCOUNT


@dataclass(frozen=True, slots=True)
class MissingTag:
    """A tag that is here and not at WeChat."""

    id: int
    name: str


def list_missing(session: Session, account_id: int) -> list[MissingTag]:
    """Tags that somebody shall have and WeChat does not know."""
    wanted = select(ContactTag.tag_id).where(
        ContactTag.tag_id == Tag.id, ContactTag.state == TagState.ADDING
    )
    rows = session.execute(
        select(Tag.id, Tag.name)
        .where(Tag.account_id == account_id, Tag.wechat_tag_id.is_(None), wanted.exists())
        .order_by(Tag.id)
        .limit(MOST_TAGS_OF_ACCOUNT)
    )
    return [MissingTag(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class MadeTags:
    """What WeChat answered: our tag id to its tag, and to its refusal."""

    made: dict[int, WeChatTag]
    refused: dict[int, DeliveryError]


def make_tags(client: Client, missing: Sequence[MissingTag]) -> MadeTags:
    """Make tags at WeChat that it has not yet; those of the same name are taken. No database."""
    answer = MadeTags({}, {})
    for tag in _not_there(client, missing, answer):
        try:
            answer.made[tag.id] = client.create_tag(tag.name)
        except DeliveryError as error:
            if is_about_account(error):
                raise
            answer.refused[tag.id] = error
    existing = [tag for tag in missing if _exists(answer.refused.get(tag.id))]
    _not_there(client, existing, answer)  # another process may have made it just now
    return answer


def _exists(error: DeliveryError | None) -> bool:
    return error is not None and error.code == EXISTS


def _not_there(
    client: Client, wanted: Sequence[MissingTag], answer: MadeTags
) -> Sequence[MissingTag]:
    """Those that WeChat does not list under the same name; the others are taken."""
    there = {tag.name: tag for tag in client.list_tags()} if wanted else {}
    for tag in wanted:
        if tag.name in there:
            answer.made[tag.id] = there[tag.name]
            answer.refused.pop(tag.id, None)
    return [tag for tag in wanted if tag.name not in there]


def note_made(uow: UnitOfWork, account_id: int, answer: MadeTags) -> None:
    """Remember WeChat's ids; whoever shall have a refused tag does not get it, and why."""
    write_in_order(uow.session, Tag.__tablename__)
    rows = uow.session.scalars(
        select(Tag).where(Tag.account_id == account_id, Tag.id.in_(sorted(answer.made)))
    )
    taken = set(_by_wechat_id(uow, account_id))
    for row in rows:
        if row.wechat_tag_id is None and answer.made[row.id].id not in taken:
            row.wechat_tag_id = answer.made[row.id].id
    for tag_id, error in answer.refused.items():
        uow.session.execute(
            update(ContactTag)
            .where(ContactTag.tag_id == tag_id, ContactTag.state == TagState.ADDING)
            .values(state=TagState.FAILED, error=str(error)[:500])
            .execution_options(synchronize_session=False)
        )


def store_tags(
    uow: UnitOfWork, account_id: int, listed: Sequence[WeChatTag], known_before: Mapping[int, int]
) -> bool:
    """Make our tags equal to WeChat's list; True if anything changed that people see.

    `known_before`: WeChat's ids to ours as they were before the list was fetched; a tag that was
    made since is not in it, and must not be taken for deleted.
    """
    write_in_order(uow.session, Tag.__tablename__)  # one at a time, so that names can be swapped
    there = {tag.id: tag for tag in listed[:MOST_LISTED]}
    ours = _by_wechat_id(uow, account_id)
    gone = [tag for wechat_id, tag in ours.items() if wechat_id not in there]
    deleted = [tag.id for tag in gone if tag.wechat_tag_id in known_before]
    renamed = [tag for wechat_id, tag in ours.items() if _is_renamed(tag, there.get(wechat_id))]
    _index_again(uow, [*deleted, *(tag.id for tag in renamed)])
    if deleted or renamed:
        hold(uow.session, PROMISES)  # after customers, before tags: as everybody who has both
    _delete(uow, deleted)
    _rename(uow, account_id, renamed, there)
    added = [tag for wechat_id, tag in there.items() if wechat_id not in ours]
    for tag in added:
        _adopt(uow, account_id, tag)
    for wechat_id, row in ours.items():
        if wechat_id in there:
            row.count = there[wechat_id].count
    _delete_unused(uow, account_id)
    return bool(deleted or renamed or added)


def _by_wechat_id(uow: UnitOfWork, account_id: int) -> dict[int, Tag]:
    rows = uow.session.scalars(
        select(Tag)
        .where(Tag.account_id == account_id, Tag.wechat_tag_id.is_not(None))
        .execution_options(populate_existing=True)
    )
    return {tag.wechat_tag_id: tag for tag in rows if tag.wechat_tag_id is not None}


def _is_renamed(tag: Tag, there: WeChatTag | None) -> bool:
    return there is not None and tag.name != there.name[:LONGEST_NAME]


def _index_again(uow: UnitOfWork, tag_ids: Sequence[int]) -> None:
    """Whoever has one of these tags is found by other words from now on."""
    has_it = select(ContactTag.contact_id).where(ContactTag.tag_id.in_(tag_ids))
    if tag_ids:
        uow.session.execute(
            update(Contact).where(Contact.id.in_(has_it)).values(is_indexed=False),
            execution_options={"synchronize_session": False},
        )


def _delete(uow: UnitOfWork, tag_ids: Sequence[int]) -> None:
    if tag_ids:
        uow.before_commit(FOLLOW_PROMISES, 0)
        quietly = {"synchronize_session": False}
        rows = delete(ContactTag).where(ContactTag.tag_id.in_(tag_ids))
        uow.session.execute(rows, execution_options=quietly)
        uow.session.execute(delete(Tag).where(Tag.id.in_(tag_ids)), execution_options=quietly)


def _rename(
    uow: UnitOfWork, account_id: int, renamed: Iterable[Tag], there: Mapping[int, WeChatTag]
) -> None:
    """First out of each other's way: WeChat allows swapping two names."""
    tags = list(renamed)
    for tag in tags:
        tag.name = f"~{tag.id}"
    uow.session.flush()
    for tag in tags:
        name = there[tag.wechat_tag_id or 0].name[:LONGEST_NAME]
        _merge(uow, account_id, name, tag.id)
        tag.name = name
    uow.session.flush()


def _merge(uow: UnitOfWork, account_id: int, name: str, into_id: int) -> None:
    """A tag of this name that WeChat never had becomes the one that it has."""
    ours = uow.session.scalars(
        select(Tag).where(Tag.account_id == account_id, Tag.name == name, Tag.id != into_id)
    ).one_or_none()
    if ours is None:
        return
    has_it = select(ContactTag.contact_id).where(ContactTag.tag_id == into_id)
    uow.session.execute(
        update(ContactTag)
        .where(ContactTag.tag_id == ours.id, ContactTag.contact_id.not_in(has_it))
        .values(tag_id=into_id)
        .execution_options(synchronize_session=False)
    )
    follow_merge(uow, TagOf.CONTACT, ours.id, into_id)
    _delete(uow, [ours.id])
    uow.session.flush()


def _adopt(uow: UnitOfWork, account_id: int, tag: WeChatTag) -> None:
    name = tag.name[:LONGEST_NAME]
    ours = uow.session.scalars(
        select(Tag).where(Tag.account_id == account_id, Tag.name == name)
    ).one_or_none()
    if ours is None:
        ours = Tag(account_id=account_id, name=name)
        uow.session.add(ours)
    ours.wechat_tag_id, ours.count = tag.id, tag.count
    uow.session.flush()


def _delete_unused(uow: UnitOfWork, account_id: int) -> None:
    """Tags that nobody has and that WeChat never had."""
    used = select(ContactTag.tag_id).where(ContactTag.tag_id == Tag.id)
    uow.session.execute(
        delete(Tag)
        .where(Tag.account_id == account_id, Tag.wechat_tag_id.is_(None), ~used.exists())
        .execution_options(synchronize_session=False)
    )
