"""The part of the OpenAPI document about campaigns."""

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
    "note",
    "starts_at",
    "ends_at",
    "match",
    "patterns",
    "exclusions",
    "scenes",
    "menu_keys",
    "is_on_follow",
    "priority",
    "answers_attended",
    "replies",
    "entries_per_person",
    "total_entries",
    "has_codes",
    "prizes",
)

OPERATIONS: dict[tuple[str, str], Operation] = {
    ("get", "/campaigns"): (
        "Campaigns, the latest start first.",
        ("account", *PAGING),
        (),
        page("Campaign"),
    ),
    ("post", "/campaigns"): (
        "A new draft; account is a slug, replies an object by outcome (entered, already, "
        "not_started, ended, sold_out), prizes a list of {name, quantity}. A reply is a text, null "
        "for none, or {kind, fields, attachment_id} as a rule's. It answers nobody before it goes "
        "live.",
        (),
        ("account", *FIELDS),
        ref("Campaign"),
    ),
    ("get", "/campaigns/{campaign_id}"): ("One campaign.", (), (), ref("Campaign")),
    ("patch", "/campaigns/{campaign_id}"): (
        "Change the named fields; with version only if it is still that one. 409 when it answers "
        "and the change catches other messages: stop it first.",
        (),
        ("version", *FIELDS),
        ref("Campaign"),
    ),
    ("post", "/campaigns/{campaign_id}/live"): (
        "Let it answer from its start on. 409 (needs: dry_run, with rule_ids, approval, or file) "
        "when its rules were not tried and confirmed, a second person must agree, or WeChat has no "
        "copy of a reply's file yet. definition is the one that was looked at: 409 (needs: look) "
        "when it is another by now. Where a second person must agree it is needed.",
        (),
        ("definition",),
        ref("Campaign"),
    ),
    ("post", "/campaigns/{campaign_id}/stop"): (
        "Stop it: within a second nothing of it answers, and what waits to be sent is taken back.",
        (),
        (),
        ref("Campaign"),
    ),
    ("post", "/campaigns/{campaign_id}/resume"): (
        "Go on after a stop; definition as for going live.",
        (),
        ("definition",),
        ref("Campaign"),
    ),
    ("post", "/campaigns/{campaign_id}/end"): (
        "End it now; a draft is thrown away.",
        (),
        (),
        ref("Campaign"),
    ),
    ("get", "/campaigns/{campaign_id}/now"): (
        "The numbers of its live page, at most a second old.",
        (),
        (),
        ref("CampaignNow"),
    ),
    ("get", "/campaigns/{campaign_id}/entries"): (
        "Who takes part, in the order in which they entered.",
        PAGING,
        (),
        page("CampaignEntry"),
    ),
    ("get", "/campaigns/{campaign_id}/prizes"): (
        "Promised prizes in the order in which they were drawn; missed: only those whose winner "
        "the message has not reached. told is how that message went (failed: it did not arrive; "
        "unconfirmed: nobody knows; held: it goes out when the winner next writes).",
        ("state", "missed", *PAGING),
        (),
        page("PromisedPrize"),
    ),
    ("post", "/campaigns/{campaign_id}/prizes/tell"): (
        "Tell the winners who were not told yet (at most 500 a call), or promise_id, once each. "
        "count is how many messages that made.",
        (),
        ("text", "promise_id"),
        object_of(count=NUMBER),
    ),
    ("post", "/campaigns/{campaign_id}/prizes/tell-again"): (
        "Send the message of the winners whom it did not reach again (at most 500 a call), or of "
        "promise_id; with_doubtful those too who may have it already. A second call finds nobody. "
        "count is how many are on their way again.",
        (),
        ("promise_id", "with_doubtful"),
        object_of(count=NUMBER),
    ),
    ("get", "/contacts/{contact_id}/campaigns"): (
        "Campaigns that a customer took part in, the latest first (at most 50).",
        (),
        (),
        object_of(items=list_of(ref("TakenPart"))),
    ),
}

STATE: Json = {"enum": ["draft", "planned", "live", "paused", "ended"]}
CARD: Json = object_of(
    kind={"enum": ["image", "voice", "video", "news", "miniprogrampage", "msgmenu"]},
    fields={"type": ["object", "null"]},
    attachment_id=MAYBE_NUMBER,
)
TOLD = ["queued", "sending", "sent", "failed", "unconfirmed", "held", "withdrawn"]
COUNTS: Json = {"type": "object", "additionalProperties": NUMBER}

SCHEMAS: dict[str, Json] = {
    "Campaign": object_of(
        id=NUMBER,
        account=TEXT,
        name=TEXT,
        note=TEXT,
        state=STATE,
        starts_at=INSTANT,
        ends_at=MAYBE_INSTANT,
        match={"enum": ["exact", "contains", "all_words", "any_words", "regex"]},
        patterns=list_of(TEXT),
        exclusions=list_of(TEXT),
        scenes=list_of(TEXT),
        menu_keys=list_of(TEXT),
        is_on_follow=FLAG,
        priority=NUMBER,
        answers_attended=FLAG,
        replies={"type": "object", "additionalProperties": {"anyOf": [MAYBE_TEXT, CARD]}},
        entries_per_person=NUMBER,
        total_entries=MAYBE_NUMBER,
        has_codes=FLAG,
        prizes=list_of(object_of(name=TEXT, quantity=NUMBER)),
        version=NUMBER,
        definition=TEXT,
        updated_at=INSTANT,
        updated_by=MAYBE_TEXT,
        approved_at=MAYBE_INSTANT,
        paused_at=MAYBE_INSTANT,
        ended_at=MAYBE_INSTANT,
    ),
    "CampaignEntry": object_of(
        id=NUMBER,
        contact_id=NUMBER,
        name=TEXT,
        number=NUMBER,
        message_id=NUMBER,
        rule_id=NUMBER,
        code=MAYBE_TEXT,
        prize=MAYBE_TEXT,
        entered_at=INSTANT,
    ),
    "PromisedPrize": object_of(
        id=NUMBER,
        draw_id=NUMBER,
        place=NUMBER,
        prize=TEXT,
        contact_id=NUMBER,
        name=TEXT,
        state={"enum": ["promised", "preparing", "sent", "delivered", "cancelled"]},
        note=TEXT,
        tracking=TEXT,
        version=NUMBER,
        updated_at=INSTANT,
        told=maybe({"enum": TOLD}),
        told_problem=MAYBE_TEXT,
    ),
    "TakenPart": object_of(
        campaign_id=NUMBER,
        name=TEXT,
        state=STATE,
        entries=NUMBER,
        first_at=INSTANT,
        code=MAYBE_TEXT,
        prizes=list_of(TEXT),
    ),
    "CampaignNow": object_of(
        now=INSTANT,
        since=INSTANT,
        state=STATE,
        paused_at=MAYBE_INSTANT,
        arrivals=NUMBER,
        passed_on=NUMBER,
        hits=NUMBER,
        outcomes=COUNTS,
        people=NUMBER,
        pending=NUMBER,
        replies=object_of(
            at_once=NUMBER,
            sent_later=NUMBER,
            on_their_way=NUMBER,
            held=NUMBER,
            withdrawn=NUMBER,
            failed=NUMBER,
            reasons=list_of(object_of(reason=TEXT, count=NUMBER)),
        ),
        codes=maybe(object_of(left=NUMBER, given=NUMBER, lost=NUMBER, total=NUMBER)),
        waits=object_of(
            count=NUMBER,
            p50_seconds=MAYBE_NUMBER,
            p90_seconds=MAYBE_NUMBER,
            longest_seconds=MAYBE_NUMBER,
        ),
        follows=NUMBER,
        unfollows=NUMBER,
        minutes=list_of(
            object_of(
                at=INSTANT,
                time=TEXT,
                arrivals=NUMBER,
                hits=NUMBER,
                entries=NUMBER,
                passed_on=NUMBER,
                unfollows=NUMBER,
            )
        ),
    ),
}
