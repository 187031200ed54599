"""The part of the OpenAPI document about broadcasts."""

from __future__ import annotations

from wxdesk.inbox.openapi_schemas import (
    FLAG,
    MAYBE_INSTANT,
    MAYBE_NUMBER,
    MAYBE_TEXT,
    NUMBER,
    PERSON,
    TEXT,
    Json,
    Operation,
    maybe,
    object_of,
    page,
    ref,
)

ONE = "/broadcasts/{broadcast_id}"
FIELDS = ("name", "tag_id", "content", "per_minute", "campaign_id")
KINDS = ["template", "subscription", "mass"]
STATES = [
    "draft",
    "scheduled",
    "collecting",
    "sending",
    "paused",
    "done",
    "failed",
    "unconfirmed",
    "cancelled",
]
PEOPLE = ("listed", "queued", "sent", "delivered", "failed", "unconfirmed", "left_out")

OPERATIONS: dict[tuple[str, str], Operation] = {
    ("get", "/broadcasts"): (
        "Template messages, subscription notices and mass sends, the newest first.",
        ("account", "state", "limit", "cursor"),
        (),
        page("Broadcast"),
    ),
    ("post", "/broadcasts"): (
        "A draft; nothing is sent. account is a slug; kind: template, subscription or mass; to all "
        "followers without tag_id. content of a mass send: mass_kind text (text), mpnews (media_id "
        "of an article in the draft box, title) or image (attachment_id); else template_id, data "
        "{name: value, with {{remark}}}, url. per_minute holds for templates and notices.",
        (),
        ("account", "kind", *FIELDS),
        ref("Broadcast"),
    ),
    ("get", ONE): ("One broadcast; topic broadcast:<id> when it moves.", (), (), ref("Broadcast")),
    ("patch", ONE): (
        "Change the named fields of a draft or a scheduled one, which is a draft then. 409 when it "
        "has begun.",
        (),
        FIELDS,
        ref("Broadcast"),
    ),
    ("get", f"{ONE}/people"): (
        "What became of each person of a template broadcast; state leaves only some.",
        ("state", "limit", "cursor"),
        (),
        page("BroadcastPerson"),
    ),
    ("post", f"{ONE}/dry-run"): (
        "Whom it would reach now or at send_at. left_this_month: by the mass sends that people of "
        "a service account may still get, how many people. day: WeChat's limit of that day and "
        "what is used of it. Nothing is sent.",
        (),
        ("send_at",),
        ref("BroadcastDryRun"),
    ),
    ("post", f"{ONE}/ask"): (
        "Ask those who may approve; send_at is when it is to leave.",
        (),
        ("send_at",),
        ref("Broadcast"),
    ),
    ("post", f"{ONE}/send"): (
        "Send it now, or at send_at. version is what was seen: 409 when it was changed since, or "
        "when a limit leaves nobody. Where the account wants a second person, somebody with the "
        "permission who has not written it: else 403, or 409 with needs: approval.",
        (),
        ("version", "send_at"),
        ref("Broadcast"),
    ),
    ("post", f"{ONE}/cancel"): (
        "What has not left does not leave. 409 for a mass send that WeChat has taken.",
        (),
        (),
        ref("Broadcast"),
    ),
    ("post", f"{ONE}/pause"): ("Queue no more.", (), (), ref("Broadcast")),
    ("post", f"{ONE}/resume"): ("Go on where it was paused.", (), (), ref("Broadcast")),
    ("post", f"{ONE}/retry"): (
        "Again to those who did not get it for a reason that WeChat told; unconfirmed ones never.",
        (),
        (),
        ref("Broadcast"),
    ),
}
SCHEMAS: dict[str, Json] = {
    "Broadcast": object_of(
        id=NUMBER,
        account=TEXT,
        version=NUMBER,
        state={"enum": STATES},
        kind={"enum": KINDS},
        name=TEXT,
        tag_id=MAYBE_NUMBER,
        tag=MAYBE_TEXT,
        per_minute=NUMBER,
        campaign_id=MAYBE_NUMBER,
        campaign=MAYBE_TEXT,
        content={"type": "object"},
        waits_for_approval=FLAG,
        people=object_of(**dict.fromkeys(PEOPLE, NUMBER)),
        result={"type": ["object", "null"]},
        error=MAYBE_TEXT,
        wechat_msgid=MAYBE_TEXT,
        written_by=PERSON,
        approved_by=maybe(PERSON),
        send_at=MAYBE_INSTANT,
        sent_at=MAYBE_INSTANT,
        ended_at=MAYBE_INSTANT,
    ),
    "BroadcastPerson": object_of(
        contact_id=NUMBER,
        remark=TEXT,
        state={"enum": list(PEOPLE)},
        error=MAYBE_TEXT,
        message_id=MAYBE_NUMBER,
        conversation_id=MAYBE_NUMBER,
        settled_at=MAYBE_INSTANT,
    ),
    "BroadcastDryRun": object_of(
        people=NUMBER,
        reached=NUMBER,
        exhausted=NUMBER,
        blacklisted=NUMBER,
        unfollowed=NUMBER,
        wechat_count=MAYBE_NUMBER,
        left_this_month={"type": "object"},
        day=maybe(object_of(used=NUMBER, most=NUMBER)),
    ),
}
