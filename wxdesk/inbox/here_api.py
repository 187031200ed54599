"""The JSON door to who looks at a conversation and who types."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, Response, jsonify
from redis import RedisError

from wxdesk.agents.access import person, requires
from wxdesk.agents.queries import names_of
from wxdesk.conversations.queries import account_of
from wxdesk.inbox import here
from wxdesk.inbox.here import Doing, Tab
from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.plumbing.http import json_body
from wxdesk.runtime import current
from wxdesk.words import say

bp = Blueprint("here_api", __name__, url_prefix="/api/v1")

TAB = re.compile("[A-Za-z0-9-]{1,40}")
LEFT = "left"


@bp.put("/conversations/<int:conversation_id>/here")
@requires("conversations.read")
def be_here(conversation_id: int) -> Response:
    """This tab views the conversation, types in it, or has left it; answers with who else does.

    To be repeated every 10 s. Nothing is written but into Redis; without it nobody is seen.
    """
    body = json_body()
    tab, doing = Tab(person().id, _tab(body)), _doing(body)
    runtime = current()
    with runtime.reading() as session:
        account_of(session, conversation_id)  # 404 for one that does not exist
        others = _others(conversation_id, tab, doing)
        names = names_of(session, set(others))
    return jsonify(
        here=[
            {"id": agent_id, "name": names.get(agent_id, ""), "doing": it}
            for agent_id, it in others.items()
        ]
    )


def _others(conversation_id: int, tab: Tab, doing: Doing | None) -> dict[int, Doing]:
    runtime = current()
    now = runtime.clock()
    try:
        if here.note(runtime.redis, conversation_id, tab, doing, now):
            runtime.live.publish([f"here:{conversation_id}"])
    except RedisError:
        return {}
    found = here.colleagues(runtime.redis, [conversation_id], now)
    return {
        one.agent_id: one.doing
        for one in found.get(conversation_id, ())
        if one.agent_id != tab.agent_id
    }


def _tab(body: dict[str, Any]) -> str:
    tab = body.get("tab")
    if not isinstance(tab, str) or not TAB.fullmatch(tab):
        raise InvalidInputError("tab", say("1 to 40 letters, digits or hyphens"))
    return tab


def _doing(body: dict[str, Any]) -> Doing | None:
    doing = body.get("doing")
    if doing == LEFT:
        return None
    if doing not in tuple(Doing):
        values = ", ".join([*Doing, LEFT])
        raise InvalidInputError("doing", say("one of: %(values)s", values=values))
    return Doing(doing)
