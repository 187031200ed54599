"""Every step before a commit, in one table: what follows from a change, in its transaction.

Named by their path, as jobs are, so that a low layer marks what a higher one works out. Each runs
once with all ids that were given; a step may mark others.
"""

from __future__ import annotations

from enum import StrEnum

from wxdesk.plumbing.unit_of_work import Step, UnitOfWork

FOLLOW_PROMISES = Step("wxdesk.sla.recomputing.follow_promises")  # whatever the id
FOLLOW_CALENDARS = Step("wxdesk.sla.recomputing.follow_calendars")
FOLLOW_CONTACTS = Step("wxdesk.sla.recomputing.follow_contacts")
FOLLOW_CLOCKS = Step("wxdesk.sla.clocks.follow")
REFUSE_NAMED_TAGS = Step("wxdesk.sla.naming.refuse_tags")
REFUSE_NAMED_TEAMS = Step("wxdesk.sla.naming.refuse_teams")
STALE_TALLIES = Step("wxdesk.reports.stale.mark")

ALL = (
    FOLLOW_PROMISES,
    FOLLOW_CALENDARS,
    FOLLOW_CONTACTS,
    FOLLOW_CLOCKS,
    REFUSE_NAMED_TAGS,
    REFUSE_NAMED_TEAMS,
    STALE_TALLIES,
)

# The lock of all promises (plumbing/db.py `hold`). Alone: whoever changes them or their hours, or
# removes a tag that they may name; before any row of these. Shared: whoever reads them for a clock,
# and whoever puts tags on, before the tagging.
PROMISES = "wxdesk.sla.book"
MERGED = "wxdesk.merged_tags"


class TagOf(StrEnum):
    """What has the tag; the value is the field of a promise's conditions."""

    CONVERSATION = "tag_ids"
    CONTACT = "contact_tag_ids"


def follow_merge(uow: UnitOfWork, kind: TagOf, gone_id: int, into_id: int) -> None:
    """Before the commit the promises that name the first tag get a version with the second."""
    uow.session.info.setdefault(MERGED, {}).setdefault(kind, {})[gone_id] = into_id
    uow.before_commit(FOLLOW_PROMISES, 0)
