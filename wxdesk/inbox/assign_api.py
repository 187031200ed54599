"""The JSON door for assignment: claim, assign, transfer, take over, the next one."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from wxdesk.agents.access import person, requires
from wxdesk.conversations.assigning import Handover, hand_over
from wxdesk.conversations.notes import add_note
from wxdesk.inbox.operations import claim_next
from wxdesk.inbox.responses import conversation_response
from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.plumbing.http import LARGEST_ID, json_body, text_field
from wxdesk.runtime import current
from wxdesk.words import say

bp = Blueprint("assign_api", __name__, url_prefix="/api/v1")


@bp.post("/conversations/<int:conversation_id>/assign")
@requires("conversations.assign")
def assign(conversation_id: int) -> Response:
    """{"assignee": "me"} claims; with "take_over": true also from a colleague; null gives back.

    With "team" it goes to that team, and to nobody in it unless "assignee" names somebody; "note"
    is kept as a private note.
    """
    body = json_body()
    handover = _handover(body)
    note = text_field(body, "note").strip() if body.get("note") is not None else ""
    takes_over = body.get("take_over") is True or handover.agent_id is None
    with current().unit_of_work() as uow:
        hand_over(uow, conversation_id, handover, takes_over=takes_over)
        if note:
            add_note(uow, conversation_id, agent_id=person().id, text=note, mentions=[])
    return conversation_response(conversation_id)


@bp.post("/conversations/next")
@requires("conversations.assign")
def take_next() -> Response:
    """Claim the most urgent one of one's teams and of no team; 204 when none waits."""
    with current().unit_of_work() as uow:
        conversation_id = claim_next(uow, person().id)
    if conversation_id is None:
        return Response(status=204)
    return conversation_response(conversation_id)


def _handover(body: dict[str, Any]) -> Handover:
    if "assignee" not in body and "team" not in body:
        raise InvalidInputError("assignee", say('"me", an agent\'s id, or null'))
    return Handover(
        agent_id=_assignee(body.get("assignee")),
        by=person().id,
        team_id=_team(body.get("team")),
        has_team="team" in body,
    )


def _assignee(value: Any) -> int | None:
    if value is None:
        return None
    if value == "me":
        return person().id
    if _is_id(value):
        return int(value)
    raise InvalidInputError("assignee", say('"me", an agent\'s id, or null'))


def _team(value: Any) -> int | None:
    if value is None:
        return None
    if _is_id(value):
        return int(value)
    raise InvalidInputError("team", say("a team's id, or null"))


def _is_id(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= LARGEST_ID
