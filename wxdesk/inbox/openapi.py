"""The OpenAPI document of /api/v1; a test holds it against the routes of the app."""

from __future__ import annotations

from wxdesk.inbox import (
    openapi_agents,
    openapi_broadcasts,
    openapi_campaigns,
    openapi_corrections,
    openapi_lifecycle,
    openapi_reports,
    openapi_rules,
    openapi_search,
    openapi_settings,
    openapi_work,
)
from wxdesk.inbox.openapi_schemas import (
    CORE_SCHEMAS,
    TEXT,
    Json,
    Operation,
    object_of,
    page,
    ref,
)

AREAS = (
    openapi_agents,
    openapi_campaigns,
    openapi_broadcasts,
    openapi_corrections,
    openapi_lifecycle,
    openapi_reports,
    openapi_rules,
    openapi_search,
    openapi_settings,
    openapi_work,
)

PAGING = ("limit", "cursor")
NOT_BUILT = "Not in this version yet: answers 501."

CORE: dict[tuple[str, str], Operation] = {
    ("get", "/conversations/{conversation_id}"): (
        "One conversation.",
        (),
        (),
        ref("Conversation"),
    ),
    ("post", "/conversations/{conversation_id}/messages"): (
        "Answer. 409 with newer_messages when somebody wrote after last_seen_message_id. "
        "The header Idempotency-Key makes a repeated request send once. For undo_seconds (0 to 10) "
        "it can be taken back; then ({resolve: true}, {pending: true} or {snooze_until: time or "
        "null}) is done in the same transaction.",
        (),
        (
            "kind",
            "text",
            "last_seen_message_id",
            "attachment_id",
            "title",
            "description",
            "url",
            "picture_url",
            "app_id",
            "page_path",
            "head",
            "choices",
            "tail",
            "template_id",
            "data",
            "allow_split",
            "hold",
            "undo_seconds",
            "then",
        ),
        ref("Message"),
    ),
    ("post", "/messages/{message_id}/withdraw"): (
        "Take back an answer that waits for the customer.",
        (),
        (),
        ref("Message"),
    ),
    ("post", "/messages/{message_id}/retry"): (
        "Send a failed answer again, or hold it; an unconfirmed one may arrive twice.",
        (),
        (),
        ref("Message"),
    ),
    ("get", "/messages"): (
        "Messages in the order in which they were recorded.",
        ("account", "openid", "conversation_id", "direction", "since_id", *PAGING),
        (),
        page("Message"),
    ),
    ("get", "/accounting"): (
        "Every inbound message in exactly one place.",
        (),
        (),
        ref("Accounting"),
    ),
    ("get", "/accounts"): (
        "Official accounts, without secrets: capabilities, problems, used-up quotas.",
        PAGING,
        (),
        page("Account"),
    ),
    ("get", "/accounts/{slug}/templates"): (
        "Template messages and subscription notices that the account may send.",
        (),
        (),
        page("Template"),
    ),
    ("get", "/contacts/{contact_id}"): ("One customer.", (), (), ref("Contact")),
    ("patch", "/contacts/{contact_id}"): (
        "Change the remark or the blacklist; WeChat is told within seconds.",
        (),
        ("remark", "is_blacklisted"),
        ref("Contact"),
    ),
    ("put", "/contacts/{contact_id}/tags"): (
        "The customer has these tags and no others; new ones are made.",
        (),
        ("tags",),
        ref("Contact"),
    ),
    ("post", "/contacts/{contact_id}/forget"): (
        "Remove everything of the customer, for ever; confirm must be true.",
        (),
        ("confirm",),
        ref("Forgotten"),
    ),
    ("get", "/accounts/{slug}/tags"): ("The tags of an account.", (), (), page("Tag")),
    ("post", "/conversations/{conversation_id}/attachments"): (
        "Keep a file for an answer: multipart/form-data with one part named file, at most 11 MB. "
        "Answers 201; 422 when WeChat would not take it. Removed if not sent within a day.",
        (),
        ("file",),
        ref("Attachment"),
    ),
    ("post", "/attachments/{file_id}/retry"): (
        "Fetch a customer's file again; 409 when that could change nothing.",
        (),
        (),
        ref("Attachment"),
    ),
    ("get", "/openapi.json"): ("This document.", (), (), {"type": "object"}),
} | {
    key: (NOT_BUILT, (), (), ref("Problem"))
    for key in (
        ("post", "/corrections"),
        ("get", "/surge"),
    )
}

OPERATIONS = CORE | {key: it for area in AREAS for key, it in area.OPERATIONS.items()}
SCHEMAS = CORE_SCHEMAS | {name: it for area in AREAS for name, it in area.SCHEMAS.items()}


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
        schema = object_of(**{name: {} for name in fields})
        found["requestBody"] = {"content": {"application/json": {"schema": schema}}}
    return found


def _responses(summary: str, answer: Json) -> Json:
    problem = {
        "description": "what is wrong, and at which field",
        "content": {"application/problem+json": {"schema": ref("Problem")}},
    }
    if summary == NOT_BUILT:
        return {"501": problem}
    good = {"description": summary, "content": {"application/json": {"schema": answer}}}
    return {"200": good, "default": problem}
