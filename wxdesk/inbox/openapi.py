"""The OpenAPI document of /api/v1; a test holds it against the routes of the app."""

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


def _object(**properties: Json) -> Json:
    return {"type": "object", "properties": properties}


def _maybe(schema: Json) -> Json:
    return {"anyOf": [schema, {"type": "null"}]}


def _list_of(schema: Json) -> Json:
    return {"type": "array", "items": schema}


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _page(name: str) -> Json:
    return _object(items=_list_of(_ref(name)), next_cursor=MAYBE_TEXT)


PERSON = _object(id=NUMBER, name=TEXT)
CLOCK = _maybe(_object(deadline_at=INSTANT, met_at=MAYBE_INSTANT, breached_at=MAYBE_INSTANT))
SENDER = _object(kind={"enum": ["customer", "agent", "rule"]}, id=MAYBE_NUMBER, name=TEXT)

SCHEMAS: dict[str, Json] = {
    "Message": _object(
        id=NUMBER,
        conversation_id=MAYBE_NUMBER,
        account=TEXT,
        openid=TEXT,
        direction={"enum": ["incoming", "outgoing"]},
        kind=TEXT,
        text=TEXT,
        payload={"type": ["object", "null"]},
        wechat_msg_id=MAYBE_TEXT,
        idempotency_key=MAYBE_TEXT,
        sender=SENDER,
        delivery={"enum": ["queued", "sending", "sent", "failed", "unconfirmed", None]},
        error=_maybe(_object(code=TEXT, reason=TEXT)),
        rule=_maybe(_object(id=NUMBER, name=TEXT, version=NUMBER, matched=TEXT)),
        place={"enum": ["conversation", "auto_answered", "set_aside", None]},
        created_at=INSTANT,
        received_at=INSTANT,
    ),
    "Conversation": _object(
        id=NUMBER,
        account=TEXT,
        account_name=TEXT,
        openid=TEXT,
        contact=PERSON,
        status={"enum": ["open", "pending", "snoozed", "resolved"]},
        priority={"enum": ["urgent", "high", "normal", "low"]},
        assignee=_maybe(PERSON),
        waiting_since=MAYBE_INSTANT,
        deadlines=_object(
            first_response=MAYBE_INSTANT, next_response=MAYBE_INSTANT, resolution=MAYBE_INSTANT
        ),
        clocks=_object(first_response=CLOCK, next_response=CLOCK, resolution=CLOCK),
        due_at=MAYBE_INSTANT,
        is_breached=FLAG,
        reply_window=_object(closes_at=MAYBE_INSTANT, remaining=NUMBER),
        tags=_list_of(TEXT),
        version=NUMBER,
        last_message=_maybe(
            _object(
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
    "Thread": _object(
        items=_list_of(_ref("Message")), next_cursor=MAYBE_TEXT, last_message_id=NUMBER
    ),
    "Rule": _object(
        id=NUMBER,
        account=TEXT,
        name=TEXT,
        match={"enum": ["exact", "contains", "regex"]},
        patterns=_list_of(TEXT),
        reply_text=TEXT,
        priority=NUMBER,
        is_active=FLAG,
        version=NUMBER,
        updated_at=INSTANT,
        updated_by=MAYBE_TEXT,
    ),
    "Accounting": _object(
        accepted=NUMBER,
        duplicates=NUMBER,
        queued={"type": "object", "additionalProperties": NUMBER},
        spooled=NUMBER,
        auto_answered=NUMBER,
        in_conversation=NUMBER,
        set_aside={"type": "object", "additionalProperties": NUMBER},
        difference=NUMBER,
        is_balanced=FLAG,
    ),
    "Counts": _object(
        now=INSTANT,
        mine=NUMBER,
        unassigned=NUMBER,
        all=NUMBER,
        breached=NUMBER,
        due_soon=NUMBER,
        resolved_today=NUMBER,
    ),
    "Me": _object(id=NUMBER, name=TEXT, email=TEXT, role=TEXT, locale=TEXT),
    "Problem": _object(type=TEXT, title=TEXT, status=NUMBER, detail=TEXT, field=TEXT),
}

PAGING = ("limit", "cursor")
NOT_BUILT = "Not in this version yet: answers 501."

# method and path -> what it does, query arguments, fields of the JSON body, answer
Operation = tuple[str, tuple[str, ...], tuple[str, ...], Json]
OPERATIONS: dict[tuple[str, str], Operation] = {
    ("get", "/me"): ("Who this token or session belongs to.", (), (), _ref("Me")),
    ("get", "/inbox/counts"): ("Sizes of the inbox's views.", (), (), _ref("Counts")),
    ("get", "/conversations"): (
        "Conversations; order=deadline is the inbox.",
        ("status", "assignee", "account", "openid", "breached", "order", *PAGING),
        (),
        _page("Conversation"),
    ),
    ("get", "/conversations/{conversation_id}"): (
        "One conversation.",
        (),
        (),
        _ref("Conversation"),
    ),
    ("get", "/conversations/{conversation_id}/thread"): (
        "The customer's whole history, newest page first, each page oldest first.",
        PAGING,
        (),
        _ref("Thread"),
    ),
    ("post", "/conversations/{conversation_id}/messages"): (
        "Answer. 409 with newer_messages when somebody wrote after last_seen_message_id. "
        "The header Idempotency-Key makes a repeated request send once.",
        (),
        ("text", "last_seen_message_id"),
        _ref("Message"),
    ),
    ("post", "/conversations/{conversation_id}/assign"): (
        "assignee: me, an agent's id, or null; take_over: also from a colleague.",
        (),
        ("assignee", "take_over"),
        _ref("Conversation"),
    ),
    ("post", "/conversations/{conversation_id}/resolve"): (
        "End the conversation; with last_seen_message_id 409 when somebody wrote after it.",
        (),
        ("last_seen_message_id",),
        _ref("Conversation"),
    ),
    ("post", "/conversations/{conversation_id}/reopen"): (
        "Open a resolved conversation again.",
        (),
        (),
        _ref("Conversation"),
    ),
    ("post", "/conversations/next"): (
        "Claim the most urgent unassigned conversation; 204 when none waits.",
        (),
        (),
        _ref("Conversation"),
    ),
    ("get", "/messages"): (
        "Messages in the order in which they were recorded.",
        ("account", "openid", "conversation_id", "direction", "since_id", *PAGING),
        (),
        _page("Message"),
    ),
    ("get", "/rules"): ("Auto-reply rules.", ("account", *PAGING), (), _page("Rule")),
    ("post", "/rules"): (
        "A new rule; account is a slug.",
        (),
        ("account", "name", "match", "patterns", "reply_text", "priority", "is_active"),
        _ref("Rule"),
    ),
    ("patch", "/rules/{rule_id}"): (
        "Change the named fields; any change makes a version.",
        (),
        ("name", "match", "patterns", "reply_text", "priority", "is_active"),
        _ref("Rule"),
    ),
    ("get", "/accounting"): (
        "Every inbound message in exactly one place.",
        (),
        (),
        _ref("Accounting"),
    ),
    ("get", "/openapi.json"): ("This document.", (), (), {"type": "object"}),
} | {
    key: (NOT_BUILT, (), (), _ref("Problem"))
    for key in (
        ("post", "/conversations/{conversation_id}/snooze"),
        ("post", "/conversations/{conversation_id}/notes"),
        ("post", "/conversations/{conversation_id}/tags"),
        ("post", "/rules/dry-run"),
        ("get", "/campaigns"),
        ("post", "/campaigns"),
        ("patch", "/campaigns/{campaign_id}"),
        ("post", "/corrections"),
        ("get", "/reports/{name}"),
        ("get", "/surge"),
    )
}


def document() -> Json:
    """The whole OpenAPI 3.1 document."""
    paths: dict[str, Json] = {}
    for (method, path), operation in OPERATIONS.items():
        paths.setdefault(path, {})[method] = _operation(path, operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "wxdesk", "version": "1"},
        "servers": [{"url": "/api/v1"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(path: str, operation: Operation) -> Json:
    summary, arguments, fields, answer = operation
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": TEXT} for name in names
    ] + [{"name": name, "in": "query", "schema": TEXT} for name in arguments]
    found: Json = {
        "summary": summary,
        "parameters": parameters,
        "responses": _responses(summary, answer),
    }
    if fields:
        schema = _object(**{name: {} for name in fields})
        found["requestBody"] = {"content": {"application/json": {"schema": schema}}}
    return found


def _responses(summary: str, answer: Json) -> Json:
    problem = {
        "description": "what is wrong, and at which field",
        "content": {"application/problem+json": {"schema": _ref("Problem")}},
    }
    if summary == NOT_BUILT:
        return {"501": problem}
    good = {"description": summary, "content": {"application/json": {"schema": answer}}}
    return {"200": good, "default": problem}
