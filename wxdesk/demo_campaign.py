"""The demo's campaign: live, with codes, prizes to draw, and customers who take part."""

from __future__ import annotations

from datetime import timedelta

import requests
from sqlalchemy import select

from wxdesk.accounts.models import Account
from wxdesk.campaigns.codes import import_codes
from wxdesk.campaigns.definitions import CampaignForm, PrizeForm
from wxdesk.campaigns.operations import create_campaign
from wxdesk.campaigns.switching import go_live
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.triage.rules import Match, Outcome

TEA, TEA_AT_WECHAT = "chaji", "gh_demo_chaji"
KEYWORD = "领茶样"
CODES = 200
CUSTOMERS = ("苏女士", "梁先生", "唐小姐", "韩先生", "许女士", "邓先生", "沈小姐", "曾先生")
REPLIES = {
    Outcome.ENTERED: "领取成功！您的兑换码是 {{code}}，凭码到任意门店领取秋季茶样一份。",
    Outcome.ALREADY: "您已经领过啦，每人限领一份。兑换码是 {{code}}。",
    Outcome.NOT_STARTED: "活动还没有开始，请稍后再来。",
    Outcome.ENDED: "活动已经结束，感谢您的关注！",
    Outcome.SOLD_OUT: "茶样已经领完了，感谢您的支持！",
}


def make_campaign(uow: UnitOfWork, marketer_id: int) -> None:
    """Made and switched on as a marketer would, without the dry run: there is no past yet."""
    account_id = uow.session.scalars(select(Account.id).where(Account.slug == TEA)).one()
    form = CampaignForm(
        account_id=account_id,
        name="秋季茶样免费领",
        starts_at=uow.now - timedelta(hours=1),
        ends_at=uow.now + timedelta(days=14),
        note="兑换码由门店系统生成，每人一份；抽奖在活动结束后进行。",
        match=Match.EXACT,
        patterns=f"{KEYWORD}\n领取茶样\n我要茶样",
        has_codes=True,
        replies=REPLIES,
        prizes=(PrizeForm("手工紫砂壶", 1), PrizeForm("秋茶礼盒", 5)),
    )
    campaign = create_campaign(uow, form, actor_id=marketer_id)
    codes = "".join(f"CY{7_310_000 + number * 37}\n" for number in range(CODES))
    import_codes(
        uow, campaign.id, codes.encode(), prize="秋季茶样", batch="门店第一批", actor_id=marketer_id
    )
    go_live(uow, campaign.id, actor_id=marketer_id, is_seen=True)


def take_part(simulator_url: str) -> None:
    """Customers write the keyword; one of them twice, one asks a question after it."""
    for number, name in enumerate(CUSTOMERS):
        url = f"{simulator_url}/sim/accounts/{TEA_AT_WECHAT}/customers"
        made = requests.post(url, json={"name": name}, timeout=10)
        made.raise_for_status()
        for text in (KEYWORD, *((KEYWORD,), ("门店几点关门？今天还来得及吗",), ())[min(number, 2)]):
            url = f"{simulator_url}/sim/customers/{made.json()['openid']}/messages?wait=1"
            requests.post(url, json={"text": text}, timeout=30).raise_for_status()
