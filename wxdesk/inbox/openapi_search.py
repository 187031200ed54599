"""The part of the OpenAPI document about threads, views and search."""

from __future__ import annotations

from wxdesk.inbox.filters import NAMES
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

OPERATIONS: dict[tuple[str, str], Operation] = {
    ("get", "/inbox/counts"): ("Sizes of the inbox's views.", (), (), ref("Counts")),
    ("get", "/conversations"): (
        "Conversations; order=deadline is the inbox (waiting, newest, priority). status takes "
        "several, by commas; assignee me, none or an id; mentions me or unseen; drafts me; "
        "team an id or none. Spam is listed with spam=true only; what was merged into another "
        "never. unread without a status leaves out resolved ones. "
        "view is a saved view, whose filters the other arguments replace. known: ids, by commas, "
        "of which only the id is told: for whoever keeps a list and hears of changes on /live.",
        (*NAMES, "view", "order", "limit", "cursor", "known"),
        (),
        page("Conversation"),
    ),
    ("get", "/conversations/{conversation_id}/thread"): (
        "The customer's whole history, each page oldest first: the newest page, the one before "
        "cursor, the one after newer_cursor (as after), or around a message's id. "
        "with_conversation=true: the conversation besides, as of the same instant.",
        ("around", "after", "limit", "cursor", "with_conversation"),
        (),
        ref("Thread"),
    ),
    ("get", "/conversations/{conversation_id}/search"): (
        "Messages of the customer's history that contain q, the newest first, at most 200.",
        ("q",),
        (),
        object_of(items=list_of(ref("ThreadHit")), total_is_capped=FLAG),
    ),
    ("get", "/messages/{message_id}"): ("One message.", (), (), ref("Message")),
    ("get", "/search"): (
        "Messages (or kind=contacts) that contain every word of q. Chinese by any part, "
        "Latin words and numbers by their beginning; case, width, and traditional or simplified "
        "make no difference. agent: sent by, or assigned to. from and to: days, both included. "
        "order newest, or best: the best of the newest thousand, then of the thousand before. "
        "A page may be short, even empty, and still have a next one.",
        (
            "q",
            "kind",
            "account",
            "agent",
            "tag",
            "openid",
            "from",
            "to",
            "order",
            "limit",
            "cursor",
        ),
        (),
        object_of(
            items=list_of(ref("SearchHit")),
            next_cursor=MAYBE_TEXT,
            indexed_to=object_of(is_complete=FLAG),
        ),
    ),
    ("get", "/views"): (
        "Saved views: one's own and the shared ones.",
        (),
        (),
        object_of(items=list_of(ref("View"))),
    ),
    ("post", "/views"): (
        "Save filters of GET /conversations under a name.",
        (),
        ("name", "query", "is_shared"),
        ref("View"),
    ),
    ("patch", "/views/{view_id}"): (
        "Change the named fields; others' shared views need shared.write.",
        (),
        ("name", "query", "is_shared"),
        ref("View"),
    ),
    ("delete", "/views/{view_id}"): ("Remove a saved view.", (), (), {"type": "null"}),
}

RANGES = list_of({"type": "array", "items": NUMBER, "minItems": 2, "maxItems": 2})

SCHEMAS: dict[str, Json] = {
    "Counts": object_of(
        now=INSTANT,
        mine=NUMBER,
        unassigned=NUMBER,
        all=NUMBER,
        breached=NUMBER,
        due_soon=NUMBER,
        closing_soon=NUMBER,
        mentions=NUMBER,
        pending=NUMBER,
        snoozed=NUMBER,
        drafts=NUMBER,
        spam=NUMBER,
        resolved_today=NUMBER,
        oldest_waiting_since=MAYBE_INSTANT,
        slow=object_of(
            count=NUMBER,
            items=list_of(
                object_of(
                    id=NUMBER, contact=PERSON, waiting_since=INSTANT, assignee_id=MAYBE_NUMBER
                )
            ),
        ),
        views={"type": "object", "additionalProperties": NUMBER},
    ),
    "Thread": object_of(
        items=list_of(ref("Message")),
        next_cursor=MAYBE_TEXT,
        newer_cursor=MAYBE_TEXT,
        last_message_id=NUMBER,
        read_message_id=NUMBER,
        conversation=maybe(ref("Conversation")),
    ),
    "ThreadHit": object_of(message_id=NUMBER, received_at=INSTANT, excerpt=TEXT, ranges=RANGES),
    "SearchHit": object_of(
        kind={"enum": ["message", "contact"]},
        message=ref("Message"),
        contact={"type": "object"},
        conversation_id=MAYBE_NUMBER,
        excerpt=TEXT,
        ranges=RANGES,
    ),
    "View": object_of(
        id=NUMBER,
        name=TEXT,
        is_shared=FLAG,
        owner=PERSON,
        query={"type": "object"},
        may_edit=FLAG,
    ),
}
