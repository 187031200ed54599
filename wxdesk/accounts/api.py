"""The JSON door to official accounts, without secrets."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, Response, jsonify
from redis import RedisError

from wxdesk.accounts.queries import (
    AccountView,
    TemplateView,
    get_by_slug,
    list_templates,
    list_views,
)
from wxdesk.agents.access import requires
from wxdesk.plumbing.clock import iso
from wxdesk.plumbing.http import cursor_argument, cursor_of, limit_argument, page_json
from wxdesk.plumbing.translation import translated
from wxdesk.runtime import current
from wxdesk.wechat.quota import Quotas

UsedUp = dict[str, datetime]

bp = Blueprint("accounts_api", __name__, url_prefix="/api/v1/accounts")


@bp.get("")
@requires("conversations.read")
def list_all() -> Response:
    limit = limit_argument()
    cursor = cursor_argument(int)
    with current().reading() as session:
        found = list_views(session, after_id=cursor[0] if cursor else 0, limit=limit + 1)
    shown = found[:limit]
    used_up = _used_up(shown)
    items = [_json(account, used_up[account.id] if used_up else None) for account in shown]
    more = len(found) > limit
    return jsonify(page_json(items, cursor_of((found[limit - 1].id,)) if more else None))


@bp.get("/<slug>/templates")
@requires("conversations.read")
def templates(slug: str) -> Response:
    """Template messages and subscription notices that the account may send (at most 500)."""
    with current().reading() as session:
        found = list_templates(session, get_by_slug(session, slug).id)
    return jsonify(page_json([_template_json(each) for each in found], None))


def _used_up(shown: list[AccountView]) -> dict[int, UsedUp] | None:
    """By account id; None while Redis is away, without asking it again for each account."""
    runtime = current()
    try:
        return {
            account.id: Quotas(runtime.redis, account.app_id, runtime.clock).used_up()
            for account in shown
        }
    except RedisError:
        return None


def _json(account: AccountView, used_up: UsedUp | None) -> dict[str, Any]:
    problem = account.problem
    return {
        "id": account.id,
        "slug": account.slug,
        "name": account.name,
        "type": account.account_type.value,
        "is_verified": account.is_verified,
        "mode": account.mode.value,
        "capabilities": sorted(capability.value for capability in account.capabilities()),
        "problem": {
            "code": problem.code,
            "reason": translated(problem.reason),
            "advice": translated(problem.advice),
            "at": iso(problem.at),
        }
        if problem
        else None,
        "quota": None
        if used_up is None
        else {"used_up": [{"path": path, "until": iso(at)} for path, at in used_up.items()]},
    }


def _template_json(template: TemplateView) -> dict[str, Any]:
    return {
        "id": template.template_id,
        "kind": template.kind.value,
        "title": template.title,
        "content": template.content,
        "example": template.example,
        "fields": template.fields,
    }
