"""The replies of a campaign as its page and the JSON API send them: texts, and cards of any kind.

A card is what a rule may answer with that is no text: picture, voice, video, link card, menu.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from werkzeug.datastructures import MultiDict

from wxdesk.campaigns.definitions import OUTCOMES, CampaignForm
from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.plumbing.http import text_field, whole_number
from wxdesk.triage.forms import REPLY_FIELDS, fields_shown, reply_content_of
from wxdesk.triage.inputs import one_reply
from wxdesk.triage.rules import MoreReply, Outcome, ReplyKind
from wxdesk.words import say

LONGEST_FIELD = 20_000
Block = Mapping[str, str]  # a card as typed: its kind, and REPLY_FIELDS


def prefix_of(outcome: Outcome) -> str:
    """What stands before the names of a reply's fields in the page's form."""
    return f"reply_{outcome.value}_"


def typed_blocks(values: MultiDict[str, str], files: Mapping[str, int]) -> dict[str, Block]:
    """By outcome, where another kind than a text was chosen; `files` are new uploads by outcome."""
    found: dict[str, Block] = {}
    for outcome in OUTCOMES:
        prefix = prefix_of(outcome)
        kind = values.get(f"{prefix}kind", "") or ReplyKind.TEXT.value
        if kind == ReplyKind.TEXT:
            continue
        block = {name: values.get(prefix + name, "")[:LONGEST_FIELD] for name in REPLY_FIELDS}
        if outcome.value in files:
            block["attachment_id"] = str(files[outcome.value])
        found[outcome.value] = {"kind": kind, **block}
    return found


def block_of(card: MoreReply) -> Block:
    """A stored card."""
    return {"kind": card.kind.value, **fields_shown(card.fields, card.attachment_id)}


def cards_of(blocks: Mapping[str, Block], errors: dict[str, str]) -> dict[Outcome, MoreReply]:
    """What was typed; what can't be taken is named at its field."""
    found: dict[Outcome, MoreReply] = {}
    for outcome in OUTCOMES:
        block = blocks.get(outcome.value)
        if block is None:
            continue
        if block["kind"] not in list(ReplyKind):
            values = ", ".join(ReplyKind)
            errors[f"reply_{outcome.value}"] = say("one of: %(values)s", values=values)
            continue
        content = reply_content_of(block, block["kind"], prefix_of(outcome), errors)
        file_id = whole_number(block["attachment_id"])
        found[outcome] = MoreReply(outcome, 1, "", ReplyKind(block["kind"]), content, file_id)
    return found


def json_replies(value: Any) -> dict[str, tuple[str, Block | None]]:
    """By outcome the text, or "" and a card; null for nothing. InvalidInputError names it."""
    if not isinstance(value, dict):
        raise InvalidInputError("replies", say("a JSON object is needed"))
    for name in value:
        if name not in OUTCOMES:
            raise InvalidInputError(
                "replies", say("one of: %(values)s", values=", ".join(OUTCOMES))
            )
    return {name: _json_reply(name, reply) for name, reply in value.items()}


def reply_json(form: CampaignForm, outcome: Outcome) -> Any:
    """The text, an object for a card, None for nothing: as it can be sent back."""
    card = form.cards.get(outcome)
    if card is None:
        return form.replies.get(outcome)
    return {
        "kind": card.kind.value,
        "fields": card.fields,
        "attachment_id": card.attachment_id,
    }


def _json_reply(name: str, reply: Any) -> tuple[str, Block | None]:
    field = f"reply_{name}"
    if reply is None:
        return "", None
    if not isinstance(reply, dict):
        return text_field({field: reply}, field), None
    try:
        card = one_reply({"weight": 1, "kind": "text", "text": "", **reply, "outcome": name})
    except InvalidInputError as error:
        raise InvalidInputError(field, error.sentence) from error
    return (card.text, None) if card.kind is ReplyKind.TEXT else ("", block_of(card))
