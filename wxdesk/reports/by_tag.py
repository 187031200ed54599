"""The report by tag: what conversations are about, and how long that takes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from wxdesk.conversations.models import ConversationTagging
from wxdesk.conversations.tagging import list_conversation_tags
from wxdesk.reports.groups import OPEN_NOW, Group, build_groups, count_open
from wxdesk.reports.rules import Filters, Report
from wxdesk.words import say

HOW = say(
    "By the tags that a conversation has now. One with several tags counts under each of them, so "
    "the rows add up to more than there was."
)


def build(session: Session, filters: Filters, now: datetime) -> Report:
    """The report "tags"."""
    names = {tag.id: tag.name for tag in list_conversation_tags(session)}
    column = ConversationTagging.tag_id
    open_now = count_open(session, filters, column, with_tags=True)
    group = Group(
        name="tags",
        title=say("Tags"),
        label=say("Tag"),
        column=column,
        narrow="tag",
        names=names,
        members=filters.tag_ids or names,
        none_is=say("No tag"),
        more=(OPEN_NOW,),
        more_of=lambda tag_id: (open_now.get(tag_id, 0),),
        notes=(HOW,),
        with_tags=True,
    )
    return build_groups(session, filters, now, group)
