"""Files that a campaign answers with: WeChat must have a copy before anybody is let in.

Without it its rules would say nothing, and everybody who takes part would be sent to a person.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wxdesk.media.models import Attachment
from wxdesk.plumbing.errors import ConflictError
from wxdesk.triage.queries import UPLOAD_LIFE
from wxdesk.triage.rules import PASSIVE_WITH_FILE, MoreReply
from wxdesk.words import say


def check_files(session: Session, replies: Iterable[MoreReply], now: datetime) -> None:
    """ConflictError (needs="file") while WeChat has no fresh copy of one of them."""
    wanted = {it.attachment_id for it in replies if it.kind in PASSIVE_WITH_FILE}
    ids = sorted(each for each in wanted if each is not None)
    if not ids:
        return
    query = select(func.count()).where(
        Attachment.id.in_(ids), Attachment.uploaded_at > now - UPLOAD_LIFE
    )
    if session.scalar(query) != len(ids):
        raise ConflictError(
            say(
                "WeChat has no copy of the file of an answer yet: it gets one some seconds after "
                "saving, while the campaign does not answer"
            ),
            needs="file",
        )
