"""What a page asks WeChat about a mass send while somebody looks on: drafts, and previews."""

from __future__ import annotations

from wxdesk.accounts.clients import impatient_client
from wxdesk.accounts.queries import get_keys
from wxdesk.broadcasts.queries import get_view
from wxdesk.broadcasts.rules import BroadcastKind
from wxdesk.broadcasts.stored import content_from
from wxdesk.media.sending import media_id_for
from wxdesk.plumbing.errors import ConflictError, WxdeskError
from wxdesk.runtime import Runtime
from wxdesk.wechat.client import Client
from wxdesk.wechat.limits import MassKind
from wxdesk.wechat.mass_calls import Draft, MassContent
from wxdesk.words import say


def draft_choices(runtime: Runtime, account_id: int) -> tuple[list[Draft], str | None]:
    """The newest articles of the draft box, or why they can't be read now."""
    try:
        with runtime.reading() as session:
            keys = get_keys(session, runtime.vault, account_id)
        return impatient_client(runtime, keys).list_drafts(), None
    except WxdeskError as error:
        return [], error.sentence


def content_for_preview(runtime: Runtime, broadcast_id: int) -> tuple[Client, MassContent]:
    """A mass send as WeChat takes it, with a client; ConflictError for another kind."""
    with runtime.reading() as session:
        row = get_view(session, broadcast_id).row
        keys = get_keys(session, runtime.vault, row.account_id)
    if row.kind is not BroadcastKind.MASS:
        raise ConflictError(say("only a mass send can be previewed on a phone"))
    client, content = impatient_client(runtime, keys), content_from(row.content)
    media_id = content.media_id
    if content.mass_kind is MassKind.IMAGE and content.attachment_id is not None:
        media_id = media_id_for(runtime, client, content.attachment_id)
    return client, MassContent(content.mass_kind, content.text, media_id)
