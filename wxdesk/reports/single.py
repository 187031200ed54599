"""A single conversation behind a line of a table."""

from __future__ import annotations

from datetime import datetime

from wxdesk.conversations.models import Conversation
from wxdesk.reports.behind import Narrows, Source, source
from wxdesk.reports.rules import Behind, Filters


def conversation_behind(conversation_id: int) -> Behind:
    return Behind("conversation", {"id": str(conversation_id)})


@source("conversation")
def conversation(_filters: Filters, narrows: Narrows, _now: datetime) -> Source:
    """The conversation `id`, whatever the filters."""
    narrows.check("id")
    its = Conversation
    return Source(
        id=its.id,
        at=its.opened_at,
        contact_id=its.contact_id,
        where=(its.id == (narrows.number("id") or 0),),
        conversation_id=its.id,
        agent_id=its.assignee_id,
    )
