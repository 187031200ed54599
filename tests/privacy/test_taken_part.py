"""A winner leaves: the sums stay, what was written of them goes, and no cache knows them."""

import pytest
from campaigns.events import REPLIES, form_of
from campaigns.scene import somebody, writes
from cast import record_waiting
from sqlalchemy import func, select

from wxdesk.campaigns.codes import import_codes
from wxdesk.campaigns.drawing import DrawForm, check_draw, draw, list_prizes
from wxdesk.campaigns.jobs import offer_codes
from wxdesk.campaigns.models import CampaignEntry, PrizeCode, Promise
from wxdesk.campaigns.operations import create_campaign
from wxdesk.campaigns.promises import PromiseChange, change_promise
from wxdesk.campaigns.rules import CodeState, PromiseState
from wxdesk.campaigns.switching import go_live
from wxdesk.contacts.models import Contact
from wxdesk.plumbing.gates import CampaignKeys, mark_of
from wxdesk.privacy.operations import forget_now
from wxdesk.privacy.rules import Policy
from wxdesk.triage.rules import Outcome


@pytest.fixture
def campaign_id(runtime, account, team, webhook) -> int:
    """Two people with a code each; one of them has won a phone, which is on its way."""
    replies = REPLIES | {Outcome.ENTERED: "您的码 {{code}}"}
    form = form_of(runtime, account, has_codes=True, replies=replies)
    with runtime.unit_of_work() as uow:
        made = create_campaign(uow, form, actor_id=None).id
        import_codes(uow, made, b"A-1\nA-2\n")
        go_live(uow, made, actor_id=None, is_seen=True)
    offer_codes()
    for who in (1, 2):
        writes(webhook, who)
    record_waiting(runtime)
    with runtime.unit_of_work() as uow:
        phone = list_prizes(uow.session, made)[0]
        draw(uow, made, DrawForm({phone.id: 1}), actor_id=team.chen)
        promise = uow.session.scalars(select(Promise)).one()
        sent = PromiseChange(PromiseState.SENT, "上海市徐汇区", "SF-1")
        change_promise(uow, made, promise.id, sent, actor_id=team.chen)
    return made


def winner(runtime) -> Contact:
    with runtime.reading() as session:
        query = select(Contact).join(Promise, Promise.contact_id == Contact.id)
        return session.scalars(query).one()


@pytest.mark.parametrize("policy", list(Policy))
def test_a_winner_is_forgotten_and_the_code_stays_given(
    runtime, team, webhook, campaign_id, policy
):
    runtime.clock.advance(minutes=1)
    gone = winner(runtime)
    keys = CampaignKeys(campaign_id)
    assert runtime.redis.hexists(keys.entered, mark_of(gone.openid))
    with runtime.unit_of_work() as uow:  # newer rows keep the winner's numbers taken
        uow.session.add(
            Contact(
                account_id=gone.account_id,
                openid=somebody(3),
                first_seen_at=uow.now,
                last_seen_at=uow.now,
            )
        )
    writes(webhook, 3, "人工")
    record_waiting(runtime)
    with runtime.unit_of_work() as uow:
        forget_now(uow, gone.id, policy, actor_id=team.admin)
    known = b" ".join([*runtime.redis.hkeys(keys.entered), *runtime.redis.hkeys(keys.given)])
    assert gone.openid.encode() not in known
    with runtime.reading() as session:
        left = session.scalars(select(Promise)).all()
        given = session.scalar(select(func.count()).where(PrizeCode.state == CodeState.GIVEN))
        entries = session.scalar(select(func.count()).select_from(CampaignEntry))
        draws = [it.draw_id for it in left]
        checks = [check_draw(session, draw_id, campaign_id) for draw_id in draws]
    assert given == 2
    if policy is Policy.ANONYMISE:
        assert entries == 2
        assert [(it.note, it.tracking, it.state) for it in left] == [("", "", PromiseState.SENT)]
        assert all(it.is_same_pool and it.is_same_result for it in checks)
    else:
        assert (entries, left) == (1, [])
