"""What marketers do takes its time; customers' messages wait for none of it."""

import threading

import pytest
from cast import record_waiting
from sqlalchemy import select

from campaigns.scene import make_campaign, writes
from wxdesk.campaigns.code_files import read_codes
from wxdesk.campaigns.codes import Wish, add_piece, begin_import, finish_import
from wxdesk.campaigns.drawing import DrawForm, draw, list_prizes
from wxdesk.campaigns.jobs import offer_codes
from wxdesk.campaigns.models import Campaign, CampaignEntry, Draw, Prize
from wxdesk.campaigns.operations import locked
from wxdesk.campaigns.telling import tell_winners
from wxdesk.conversations.models import Conversation, Message
from wxdesk.conversations.rules import Direction, Priority
from wxdesk.plumbing.db import write_in_order
from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.sla.operations import create_policy
from wxdesk.sla.rules import Conditions, PolicyForm, Targets

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


def test_agents_write_while_those_who_waited_are_answered(runtime, account, webhook):
    """A promise for a campaign's people lets the settling look at their conversations too."""
    campaign = make_campaign(runtime, account, is_open=False)
    with runtime.unit_of_work() as uow:
        conditions = Conditions(campaign_ids=frozenset({campaign.id}))
        create_policy(
            uow, PolicyForm("VIP", {Priority.NORMAL: Targets(600, None, None)}, conditions)
        )
    writes(webhook, 1, "我的订单呢")
    record_waiting(runtime)
    writes(webhook, 1)
    record_waiting(runtime)
    settling = threading.Thread(target=offer_codes)
    with runtime.unit_of_work() as uow:
        conversation_id = uow.session.scalars(select(Conversation.id)).one()
        uow.session.get(Conversation, conversation_id, with_for_update={"key_share": True})
        if runtime.engine.dialect.name == "postgresql":  # SQLite has one writer
            settling.start()
            settling.join(1.0)  # it waits for the conversation now, and holds nothing we need
        write_in_order(uow.session, Message.__tablename__)
    if runtime.engine.dialect.name == "postgresql":
        settling.join(PATIENCE_SECONDS)
    else:
        offer_codes()
    with runtime.reading() as session:
        assert len(session.scalars(select(CampaignEntry)).all()) == 1


def test_an_import_that_ends_while_somebody_goes_live_is_refused(runtime, account):
    campaign = make_campaign(runtime, account, is_open=False, approved_at=None)
    with runtime.unit_of_work() as uow:
        begun = begin_import(uow, campaign.id, read_codes(b"X-1\nX-2\n"), Wish())
    with runtime.unit_of_work() as uow:
        add_piece(uow, begun, ["X-1", "X-2"])
    refused = []

    def finish() -> None:
        with pytest.raises(InvalidInputError) as error, runtime.unit_of_work() as uow:
            finish_import(uow, begun)
        refused.append(error)

    ending = threading.Thread(target=finish)
    with runtime.unit_of_work() as uow:
        locked(uow, campaign.id).approved_at = uow.now
        uow.session.flush()
        if runtime.engine.dialect.name == "postgresql":
            ending.start()
            ending.join(1.0)
    if runtime.engine.dialect.name == "postgresql":
        ending.join(PATIENCE_SECONDS)
    else:
        finish()
    assert refused
    with runtime.reading() as session:
        assert not session.get_one(Campaign, campaign.id).has_codes
