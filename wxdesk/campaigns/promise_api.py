"""The JSON door to promised prizes: the list, telling winners, telling them again."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, request

from wxdesk.agents.access import person, requires
from wxdesk.campaigns.promises import PromiseView, Wanted, list_promises
from wxdesk.campaigns.queries import get_campaign
from wxdesk.campaigns.rules import PromiseState
from wxdesk.campaigns.telling import Again, taken_by_webhook, tell_again, tell_winners
from wxdesk.plumbing.clock import iso
from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.plumbing.http import (
    boolean_argument,
    cursor_argument,
    cursor_of,
    json_body,
    limit_argument,
    optional_number,
    page_json,
    text_field,
)
from wxdesk.runtime import current
from wxdesk.triage.inputs import boolean
from wxdesk.words import say


@requires("campaigns.read")
def promises(campaign_id: int) -> Response:
    """In the order in which they were drawn."""
    limit, after = limit_argument(), cursor_argument(int)
    runtime = current()
    wanted = Wanted(
        state=_state(), after_id=after[0] if after else 0, missed=bool(boolean_argument("missed"))
    )
    with runtime.reading() as session:
        get_campaign(session, campaign_id, runtime.clock())
        found = list_promises(session, campaign_id, wanted, limit + 1)
    more = len(found) > limit
    items = [_json(it) for it in found[:limit]]
    return jsonify(page_json(items, cursor_of((found[limit - 1].id,)) if more else None))


@requires("campaigns.write")
def tell(campaign_id: int) -> Response:
    """Everybody who was not told yet, or `promise_id`; `count` is how many messages that makes."""
    body = json_body()
    text, promise_id = text_field(body, "text"), optional_number(body, "promise_id", 1)
    with current().unit_of_work() as uow:
        count = tell_winners(uow, campaign_id, text, actor_id=person().id, promise_id=promise_id)
    return jsonify(count=count)


@requires("campaigns.write")
def tell_once_more(campaign_id: int) -> Response:
    """All whose message failed, or `promise_id`; `with_doubtful` those too who may have it."""
    body, runtime = json_body(), current()
    with runtime.reading() as session:
        account_id = get_campaign(session, campaign_id, runtime.clock()).account_id
    again = Again(
        optional_number(body, "promise_id", 1),
        with_doubtful=boolean(body, "with_doubtful") if "with_doubtful" in body else False,
        taken=taken_by_webhook(runtime.redis, account_id),
    )
    with runtime.unit_of_work() as uow:
        count = tell_again(uow, campaign_id, again, actor_id=person().id)
    return jsonify(count=count)


def _state() -> PromiseState | None:
    name = request.args.get("state", "")
    if name and name not in list(PromiseState):
        raise InvalidInputError("state", say("one of: %(values)s", values=", ".join(PromiseState)))
    return PromiseState(name) if name else None


def _json(it: PromiseView) -> dict[str, Any]:
    return {
        "id": it.id,
        "draw_id": it.draw_id,
        "place": it.place,
        "prize": it.prize,
        "contact_id": it.contact_id,
        "name": it.remark,
        "state": it.state,
        "note": it.note,
        "tracking": it.tracking,
        "version": it.version,
        "updated_at": iso(it.updated_at),
        "told": it.told,
        "told_problem": it.told_problem,
    }
