"""The part of the OpenAPI document about corrections."""

from __future__ import annotations

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

CHOICE = (
    "rule_id",
    "campaign_id",
    "versions",
    "outcomes",
    "sent_from",
    "sent_until",
    "name",
    "text",
    "per_minute",
    "skips_helped",
    "dry_run",
)
REACH = object_of(
    now=NUMBER,
    window_closed=NUMBER,
    quota_gone=NUMBER,
    unfollowed=NUMBER,
    helped=NUMBER,
    blocked=NUMBER,
)
COUNTS = object_of(
    listed=NUMBER,
    queued=NUMBER,
    sent=NUMBER,
    waits=NUMBER,
    failed=NUMBER,
    unconfirmed=NUMBER,
    left_out=NUMBER,
)
ONE = "/corrections/{correction_id}"

OPERATIONS: dict[tuple[str, str], Operation] = {
    ("get", "/corrections"): (
        "Corrections, the newest first.",
        ("account_id", "limit", "cursor"),
        (),
        page("Correction"),
    ),
    ("post", "/corrections"): (
        "List everybody who got an answer of a rule (or of a campaign's rules): these versions, "
        "these replies (outcomes), from sent_from on, before sent_until; empty lists mean all. "
        "dry_run=true only counts them and stores nothing. Nothing is sent before begin. "
        "The header Idempotency-Key makes a repeated request list them once.",
        (),
        CHOICE,
        ref("Correction"),
    ),
    ("get", ONE): ("One correction.", (), (), ref("Correction")),
    ("patch", ONE): (
        "Change name, text, rate (people a minute) or whether who was helped by a person is left "
        "out, until it has begun. 409 when version is not the one that was read. Takes back an "
        "approval.",
        (),
        ("name", "text", "per_minute", "skips_helped", "version"),
        ref("Correction"),
    ),
    ("get", f"{ONE}/recipients"): (
        "Each person, by contact; reach is as of now for who is listed, else as of the sending.",
        ("state", "reach", "limit", "cursor"),
        (),
        page("CorrectionRecipient"),
    ),
    ("get", f"{ONE}/report"): (
        "How many got it, how fast it was stopped, how many were corrected by when.",
        (),
        (),
        ref("CorrectionReport"),
    ),
    ("post", f"{ONE}/ask-approval"): (
        "Tell those who may approve that it waits for them.",
        (),
        (),
        ref("Correction"),
    ),
    ("post", f"{ONE}/approve"): (
        "Agree to this version; 409 for whoever wrote it, and when it is another by now.",
        (),
        ("version",),
        ref("Correction"),
    ),
    ("post", f"{ONE}/begin"): (
        "Start sending; 409 while the account asks for an approval that is missing.",
        (),
        ("version",),
        ref("Correction"),
    ),
    ("post", f"{ONE}/pause"): (
        "What has not left is taken back until it is resumed.",
        (),
        (),
        ref("Correction"),
    ),
    ("post", f"{ONE}/resume"): ("Go on with the others.", (), (), ref("Correction")),
    ("post", f"{ONE}/cancel"): (
        "Nobody else gets it, not even when they write next.",
        (),
        (),
        ref("Correction"),
    ),
    ("post", f"{ONE}/retry"): (
        "Send again what failed, to all or to one contact; with unconfirmed=true also what may "
        "have arrived already.",
        (),
        ("contact_id", "unconfirmed"),
        ref("Correction"),
    ),
}

SCHEMAS: dict[str, Json] = {
    "Correction": object_of(
        id=NUMBER,
        name=TEXT,
        account_id=NUMBER,
        rule_id=MAYBE_NUMBER,
        campaign_id=MAYBE_NUMBER,
        rule_ids=list_of(NUMBER),
        versions=list_of(NUMBER),
        outcomes=list_of(TEXT),
        sent_from=INSTANT,
        sent_until=INSTANT,
        state={"enum": ["collecting", "ready", "sending", "paused", "done", "cancelled"]},
        text=TEXT,
        per_minute=NUMBER,
        skips_helped=FLAG,
        needs_approval=FLAG,
        version=NUMBER,
        is_rule_active=FLAG,
        wrong_answers=NUMBER,
        recipients=NUMBER,
        counts=COUNTS,
        listed=REACH,
        created_by=maybe(PERSON),
        created_at=INSTANT,
        written_by=maybe(PERSON),
        written_at=MAYBE_INSTANT,
        approved_by=maybe(PERSON),
        approved_at=MAYBE_INSTANT,
        begun_at=MAYBE_INSTANT,
        ended_at=MAYBE_INSTANT,
    ),
    "CorrectionRecipient": object_of(
        contact=PERSON,
        wrong_message_id=NUMBER,
        wrong_answers=NUMBER,
        got_at=INSTANT,
        reach={"enum": list(REACH["properties"])},
        state={"enum": list(COUNTS["properties"])},
        message_id=MAYBE_NUMBER,
        settled_at=MAYBE_INSTANT,
        error=MAYBE_TEXT,
    ),
    "CorrectionReport": object_of(
        id=NUMBER,
        wrong_answers=NUMBER,
        recipients=NUMBER,
        first_wrong_at=MAYBE_INSTANT,
        last_wrong_at=MAYBE_INSTANT,
        stopped_at=MAYBE_INSTANT,
        seconds_until_stopped=MAYBE_NUMBER,
        begun_at=MAYBE_INSTANT,
        corrected=NUMBER,
        first_corrected_at=MAYBE_INSTANT,
        half_corrected_at=MAYBE_INSTANT,
        most_corrected_at=MAYBE_INSTANT,
        last_corrected_at=MAYBE_INSTANT,
        counts=COUNTS,
        left_out=REACH,
        hours=list_of(object_of(begins=INSTANT, corrected=NUMBER, altogether=NUMBER)),
    ),
}
