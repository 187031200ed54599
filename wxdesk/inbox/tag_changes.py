"""Changes of tags, with what else names them: saved views filter by the name of a tag."""

from __future__ import annotations

from sqlalchemy import select

from wxdesk.conversations.tagging import change_tag, get_tag, merge_tags
from wxdesk.inbox.models import SavedView
from wxdesk.plumbing.unit_of_work import UnitOfWork


def rename_tag(uow: UnitOfWork, tag_id: int, *, name: str | None, colour: str | None) -> None:
    """Rename or recolour a tag; saved views go on finding it."""
    before = get_tag(uow.session, tag_id).name
    tag = change_tag(uow, tag_id, name=name, colour=colour)
    _follow(uow, before, tag.name)


def merge_tag(uow: UnitOfWork, tag_id: int, into_id: int, *, by: int | None = None) -> int:
    """Merge the first tag into the second; on how many conversations it was."""
    before = get_tag(uow.session, tag_id).name
    after = get_tag(uow.session, into_id).name
    count = merge_tags(uow, tag_id, into_id, by=by)
    _follow(uow, before, after)
    return count


def _follow(uow: UnitOfWork, before: str, after: str) -> None:
    if before == after:
        return
    for view in uow.session.scalars(select(SavedView).with_for_update()):
        if view.query.get("tag") == before:
            view.query = view.query | {"tag": after}
