"""The part of the OpenAPI document about prepared answers, tags, fields, histories and ratings."""

from __future__ import annotations

from wxdesk.conversations.rules import COLOURS
from wxdesk.inbox.openapi_schemas import (
    FLAG,
    INSTANT,
    MAYBE_INSTANT,
    MAYBE_NUMBER,
    MAYBE_TEXT,
    NUMBER,
    PERSON,
    TEXT,
    Json,
    Operation,
    list_of,
    maybe,
    object_of,
    page,
    ref,
)

PAGING = ("limit", "cursor")
FILTERS = ("from", "to", "agent", "account")
CANNED_FIELDS = ("shortcut", "title", "text", "folder")
NOTHING: Json = {"type": "null"}
REMOVED = object_of(id=NUMBER, count=NUMBER)

OPERATIONS: dict[tuple[str, str], Operation] = {
    ("get", "/canned-responses"): (
        "Prepared answers that this agent may use: shortcuts that begin with q first, then "
        "personal ones, then the most used. scope: all, mine or shared.",
        ("q", "folder", "scope", *PAGING),
        (),
        page("CannedResponse"),
    ),
    ("post", "/canned-responses"): (
        "A new one; is_personal false needs the permission shared.write. A personal one hides a "
        "shared one of the same shortcut.",
        (),
        (*CANNED_FIELDS, "is_personal"),
        ref("CannedResponse"),
    ),
    ("patch", "/canned-responses/{canned_id}"): (
        "Change the named fields.",
        (),
        CANNED_FIELDS,
        ref("CannedResponse"),
    ),
    ("delete", "/canned-responses/{canned_id}"): ("Remove one: 204.", (), (), NOTHING),
    ("post", "/canned-responses/{canned_id}/fill"): (
        "Its text with the variables of a conversation; unknown names those without a value, "
        "which stay in the text.",
        (),
        ("conversation_id",),
        object_of(text=TEXT, unknown=list_of(TEXT)),
    ),
    ("post", "/canned-responses/{canned_id}/used"): (
        "An answer made of it was sent: 204.",
        (),
        (),
        NOTHING,
    ),
    ("get", "/conversation-tags"): (
        "All tags of conversations by name, with how often each is used.",
        (),
        (),
        object_of(items=list_of(ref("ConversationTag"))),
    ),
    ("post", "/conversation-tags"): ("A new tag.", (), ("name", "colour"), ref("ConversationTag")),
    ("patch", "/conversation-tags/{tag_id}"): (
        "Rename or recolour a tag, on all conversations and in saved views.",
        (),
        ("name", "colour"),
        ref("ConversationTag"),
    ),
    ("delete", "/conversation-tags/{tag_id}"): (
        "Take a tag off all conversations; on how many it was.",
        (),
        (),
        REMOVED,
    ),
    ("get", "/contact-fields"): (
        "The company's own fields of customers, in their order.",
        (),
        (),
        object_of(items=list_of(ref("ContactField"))),
    ),
    ("post", "/contact-fields"): (
        "A new field; choices for a choice only.",
        (),
        ("name", "kind", "choices"),
        ref("ContactField"),
    ),
    ("patch", "/contact-fields/{field_id}"): (
        "Rename, change the choices, or move to a position (from 0). Values stay.",
        (),
        ("name", "choices", "position"),
        ref("ContactField"),
    ),
    ("delete", "/contact-fields/{field_id}"): (
        "Remove a field with its values; of how many customers.",
        (),
        (),
        REMOVED,
    ),
    ("get", "/contacts/{contact_id}/fields"): (
        "What is known of a customer.",
        (),
        (),
        ref("ContactFieldValues"),
    ),
    ("put", "/contacts/{contact_id}/fields"): (
        "values: field id to text, null to forget; others stay as they are.",
        (),
        ("values",),
        ref("ContactFieldValues"),
    ),
    ("get", "/contacts/{contact_id}/conversations"): (
        "All conversations of a customer, the newest first.",
        PAGING,
        (),
        page("PastConversation"),
    ),
    ("get", "/contacts/{contact_id}/auto-replies"): (
        "What rules answered a customer, the newest first.",
        PAGING,
        (),
        page("AutoReply"),
    ),
    ("get", "/contacts/{contact_id}/ratings"): (
        "What a customer was asked and said about the service, the newest first.",
        PAGING,
        (),
        page("Rating"),
    ),
    ("get", "/contacts/{contact_id}/files"): (
        "Files of a customer's thread, the newest first; limit counts messages.",
        PAGING,
        (),
        page("PastFile"),
    ),
    ("get", "/contacts/{contact_id}/notes"): (
        "What colleagues noted about a customer, the newest first.",
        PAGING,
        (),
        page("PastNote"),
    ),
    ("get", "/ratings"): (
        "Answered ratings, the newest first, and their sums; from and to are days, inclusive.",
        (*FILTERS, *PAGING),
        (),
        object_of(
            items=list_of(ref("Rating")), next_cursor=MAYBE_TEXT, summary=ref("RatingSummary")
        ),
    ),
    ("get", "/ratings.csv"): (
        "The newest 10,000 of them as CSV (text/csv), in UTC.",
        FILTERS,
        (),
        TEXT,
    ),
}

SCHEMAS: dict[str, Json] = {
    "CannedResponse": object_of(
        id=NUMBER,
        shortcut=TEXT,
        title=TEXT,
        text=TEXT,
        folder=TEXT,
        is_personal=FLAG,
        is_shadowed=FLAG,
        use_count=NUMBER,
        used_at=MAYBE_INSTANT,
        updated_at=INSTANT,
        may_edit=FLAG,
    ),
    "ConversationTag": object_of(
        id=NUMBER, name=TEXT, colour={"enum": list(COLOURS)}, count=NUMBER
    ),
    "ContactField": object_of(
        id=NUMBER,
        name=TEXT,
        kind={"enum": ["text", "number", "date", "choice"]},
        choices=list_of(TEXT),
        position=NUMBER,
    ),
    "ContactFieldValues": object_of(
        items=list_of(
            object_of(
                id=NUMBER,
                name=TEXT,
                kind={"enum": ["text", "number", "date", "choice"]},
                choices=list_of(TEXT),
                value=MAYBE_TEXT,
            )
        )
    ),
    "PastConversation": object_of(
        id=NUMBER,
        status={"enum": ["open", "pending", "snoozed", "resolved"]},
        opened_at=INSTANT,
        resolved_at=MAYBE_INSTANT,
        assignee=maybe(PERSON),
        tags=list_of(TEXT),
        merged_into=MAYBE_NUMBER,
        preview=TEXT,
        preview_kind=MAYBE_TEXT,
    ),
    "AutoReply": object_of(
        message_id=NUMBER,
        conversation_id=MAYBE_NUMBER,
        rule=object_of(id=NUMBER, name=TEXT, version=NUMBER, matched=TEXT),
        kind=TEXT,
        text=TEXT,
        at=INSTANT,
    ),
    "PastNote": object_of(
        message_id=NUMBER,
        conversation_id=MAYBE_NUMBER,
        text=TEXT,
        by=maybe(PERSON),
        at=INSTANT,
    ),
    "Rating": object_of(
        id=NUMBER,
        conversation_id=NUMBER,
        state={"enum": ["asked", "rated", "expired"]},
        score=MAYBE_NUMBER,
        comment=TEXT,
        agent=maybe(PERSON),
        asked_at=INSTANT,
        rated_at=MAYBE_INSTANT,
        account=TEXT,
        contact=PERSON,
    ),
    "RatingSummary": object_of(
        asked=NUMBER,
        count=NUMBER,
        average={"type": ["number", "null"]},
        by_score={"type": "object", "additionalProperties": NUMBER},
    ),
    "PastFile": {
        "allOf": [
            ref("Attachment"),
            object_of(
                message_id=NUMBER,
                conversation_id=MAYBE_NUMBER,
                direction={"enum": ["incoming", "outgoing"]},
                at=INSTANT,
            ),
        ]
    },
}
