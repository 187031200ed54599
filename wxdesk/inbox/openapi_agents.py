"""The part of the OpenAPI document about people, teams and assignment."""

from __future__ import annotations

from wxdesk.inbox.openapi_schemas import (
    FLAG,
    NUMBER,
    PERSON,
    TEXT,
    Json,
    Operation,
    list_of,
    maybe,
    object_of,
    ref,
)

PRESENCE: Json = {"enum": ["online", "away", "offline"]}

OPERATIONS: dict[tuple[str, str], Operation] = {
    ("get", "/me"): (
        "Who this token or session belongs to: rights, teams, load, presence, preferences.",
        (),
        (),
        ref("Me"),
    ),
    ("patch", "/me"): (
        "Change one's preferences (merged by key), or one's availability.",
        (),
        ("preferences", "availability"),
        ref("Me"),
    ),
    ("put", "/me/presence"): (
        "A browser tab is open; repeat every 15 seconds. tab: a random id of the tab; is_active: "
        "somebody uses it; leaving: it closes. Offline after 45 s without (a tab that is not in "
        "use: 90 s), away after ten minutes in which no tab was used.",
        (),
        ("tab", "is_active", "leaving"),
        ref("OwnPresence"),
    ),
    ("get", "/agents"): (
        "Who may answer customers, by name; all=true: also those who are deactivated.",
        ("all",),
        (),
        object_of(items=list_of(ref("Agent"))),
    ),
    ("get", "/teams"): (
        "Teams with their members, how many conversations wait in each, and why.",
        (),
        (),
        object_of(items=list_of(ref("Team"))),
    ),
    ("post", "/conversations/{conversation_id}/assign"): (
        "assignee: me, an agent's id, or null (back to all); team: an id or null, and then nobody "
        "has it unless assignee names somebody; note: kept as a private note; take_over: also "
        "from a colleague. 409 with the assignee when somebody else has it.",
        (),
        ("assignee", "team", "note", "take_over"),
        ref("Conversation"),
    ),
    ("post", "/conversations/next"): (
        "Claim the most urgent unassigned conversation of one's teams and of no team; "
        "204 when none waits.",
        (),
        (),
        ref("Conversation"),
    ),
}
SCHEMAS: dict[str, Json] = {
    "Me": object_of(
        id=NUMBER,
        name=TEXT,
        email=TEXT,
        role=TEXT,
        locale=TEXT,
        permissions=list_of(TEXT),
        capacity=NUMBER,
        load=NUMBER,
        availability=PRESENCE,
        presence=PRESENCE,
        teams=list_of(PERSON),
        preferences={"type": "object"},
    ),
    "OwnPresence": object_of(
        availability=PRESENCE, presence=PRESENCE, load=NUMBER, capacity=NUMBER
    ),
    "Agent": object_of(
        id=NUMBER,
        name=TEXT,
        role=TEXT,
        presence=PRESENCE,
        load=NUMBER,
        capacity=NUMBER,
        teams=list_of(NUMBER),
        is_active=FLAG,
    ),
    "Team": object_of(
        id=NUMBER,
        name=TEXT,
        mode={"enum": ["off", "round_robin", "least_loaded"]},
        members=list_of(PERSON),
        waiting=NUMBER,
        wait_reason=maybe({"enum": ["manual", "out_of_hours", "nobody_online", "at_capacity"]}),
    ),
}
