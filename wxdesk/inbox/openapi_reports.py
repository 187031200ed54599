"""The part of the OpenAPI document about reports and notifications."""

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
FILTERS = ("period", "from", "to", "account", "team", "agent", "tag", "hours", "compare")

OPERATIONS: dict[tuple[str, str], Operation] = {
    ("get", "/reports"): (
        "The names of all reports.",
        (),
        (),
        object_of(items=list_of(object_of(name=TEXT, title=TEXT))),
    ),
    ("get", "/reports/{name}"): (
        "One report. period: today, yesterday, 7d, 28d, 90d, month, or custom with from and to "
        "(days, both included); account, team, agent and tag are ids and may be repeated; hours: "
        "all or business; compare: 1 or 0. A value is null where there is nothing to count.",
        FILTERS,
        (),
        ref("Report"),
    ),
    ("get", "/reports/{name}/behind"): (
        "What is behind a number: send what its behind object holds, with the same filters.",
        ("figure", *FILTERS, *PAGING),
        (),
        page("ReportLine"),
    ),
    ("get", "/notifications"): (
        "One's own notifications, the newest first; unseen counts the new ones (at most 100).",
        PAGING,
        (),
        page("Notification"),
    ),
    ("get", "/notifications/unseen"): (
        "How many notifications are new, and the newest if it is.",
        (),
        (),
        object_of(unseen=NUMBER, newest=maybe(ref("Notification")), tells_browser=FLAG),
    ),
    ("post", "/notifications/seen"): (
        "All up to until_id, or the one with this id, are read; how many are still new.",
        (),
        ("until_id", "id"),
        object_of(unseen=NUMBER),
    ),
}

ANY: Json = {"type": ["string", "number", "null"]}
BEHIND = maybe({"type": "object", "additionalProperties": TEXT})

SCHEMAS: dict[str, Json] = {
    "Report": object_of(
        name=TEXT,
        title=TEXT,
        since=INSTANT,
        until=INSTANT,
        time_zone=TEXT,
        as_of=INSTANT,
        notes=list_of(TEXT),
        figures=list_of(
            object_of(
                key=TEXT,
                label=TEXT,
                definition=TEXT,
                unit=TEXT,
                value=ANY,
                before=ANY,
                behind=BEHIND,
            )
        ),
        tables=list_of(
            object_of(
                key=TEXT,
                title=TEXT,
                note=TEXT,
                columns=list_of(object_of(key=TEXT, label=TEXT, definition=TEXT, unit=TEXT)),
                rows=list_of(
                    object_of(
                        values=list_of(ANY),
                        behind={"type": "object", "additionalProperties": BEHIND},
                    )
                ),
            )
        ),
    ),
    "ReportLine": object_of(
        id=NUMBER,
        at=INSTANT,
        conversation_id=MAYBE_NUMBER,
        contact_id=NUMBER,
        remark=TEXT,
        account=TEXT,
        agent_id=MAYBE_NUMBER,
        agent=MAYBE_TEXT,
        what=MAYBE_TEXT,
        state=MAYBE_TEXT,
        seconds=MAYBE_NUMBER,
    ),
    "Notification": object_of(
        id=NUMBER,
        topic=TEXT,
        title=TEXT,
        text=TEXT,
        customer=MAYBE_TEXT,
        conversation_id=MAYBE_NUMBER,
        link=MAYBE_TEXT,
        details={"type": "object"},
        created_at=INSTANT,
        seen_at=MAYBE_INSTANT,
    ),
}
