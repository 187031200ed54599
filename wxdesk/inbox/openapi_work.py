"""The part of the OpenAPI document about presence in a conversation, undo and bulk actions."""

from __future__ import annotations

from wxdesk.inbox.openapi_schemas import (
    INSTANT,
    MAYBE_INSTANT,
    MAYBE_TEXT,
    NUMBER,
    PERSON,
    TEXT,
    Json,
    Operation,
    list_of,
    object_of,
    page,
    ref,
)

RUN = "/bulk-actions/{run_id}"
ACTIONS = ["resolve", "snooze", "assign", "tag", "priority", "spam", "reply"]

OPERATIONS: dict[tuple[str, str], Operation] = {
    ("put", "/conversations/{conversation_id}/here"): (
        "Say every 10 s that this browser tab has the conversation open. doing: viewing, typing "
        "(seen for 10 s) or left; tab: 1 to 40 letters, digits or hyphens. Answers with who else "
        "is there. Topic here:<id> when others see a change.",
        (),
        ("tab", "doing"),
        ref("Here"),
    ),
    ("post", "/messages/{message_id}/undo"): (
        "Take back an answer of one's own (supervisors: anybody's) before undo_until, with all its "
        "parts and with what it did to the conversation, unless something has happened since. "
        "409 when it has left. The Idempotency-Key of an undone answer stays used: a retried "
        "request gives the undone message and sends nothing.",
        (),
        (),
        ref("Message"),
    ),
    ("post", "/bulk-actions"): (
        "One action on many conversations: those named in ids (1,000 at most), or all that the "
        "filters in query find (as of GET /conversations; 10,000 at most). dry_run: true only "
        "counts, and answers BulkCount (by: who can be answered, for reply; who waits, for resolve "
        "and snooze). Else starts a run, once for each Idempotency-Key, 201. "
        "Arguments: resolve {even_waiting}, snooze {until, even_waiting}, assign {assignee, team}, "
        "tag {add, remove}, priority {priority}, spam {is_spam}, reply {text, hold}. Where a "
        "customer waits for an answer nothing is resolved or snoozed unless even_waiting is true; "
        "where somebody has written since the start nothing is resolved, snoozed or answered.",
        (),
        ("action", "arguments", "ids", "query", "dry_run"),
        ref("BulkRun"),
    ),
    ("get", "/bulk-actions"): (
        "One's own runs, the newest first; supervisors see everybody's. Kept for 90 days.",
        ("limit", "cursor"),
        (),
        page("BulkRun"),
    ),
    ("get", RUN): ("One run; topic bulk:<id> when it moves.", (), (), ref("BulkRun")),
    ("get", f"{RUN}/rows"): (
        "What became of each conversation; state: waiting, done, skipped or failed.",
        ("state", "limit", "cursor"),
        (),
        page("BulkRow"),
    ),
    ("post", f"{RUN}/pause"): ("Stop after the conversation in hand.", (), (), ref("BulkRun")),
    ("post", f"{RUN}/resume"): ("Go on where it was paused.", (), (), ref("BulkRun")),
    ("post", f"{RUN}/cancel"): ("What is not done stays as it is.", (), (), ref("BulkRun")),
    ("post", f"{RUN}/retry"): (
        "Do again what failed, once the run is done; with conversation_id only that one.",
        (),
        ("conversation_id",),
        ref("BulkRun"),
    ),
}
SCHEMAS: dict[str, Json] = {
    "Here": object_of(
        here=list_of(object_of(id=NUMBER, name=TEXT, doing={"enum": ["viewing", "typing"]}))
    ),
    "BulkRun": object_of(
        id=NUMBER,
        action={"enum": ACTIONS},
        arguments={"type": "object"},
        query={"type": ["object", "null"]},
        state={"enum": ["collecting", "running", "paused", "done", "cancelled"]},
        total=NUMBER,
        waiting=NUMBER,
        done=NUMBER,
        skipped=NUMBER,
        failed=NUMBER,
        agent=PERSON,
        created_at=INSTANT,
        ended_at=MAYBE_INSTANT,
    ),
    "BulkCount": object_of(
        count=NUMBER,
        most=NUMBER,
        waiting=NUMBER,
        by=object_of(reachable=NUMBER, window_closed=NUMBER, quota_gone=NUMBER, unreachable=NUMBER),
        sample=list_of(TEXT),
    ),
    "BulkRow": object_of(
        conversation_id=NUMBER,
        contact=PERSON,
        state={"enum": ["waiting", "done", "skipped", "failed"]},
        error=MAYBE_TEXT,
        settled_at=MAYBE_INSTANT,
    ),
}
