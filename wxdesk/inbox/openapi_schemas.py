"""The shapes of the JSON API, for the OpenAPI document (inbox/openapi.py)."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

TEXT: Json = {"type": "string"}
NUMBER: Json = {"type": "integer"}
FLAG: Json = {"type": "boolean"}
INSTANT: Json = {"type": "string", "format": "date-time"}
MAYBE_TEXT: Json = {"type": ["string", "null"]}
MAYBE_NUMBER: Json = {"type": ["integer", "null"]}
MAYBE_INSTANT: Json = {"type": ["string", "null"], "format": "date-time"}


def object_of(**properties: Json) -> Json:
    return {"type": "object", "properties": properties}


def maybe(schema: Json) -> Json:
    return {"anyOf": [schema, {"type": "null"}]}


def list_of(schema: Json) -> Json:
    return {"type": "array", "items": schema}


def ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def page(name: str) -> Json:
    return object_of(items=list_of(ref(name)), next_cursor=MAYBE_TEXT)


PERSON = object_of(id=NUMBER, name=TEXT)
CLOCK = maybe(
    object_of(
        state={"enum": ["running", "paused", "met", "stopped"]},
        started_at=MAYBE_INSTANT,
        deadline_at=MAYBE_INSTANT,
        met_at=MAYBE_INSTANT,
        breached_at=MAYBE_INSTANT,
        warn_at=MAYBE_INSTANT,
        remaining_seconds=MAYBE_NUMBER,
        policy=maybe(object_of(id=NUMBER, name=TEXT, version=NUMBER)),
    )
)
SENDER = object_of(
    kind={"enum": ["customer", "agent", "rule", "system"]}, id=MAYBE_NUMBER, name=TEXT
)

# what it does, query arguments, fields of the JSON body, answer
Operation = tuple[str, tuple[str, ...], tuple[str, ...], Json]

CORE_SCHEMAS: dict[str, Json] = {
    "Message": object_of(
        id=NUMBER,
        conversation_id=MAYBE_NUMBER,
        account=TEXT,
        openid=TEXT,
        direction={"enum": ["incoming", "outgoing", "internal"]},
        kind=TEXT,
        text=TEXT,
        content={"type": ["object", "null"]},
        attachments=list_of(ref("Attachment")),
        payload={"type": ["object", "null"]},
        wechat_msg_id=MAYBE_TEXT,
        idempotency_key=MAYBE_TEXT,
        sender=SENDER,
        delivery={
            "enum": [
                "queued",
                "sending",
                "sent",
                "failed",
                "unconfirmed",
                "held",
                "withdrawn",
                None,
            ]
        },
        sent_by={"enum": ["customer_service", "passive", "template", None]},
        part=maybe(object_of(number=NUMBER, of=NUMBER)),
        error=maybe(object_of(code=TEXT, reason=TEXT, advice=TEXT, rid=MAYBE_TEXT, may_retry=FLAG)),
        rule=maybe(
            object_of(id=NUMBER, name=TEXT, version=NUMBER, matched=MAYBE_TEXT, outcome=MAYBE_TEXT)
        ),
        source={"enum": ["correction", "broadcast", "campaign", None]},
        undo_until=MAYBE_INSTANT,
        is_undone=FLAG,
        place={"enum": ["conversation", "auto_answered", "set_aside", None]},
        created_at=INSTANT,
        received_at=INSTANT,
        sent_at=MAYBE_INSTANT,
    ),
    "Attachment": object_of(
        id=NUMBER,
        role={"enum": ["content", "thumbnail", "wideband"]},
        state={"enum": ["waiting", "fetching", "ready", "failed", "gone"]},
        kind={"enum": ["image", "voice", "video", "file"]},
        content_type=MAYBE_TEXT,
        size_bytes=MAYBE_NUMBER,
        file_name=MAYBE_TEXT,
        width=MAYBE_NUMBER,
        height=MAYBE_NUMBER,
        duration_seconds={"type": ["number", "null"]},
        waveform={"type": ["array", "null"], "items": NUMBER},
        url=MAYBE_TEXT,
        play_url=MAYBE_TEXT,
        thumbnail_url=MAYBE_TEXT,
        error=maybe(object_of(code=TEXT, reason=TEXT)),
        may_retry=FLAG,
        next_attempt_at=MAYBE_INSTANT,
    ),
    "Conversation": object_of(
        id=NUMBER,
        account=TEXT,
        account_name=TEXT,
        openid=TEXT,
        contact=ref("Contact"),
        status={"enum": ["open", "pending", "snoozed", "resolved"]},
        priority={"enum": ["urgent", "high", "normal", "low"]},
        assignee=maybe(PERSON),
        team=maybe(PERSON),
        assigned_at=MAYBE_INSTANT,
        returned=maybe(
            object_of(reason={"enum": ["offline", "silent", "deactivated"]}, **{"from": PERSON})
        ),
        wait_reason={"enum": ["manual", "out_of_hours", "nobody_online", "at_capacity", None]},
        snoozed_until=MAYBE_INSTANT,
        is_spam=FLAG,
        merged_into=MAYBE_NUMBER,
        waiting_since=MAYBE_INSTANT,
        deadlines=object_of(
            first_response=MAYBE_INSTANT, next_response=MAYBE_INSTANT, resolution=MAYBE_INSTANT
        ),
        clocks=object_of(first_response=CLOCK, next_response=CLOCK, resolution=CLOCK),
        due_at=MAYBE_INSTANT,
        is_breached=FLAG,
        is_closing_soon=FLAG,
        reply_window=object_of(
            closes_at=MAYBE_INSTANT,
            remaining=NUMBER,
            act={"enum": ["message", "click", "scan", "follow", None]},
            opened_at=MAYBE_INSTANT,
            quota=MAYBE_NUMBER,
            used=MAYBE_NUMBER,
            closed_by=MAYBE_TEXT,
            kept_for_people=NUMBER,
        ),
        ways=list_of({"enum": ["send", "hold", "template"]}),
        cannot_send=MAYBE_TEXT,
        passive_only=FLAG,
        can_attach=FLAG,
        held=NUMBER,
        tags=list_of(TEXT),
        has_draft=FLAG,
        is_unread=FLAG,
        here=list_of(object_of(id=NUMBER, name=TEXT, doing={"enum": ["viewing", "typing"]})),
        rating=maybe(
            object_of(
                state={"enum": ["asked", "rated", "expired"]},
                score=MAYBE_NUMBER,
                comment=TEXT,
                asked_at=INSTANT,
                rated_at=MAYBE_INSTANT,
            )
        ),
        version=NUMBER,
        last_message=maybe(
            object_of(
                id=NUMBER,
                direction=TEXT,
                kind=TEXT,
                text=TEXT,
                sender=SENDER,
                received_at=INSTANT,
            )
        ),
        opened_at=INSTANT,
        resolved_at=MAYBE_INSTANT,
    ),
    "Account": object_of(
        id=NUMBER,
        slug=TEXT,
        name=TEXT,
        type={"enum": ["service", "subscription"]},
        is_verified=FLAG,
        mode={"enum": ["plain", "compat", "safe"]},
        capabilities=list_of(TEXT),
        problem=maybe(object_of(code=TEXT, reason=TEXT, advice=TEXT, at=INSTANT)),
        quota=maybe(object_of(used_up=list_of(object_of(path=TEXT, until=INSTANT)))),
    ),
    "Template": object_of(
        id=TEXT,
        kind={"enum": ["template", "subscription"]},
        title=TEXT,
        content=TEXT,
        example=TEXT,
        fields=list_of(TEXT),
    ),
    "Accounting": object_of(
        accepted=NUMBER,
        duplicates=NUMBER,
        queued={"type": "object", "additionalProperties": NUMBER},
        spooled=NUMBER,
        auto_answered=NUMBER,
        in_conversation=NUMBER,
        forgotten=NUMBER,
        set_aside={"type": "object", "additionalProperties": NUMBER},
        difference=NUMBER,
        is_balanced=FLAG,
    ),
    "Contact": object_of(
        id=NUMBER,
        account=TEXT,
        openid=TEXT,
        name=TEXT,
        remark=TEXT,
        remark_state={"enum": ["synced", "pending", "failed"]},
        blacklist_state={"enum": ["synced", "pending", "failed"]},
        sync_error=MAYBE_TEXT,
        sync_note=MAYBE_TEXT,
        is_following=FLAG,
        is_blacklisted=FLAG,
        is_forgotten=FLAG,
        tags=list_of(
            object_of(
                id=NUMBER,
                name=TEXT,
                state={"enum": ["synced", "adding", "failed"]},
                error=MAYBE_TEXT,
            )
        ),
        followed_at=MAYBE_INSTANT,
        unfollowed_at=MAYBE_INSTANT,
        follow_source=TEXT,
        qr_scene=TEXT,
        unionid=MAYBE_TEXT,
        linked=list_of(
            object_of(
                contact_id=NUMBER,
                name=TEXT,
                account=TEXT,
                account_name=TEXT,
                conversation_id=MAYBE_NUMBER,
            )
        ),
        first_seen_at=INSTANT,
        last_seen_at=INSTANT,
    ),
    "Forgotten": object_of(
        id=NUMBER,
        is_forgotten=FLAG,
        policy={"enum": ["anonymise", "delete"]},
        forgotten_at=INSTANT,
    ),
    "Tag": object_of(id=NUMBER, name=TEXT, count=NUMBER),
    "Problem": object_of(type=TEXT, title=TEXT, status=NUMBER, detail=TEXT, field=TEXT),
}
