"""What the page of a broadcast and its form show beside the row: numbers, limits, warnings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from wxdesk.accounts.models import Account
from wxdesk.accounts.queries import AccountName, TemplateView, get_by_slug, list_templates
from wxdesk.accounts.rules import AccountType, TemplateKind
from wxdesk.agents.queries import Person
from wxdesk.broadcasts.audience import count, limit_of
from wxdesk.broadcasts.operations import APPROVE
from wxdesk.broadcasts.queries import BroadcastView, Named, get_view, list_campaigns, list_tags
from wxdesk.broadcasts.rules import (
    BEFORE_SENDING,
    BroadcastKind,
    Content,
    Counted,
    Limit,
    filled,
    lines_of,
    looks_like_marketing,
)
from wxdesk.broadcasts.stored import audience_from, content_from

EXAMPLE_REMARK = "王女士"


@dataclass(frozen=True, slots=True)
class Detail:
    """`counted` and `limit` as of now before it is sent, else as it was; `lines` of a template.

    `needs_other`: the account wants a second person, and this one may not be it.
    """

    view: BroadcastView
    content: Content
    counted: Counted | None
    limit: Limit | None
    lines: Sequence[str]
    is_service: bool
    is_marketing: bool
    needs_approval: bool
    needs_other: bool

    @property
    def is_open(self) -> bool:
        return self.view.row.state in BEFORE_SENDING and self.view.row.claimed_at is None


@dataclass(frozen=True, slots=True)
class Choices:
    """What the form of an account and a kind offers; `template` is the chosen one."""

    account: AccountName
    tags: Sequence[Named]
    campaigns: Sequence[Named]
    templates: Sequence[TemplateView]
    template: TemplateView | None


def detail_of(session: Session, broadcast_id: int, person: Person, now: datetime) -> Detail:
    """Reads only; the dry run is counted anew each time that the page is shown."""
    view = get_view(session, broadcast_id)
    row, content = view.row, content_from(view.row.content)
    account = session.get_one(Account, row.account_id)
    is_open = row.state in BEFORE_SENDING
    at = max(row.send_at or now, now)
    counted = view.counted
    if is_open:
        audience = audience_from(row.audience)
        counted = count(session, account, row.kind, audience, at, but_id=row.id)
    data = {name: filled(value, EXAMPLE_REMARK) for name, value in content.data.items()}
    may_decide = person.may(APPROVE) and person.id != row.written_by_id
    return Detail(
        view=view,
        content=content,
        counted=counted,
        limit=limit_of(session, account, row.kind, at, but_id=row.id) if is_open else None,
        lines=lines_of(content, data) if row.kind is not BroadcastKind.MASS else (),
        is_service=account.account_type is AccountType.SERVICE,
        is_marketing=row.kind is BroadcastKind.TEMPLATE and looks_like_marketing(content),
        needs_approval=account.needs_approval,
        needs_other=account.needs_approval and not may_decide,
    )


def choices_of(session: Session, account_id: int, kind: BroadcastKind, template_id: str) -> Choices:
    """NotFoundError when there is no such account."""
    account = session.get_one(Account, account_id)
    wanted = TemplateKind.SUBSCRIPTION
    if kind is BroadcastKind.TEMPLATE:
        wanted = TemplateKind.TEMPLATE
    templates = [
        each
        for each in list_templates(session, account_id)
        if kind is not BroadcastKind.MASS and each.kind is wanted
    ]
    return Choices(
        account=get_by_slug(session, account.slug),
        tags=[tag for tag in list_tags(session) if tag.account_id == account_id],
        campaigns=[it for it in list_campaigns(session) if it.account_id == account_id],
        templates=templates,
        template=next((it for it in templates if it.template_id == template_id), None),
    )
