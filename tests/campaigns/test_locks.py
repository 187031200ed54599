"""What marketers do takes its time; customers' messages wait for none of it."""

import threading

import pytest
from cast import record_waiting
from sqlalchemy import select

from campaigns.scene import make_campaign, writes
from wxdesk.campaigns.drawing import DrawForm, draw, list_prizes
from wxdesk.campaigns.models import CampaignEntry, Draw, Prize
from wxdesk.campaigns.operations import locked
from wxdesk.campaigns.telling import tell_winners
from wxdesk.conversations.models import Message
from wxdesk.conversations.rules import Direction

PATIENCE_SECONDS = 30.0


@pytest.fixture
def drawn(runtime, account, webhook, team):
    """A campaign with one entry and one winner."""
    campaign = make_campaign(runtime, account)
    writes(webhook, 1)
    record_waiting(runtime)
    with runtime.unit_of_work() as uow:
        uow.session.add(Prize(campaign_id=campaign.id, position=0, name="茶杯", quantity=1))
        uow.session.flush()
        prize_id = list_prizes(uow.session, campaign.id)[0].id
        draw(uow, campaign.id, DrawForm({prize_id: 1}), actor_id=team.chen)
    return campaign


def test_messages_are_recorded_while_somebody_tells_winners_or_stops_the_campaign(
    runtime, webhook, team, drawn
):
    writes(webhook, 2)
    writes(webhook, 3, "我的订单呢")
    if runtime.engine.dialect.name == "sqlite":  # which has one writer: they take turns
        record_waiting(runtime)
        return
    drain = threading.Thread(target=record_waiting, args=(runtime,))
    with runtime.unit_of_work() as uow:
        locked(uow, drawn.id)
        drain.start()
        drain.join(PATIENCE_SECONDS)
        assert not drain.is_alive()
        tell_winners(uow, drawn.id, "恭喜 {{prize}}", actor_id=team.chen)
    with runtime.reading() as session:
        incoming = select(Message.text).where(Message.direction == Direction.INCOMING)
        assert "我的订单呢" in session.scalars(incoming).all()


def test_a_draw_waits_for_entries_on_their_way_and_keeps_later_ones_from_nothing(
    runtime, account, webhook, team
):
    campaign = make_campaign(runtime, account)
    for number in (1, 2):
        writes(webhook, number)
    with runtime.unit_of_work() as uow:
        uow.session.add(Prize(campaign_id=campaign.id, position=0, name="茶杯", quantity=1))
    record_waiting(runtime)
    with runtime.reading() as session:
        prize_id = list_prizes(session, campaign.id)[0].id
        newest = session.scalars(select(CampaignEntry.id).order_by(CampaignEntry.id)).all()[-1]
    writes(webhook, 3)
    with runtime.unit_of_work() as uow:
        draw(uow, campaign.id, DrawForm({prize_id: 1}), actor_id=team.chen)
        if runtime.engine.dialect.name == "postgresql":
            drain = threading.Thread(target=record_waiting, args=(runtime,))
            drain.start()
            drain.join(PATIENCE_SECONDS)
            assert not drain.is_alive()
    record_waiting(runtime)
    with runtime.reading() as session:
        made = session.scalars(select(Draw)).one()
        assert (made.last_entry_id, made.entry_count) == (newest, 2)
        assert len(session.scalars(select(CampaignEntry)).all()) == 3
