"""A live campaign of the account: its rule, its codes, and who writes its keyword."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from cast import Webhook, make_rule
from sqlalchemy import select

from wxdesk.accounts.models import Account
from wxdesk.accounts.operations import touch
from wxdesk.campaigns.code_queries import CodeCounts, count_codes
from wxdesk.campaigns.codes import import_codes
from wxdesk.campaigns.jobs import offer_codes
from wxdesk.campaigns.models import Campaign, CampaignEntry, PrizeCode
from wxdesk.campaigns.rules import CodeState
from wxdesk.contacts.models import Contact
from wxdesk.runtime import Runtime
from wxdesk.triage.rules import MoreReply, Outcome

SAID = {
    Outcome.ALREADY: "您已参加",
    Outcome.NOT_STARTED: "活动还没开始",
    Outcome.ENDED: "活动已结束",
    Outcome.SOLD_OUT: "已发完",
}


def somebody(number: int) -> str:
    return f"oPerson{number:021d}"


def make_campaign(
    runtime: Runtime,
    account: Account,
    codes: Sequence[str] = (),
    *,
    is_open: bool = True,
    silent: Sequence[Outcome] = (),
    rule: dict[str, Any] | None = None,
    **values: Any,
) -> Campaign:
    """Live since an hour ago; with `is_open` the gate has its lease and the first codes."""
    now = runtime.clock()
    given: dict[str, Any] = {
        "name": "春季抽奖",
        "starts_at": now - timedelta(hours=1),
        "ends_at": now + timedelta(days=1),
        "created_at": now,
        "updated_at": now,
        "approved_at": now,
        "has_codes": bool(codes),
    }
    with runtime.unit_of_work() as uow:
        campaign = Campaign(account_id=account.id, **(given | values))
        uow.session.add(campaign)
        uow.session.flush()
        if codes:
            import_codes(uow, campaign.id, "\n".join(codes).encode())
    more = tuple(MoreReply(it, 1, text) for it, text in SAID.items() if it not in silent)
    make_rule(
        runtime,
        account,
        reply_text="您的码是 {{code}}" if codes else "您的码是 无",
        campaign_id=campaign.id,
        more_replies=more,
        **(rule or {}),
    )
    if is_open:
        offer_codes()
    return campaign


def change(runtime: Runtime, campaign: Campaign, **values: datetime | None) -> None:
    with runtime.unit_of_work() as uow:
        row = uow.session.get_one(Campaign, campaign.id)
        for name, value in values.items():
            setattr(row, name, value)
        touch(uow, campaign.account_id)


def writes(webhook: Webhook, who: int = 1, text: str = "抽奖", **values: object) -> str:
    """The answer that the phone shows; "" for none."""
    fields = webhook.fields(text, FromUserName=somebody(who), **values)
    return said_in(webhook.deliver(fields).text)


def said_in(answer: str) -> str:
    found = re.search(r"<Content><!\[CDATA\[(.*?)\]\]></Content>", answer, re.DOTALL)
    return found[1] if found else ""


def counts(runtime: Runtime, campaign: Campaign) -> CodeCounts:
    with runtime.reading() as session:
        return count_codes(session, campaign.id)


def winners(runtime: Runtime, campaign: Campaign) -> dict[str, str]:
    """Openid to code, of every code that was given."""
    with runtime.reading() as session:
        rows = session.execute(
            select(Contact.openid, PrizeCode.code)
            .join(CampaignEntry, CampaignEntry.id == PrizeCode.entry_id)
            .join(Contact, Contact.id == CampaignEntry.contact_id)
            .where(PrizeCode.campaign_id == campaign.id, PrizeCode.state == CodeState.GIVEN)
        )
        return dict(tuple(row) for row in rows)


def entries(runtime: Runtime, campaign: Campaign) -> list[CampaignEntry]:
    with runtime.reading() as session:
        query = select(CampaignEntry).where(CampaignEntry.campaign_id == campaign.id)
        return list(session.scalars(query.order_by(CampaignEntry.id)))
