"""The templates that an account may send, kept as WeChat has them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from wxdesk.accounts.models import MessageTemplate
from wxdesk.accounts.operations import TOPIC, locked
from wxdesk.accounts.rules import TemplateKind
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.wechat.client import Client
from wxdesk.wechat.template_calls import Template

MOST_TEMPLATES = 200  # WeChat allows 25 template messages and 50 notices
LONGEST_ID = 100
LONGEST_TITLE = 200
LONGEST_CONTENT = 10_000


def fetch(client: Client, kind: TemplateKind) -> list[Template]:
    """Ask WeChat; raises DeliveryError."""
    if kind is TemplateKind.TEMPLATE:
        return client.list_templates()
    return client.list_subscription_templates()


def store_templates(
    uow: UnitOfWork, account_id: int, kind: TemplateKind, found: Sequence[Template]
) -> None:
    """Make our rows of this kind the same as WeChat's list (its first 200)."""
    locked(uow, account_id)  # two that refresh at once would collide
    wanted = {each.id: each for each in found[:MOST_TEMPLATES] if len(each.id) <= LONGEST_ID}
    rows = _rows(uow.session, account_id)
    gone = [row.id for row in rows.values() if row.kind is kind and row.template_id not in wanted]
    uow.session.execute(delete(MessageTemplate).where(MessageTemplate.id.in_(gone)))
    for template_id, template in wanted.items():
        row = rows.get(template_id) or MessageTemplate(
            account_id=account_id, template_id=template_id
        )
        _fill(row, kind, template, uow.now)
        uow.session.add(row)
    uow.announce(TOPIC)


def _rows(session: Session, account_id: int) -> dict[str, MessageTemplate]:
    query = select(MessageTemplate).where(MessageTemplate.account_id == account_id)
    return {row.template_id: row for row in session.scalars(query)}


def _fill(row: MessageTemplate, kind: TemplateKind, template: Template, now: datetime) -> None:
    row.kind = kind
    row.title = template.title[:LONGEST_TITLE]
    row.content = template.content[:LONGEST_CONTENT]
    row.example = template.example[:LONGEST_CONTENT]
    row.refreshed_at = now
