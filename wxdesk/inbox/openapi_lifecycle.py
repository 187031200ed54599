"""The part of the OpenAPI document about the life of a conversation, notes and drafts."""

from __future__ import annotations

from wxdesk.inbox.openapi_schemas import (
    INSTANT,
    MAYBE_INSTANT,
    NUMBER,
    PERSON,
    TEXT,
    Json,
    Operation,
    object_of,
    page,
    ref,
)

HERE = "/conversations/{conversation_id}"
GUARD = "With last_seen_message_id 409 with newer_messages when somebody wrote after it."
AWAKE = (
    "It comes back by itself when the customer writes, a promise is broken, the reply window of "
    "a waiting customer is about to close, or an answer was not sent."
)

OPERATIONS: dict[tuple[str, str], Operation] = {
    ("post", f"{HERE}/resolve"): (
        f"End the conversation. {GUARD}",
        (),
        ("last_seen_message_id",),
        ref("Conversation"),
    ),
    ("post", f"{HERE}/snooze"): (
        "Lay it aside until a time (ISO 8601 with its zone, a year ahead at most), or with null "
        f"until the customer writes. {AWAKE} {GUARD}",
        (),
        ("until", "last_seen_message_id"),
        ref("Conversation"),
    ),
    ("post", f"{HERE}/pending"): (
        f"Wait for the customer. {AWAKE} {GUARD}",
        (),
        ("last_seen_message_id",),
        ref("Conversation"),
    ),
    ("post", f"{HERE}/reopen"): (
        "Open a resolved, snoozed or pending conversation again. 409 when it was merged, when the "
        "customer has a newer one or is marked as spam.",
        (),
        (),
        ref("Conversation"),
    ),
    ("post", f"{HERE}/priority"): (
        "priority: urgent, high, normal or low.",
        (),
        ("priority",),
        ref("Conversation"),
    ),
    ("post", f"{HERE}/tags"): (
        "Put tags on it and take others off. 422 at `add` for a tag that does not exist, unless "
        "you may change tags: then it is made.",
        (),
        ("add", "remove"),
        ref("Conversation"),
    ),
    ("post", f"{HERE}/merge"): (
        "Move everything into another conversation (`into`) of the same customer, which is the "
        "answer. This one ends, and has merged_into.",
        (),
        ("into",),
        ref("Conversation"),
    ),
    ("post", f"{HERE}/spam"): (
        "is_spam true: end it; what the customer writes is set aside as spam. false: undo, with "
        "what was set aside. blacklist: WeChat's blacklist too.",
        (),
        ("is_spam", "blacklist"),
        ref("Conversation"),
    ),
    ("post", f"{HERE}/notes"): (
        "A private note, never sent. mentions: ids of agents to tell. Answers 201; the header "
        "Idempotency-Key makes a repeated request write once.",
        (),
        ("text", "mentions"),
        ref("Message"),
    ),
    ("get", f"{HERE}/draft"): ("What you have typed and not sent.", (), (), ref("Draft")),
    ("put", f"{HERE}/draft"): (
        'Keep what you have typed: reply, note or both; "" removes. The last one written stays.',
        (),
        ("reply", "note"),
        ref("Draft"),
    ),
    ("delete", f"{HERE}/draft"): ("Remove your drafts.", (), (), ref("Draft")),
    ("put", f"{HERE}/read"): (
        "You have read up to message_id (it never goes back); your mentions here are seen. "
        "Answers 204.",
        (),
        ("message_id",),
        {"type": "null"},
    ),
    ("get", "/mentions"): (
        "Notes that name you, the latest first.",
        ("unseen", "limit", "cursor"),
        (),
        page("Mention"),
    ),
}
SCHEMAS: dict[str, Json] = {
    "Draft": object_of(reply=TEXT, note=TEXT, updated_at=MAYBE_INSTANT),
    "Mention": object_of(
        id=NUMBER,
        message_id=NUMBER,
        conversation_id=NUMBER,
        contact=PERSON,
        by=PERSON,
        text=TEXT,
        created_at=INSTANT,
        seen_at=MAYBE_INSTANT,
    ),
}
