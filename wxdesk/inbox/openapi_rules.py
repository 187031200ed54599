"""The part of the OpenAPI document about auto-reply rules and their dry runs."""

from __future__ import annotations

from wxdesk.inbox.openapi_schemas import (
    FLAG,
    INSTANT,
    MAYBE_INSTANT,
    MAYBE_NUMBER,
    MAYBE_TEXT,
    NUMBER,
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
FIELDS = (
    "name",
    "trigger",
    "match",
    "patterns",
    "exclusions",
    "conditions",
    "reply_text",
    "reply_kind",
    "reply_content",
    "attachment_id",
    "reply_weight",
    "more_replies",
    "limits",
    "passes_on",
    "answers_attended",
    "waiting_minutes",
    "priority",
    "is_active",
)
KINDS: Json = {"enum": ["text", "image", "voice", "video", "news", "miniprogrampage", "msgmenu"]}
CONTENT: Json = {"type": ["object", "null"]}

OPERATIONS: dict[tuple[str, str], Operation] = {
    ("get", "/rules"): ("Auto-reply rules.", ("account", *PAGING), (), page("Rule")),
    ("post", "/rules"): (
        "A new rule; account is a slug. is_active only with a confirmed dry run that catches the "
        "same (dry_run_id, or the latest): else 409 with needs=dry_run, and nothing is stored.",
        (),
        ("account", *FIELDS, "dry_run_id"),
        ref("Rule"),
    ),
    ("post", "/rules/files"): (
        "A file that a rule answers with (multipart/form-data: account, file).",
        (),
        ("account", "file"),
        ref("Attachment"),
    ),
    ("get", "/rules/{rule_id}"): ("One rule.", (), (), ref("Rule")),
    ("patch", "/rules/{rule_id}"): (
        "Change the named fields; any change makes a version. Switching on, and changing what an "
        "active rule catches, needs a confirmed dry run, as for a new one. Where the account asks "
        "for approval: 403, or 409 with needs=approval; `version` says there which one is switched "
        "on, and elsewhere may (409 with needs=look when the rule was changed since).",
        (),
        (*FIELDS, "dry_run_id", "version"),
        ref("Rule"),
    ),
    ("post", "/rules/dry-run"): (
        "What a rule would have answered in the last days (1 to 90, usually 7): rule_id with the "
        "fields that differ, or account with a rule's fields. 200 with the result when it is there "
        "within 3 seconds, else 202: ask GET /rules/dry-runs/{run_id} again.",
        (),
        ("rule_id", "account", *FIELDS, "days"),
        ref("DryRun"),
    ),
    ("get", "/rules/dry-runs/{run_id}"): ("One dry run.", (), (), ref("DryRun")),
    ("post", "/rules/dry-runs/{run_id}/confirm"): (
        "Somebody has seen the result: a rule that catches the same can be switched on.",
        (),
        (),
        ref("DryRun"),
    ),
}

GROUP = object_of(message_id=NUMBER, count=NUMBER)
BY_RULE = list_of(object_of(rule_id=NUMBER, count=NUMBER))

SCHEMAS: dict[str, Json] = {
    "Rule": object_of(
        id=NUMBER,
        account=TEXT,
        name=TEXT,
        trigger={
            "enum": [
                "text",
                "follow",
                "scan",
                "menu_click",
                "menu_tap",
                "first_message",
                "out_of_hours",
                "nobody_online",
                "waiting",
            ]
        },
        match={"enum": ["exact", "contains", "all_words", "any_words", "regex"]},
        patterns=list_of(TEXT),
        exclusions=list_of(TEXT),
        conditions=object_of(
            starts_at=INSTANT,
            ends_at=INSTANT,
            weekdays=list_of(NUMBER),
            minutes_from=NUMBER,
            minutes_until=NUMBER,
            contact_tag_ids=list_of(NUMBER),
            newness={"enum": ["any", "new", "returning"]},
            qr_scenes=list_of(TEXT),
        ),
        reply_text=TEXT,
        reply_kind=KINDS,
        reply_content=CONTENT,
        attachment_id=MAYBE_NUMBER,
        reply_weight=NUMBER,
        more_replies=list_of(
            object_of(
                outcome=TEXT,
                weight=NUMBER,
                kind=KINDS,
                text=TEXT,
                fields=CONTENT,
                attachment_id=MAYBE_NUMBER,
            )
        ),
        limits=object_of(
            per_person=NUMBER,
            per_person_seconds=NUMBER,
            total=NUMBER,
            per_minute=NUMBER,
            when_over={"enum": ["person", "quiet", "reply"]},
        ),
        passes_on=FLAG,
        answers_attended=FLAG,
        waiting_minutes=MAYBE_NUMBER,
        priority=NUMBER,
        is_active=FLAG,
        campaign_id=MAYBE_NUMBER,
        version=NUMBER,
        updated_at=INSTANT,
        updated_by=MAYBE_TEXT,
        archived_at=MAYBE_INSTANT,
    ),
    "DryRun": object_of(
        id=NUMBER,
        state={"enum": ["waiting", "running", "done", "failed"]},
        rule_id=MAYBE_NUMBER,
        digest=TEXT,
        days=NUMBER,
        scanned=NUMBER,
        total=NUMBER,
        is_cut=FLAG,
        result=maybe(
            object_of(
                caught=NUMBER,
                answered=NUMBER,
                speech=object_of(answered=NUMBER, beaten=NUMBER, attended=NUMBER, over=NUMBER),
                became=object_of(rule=NUMBER, person=NUMBER, nobody=NUMBER, other=NUMBER),
                people=NUMBER,
                wrong=NUMBER,
                days=list_of(object_of(day=TEXT, answered=NUMBER, wrong=NUMBER)),
                beaten_by=BY_RULE,
                taken_from=BY_RULE,
                common=list_of(GROUP),
                rare=list_of(GROUP),
                wrong_groups=list_of(GROUP),
            )
        ),
        created_at=INSTANT,
        finished_at=MAYBE_INSTANT,
        confirmed_at=MAYBE_INSTANT,
    ),
}
