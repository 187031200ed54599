"""Campaigns of the tests: made by the real operations, entered through the real webhook."""

from datetime import timedelta
from typing import Any

from cast import customer_writes
from sqlalchemy import select

from wxdesk.campaigns.definitions import CampaignForm, PrizeForm
from wxdesk.campaigns.models import CampaignEntry
from wxdesk.campaigns.operations import create_campaign
from wxdesk.campaigns.switching import go_live
from wxdesk.triage.digests import digest_of
from wxdesk.triage.models import AutoReplyRule, DryRun
from wxdesk.triage.queries import get_form
from wxdesk.triage.rules import DryRunState, Outcome

REPLIES = {
    Outcome.ENTERED: "感谢参与!",
    Outcome.ALREADY: "您已经参加过了。",
    Outcome.NOT_STARTED: "还没有开始。",
    Outcome.ENDED: "已经结束了。",
    Outcome.SOLD_OUT: "已经领完了。",
}
PRIZES = (PrizeForm("手机", 1), PrizeForm("茶杯", 3))


def form_of(runtime, account, **values: Any) -> CampaignForm:
    """A campaign that runs since an hour, for a week; `values` replace fields."""
    now = runtime.clock()
    fields: dict[str, Any] = {
        "account_id": account.id,
        "name": "秋季抽奖",
        "starts_at": now - timedelta(hours=1),
        "ends_at": now + timedelta(days=7),
        "patterns": "抽奖",
        "replies": REPLIES,
        "prizes": PRIZES,
    }
    return CampaignForm(**(fields | values))


def make_draft(runtime, account, actor_id: int | None = None, **values: Any) -> int:
    with runtime.unit_of_work() as uow:
        return create_campaign(uow, form_of(runtime, account, **values), actor_id=actor_id).id


def make_live(runtime, account, **values: Any) -> int:
    with runtime.unit_of_work() as uow:
        made = create_campaign(uow, form_of(runtime, account, **values), actor_id=None)
        go_live(uow, made.id, actor_id=None, is_seen=True)
        return made.id


def confirm_dry_runs(runtime, campaign_id: int, agent_id: int) -> None:
    """As if each rule of the campaign had been tried, and the result looked at."""
    with runtime.unit_of_work() as uow:
        for rule in uow.session.scalars(
            select(AutoReplyRule).where(AutoReplyRule.campaign_id == campaign_id)
        ):
            form = get_form(uow.session, rule.id)
            uow.session.add(
                DryRun(
                    account_id=rule.account_id,
                    rule_id=rule.id,
                    digest=digest_of(form),
                    definition={},
                    days=7,
                    state=DryRunState.DONE,
                    created_at=uow.now,
                    finished_at=uow.now,
                    confirmed_by_id=agent_id,
                    confirmed_at=uow.now,
                )
            )


def openid(number: int) -> str:
    return f"oPerson{number:021d}"


def take_part(runtime, account, campaign_id: int, people: int, each: int = 1) -> list[int]:
    """Rows of entries, `each` a person; gives their ids in order."""
    with runtime.reading() as session:
        rule_id = session.scalars(
            select(AutoReplyRule.id).where(AutoReplyRule.campaign_id == campaign_id).limit(1)
        ).one()
    made = []
    for number in range(people):
        for turn in range(1, each + 1):
            written = customer_writes(runtime, account, "抽奖", openid=openid(number))
            with runtime.unit_of_work() as uow:
                entry = CampaignEntry(
                    campaign_id=campaign_id,
                    contact_id=written.contact_id,
                    number=turn,
                    message_id=written.id,
                    rule_id=rule_id,
                    entered_at=uow.now,
                )
                uow.session.add(entry)
                uow.session.flush()
                made.append(entry.id)
    return made
