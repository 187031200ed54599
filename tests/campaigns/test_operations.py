"""Campaigns are made whole or not at all, tried before they go live, and stop at one click."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from campaigns.events import (
    PRIZES,
    REPLIES,
    confirm_dry_runs,
    form_of,
    make_draft,
    make_live,
    openid,
    take_part,
)
from wxdesk.accounts.models import Account
from wxdesk.agents.models import Agent
from wxdesk.audit.models import AuditEntry
from wxdesk.campaigns import switching
from wxdesk.campaigns.codes import import_codes
from wxdesk.campaigns.definitions import CampaignForm, PrizeForm
from wxdesk.campaigns.drawing import DrawForm, draw, list_prizes
from wxdesk.campaigns.models import Campaign, Prize, PrizeCode
from wxdesk.campaigns.operations import change_campaign, create_campaign, form_problems
from wxdesk.campaigns.queries import get_campaign, get_definition, get_form
from wxdesk.campaigns.rules import CampaignState, CodeState
from wxdesk.contacts.operations import ensure_contacts
from wxdesk.conversations.models import Message
from wxdesk.conversations.rules import Direction, SenderKind
from wxdesk.notifications.models import Notification
from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.operations import queue_delivery
from wxdesk.outbound.rules import Delivery
from wxdesk.plumbing.errors import ConflictError, InvalidInputError, NotAllowedError
from wxdesk.triage.models import AutoReplyRule
from wxdesk.triage.queries import list_rule_texts
from wxdesk.triage.rules import Match, Outcome


def state(runtime, campaign_id: int) -> CampaignState:
    with runtime.reading() as session:
        return get_campaign(session, campaign_id, runtime.clock()).state


def switch(runtime, deed, campaign_id: int, actor_id: int) -> None:
    with runtime.unit_of_work() as uow:
        deed(uow, campaign_id, actor_id=actor_id)


def approve(runtime, deed, campaign_id: int, actor_id: int) -> None:
    """Look at it, and agree to that."""
    with runtime.reading() as session:
        seen = get_definition(session, get_campaign(session, campaign_id, runtime.clock()))[1]
    with runtime.unit_of_work() as uow:
        deed(uow, campaign_id, actor_id=actor_id, definition=seen)


def answering(runtime, account) -> list[int]:
    """The campaigns whose rules may say something just now."""
    with runtime.reading() as session:
        rules = list_rule_texts(session, account.id, runtime.clock())
    return [it.campaign.campaign_id for it in rules if it.campaign and not it.campaign.is_paused]


def count(runtime, model: type) -> int:
    with runtime.reading() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def ask_for_consent(runtime, account) -> None:
    with runtime.unit_of_work() as uow:
        uow.session.execute(
            update(Account).where(Account.id == account.id).values(needs_approval=True)
        )


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "长" * 81}, "name"),
        ({"ends_at": "before"}, "ends_at"),
        ({"patterns": " \n"}, "patterns"),
        ({"patterns": "(a", "match": Match.REGEX}, "patterns"),
        ({"patterns": "(a+)+\\1", "match": Match.REGEX}, "patterns"),
        ({"replies": {}}, "reply_entered"),
        ({"replies": REPLIES | {Outcome.ENTERED: "长" * 700}}, "reply_entered"),
        ({"replies": REPLIES | {Outcome.SOLD_OUT: "长" * 700}}, "reply_sold_out"),
        ({"replies": REPLIES | {Outcome.ENTERED: "{{nobody}}"}}, "reply_entered"),
        ({"replies": REPLIES | {Outcome.ENTERED: "码 {{code}}"}}, "reply_entered"),
        ({"has_codes": True}, "reply_entered"),
        ({"entries_per_person": 1_001}, "entries_per_person"),
        (
            {
                "has_codes": True,
                "entries_per_person": 2,
                "replies": REPLIES | {Outcome.ENTERED: "码 {{code}}"},
            },
            "entries_per_person",
        ),
        ({"total_entries": 0}, "total_entries"),
        ({"prizes": (PrizeForm("手机", None),)}, "prizes"),
        ({"prizes": (PrizeForm("手机", 1), PrizeForm("手机", 2))}, "prizes"),
        ({"priority": 5_000}, "priority"),
    ],
)
def test_what_can_not_be_taken_is_named_at_its_field_and_nothing_is_stored(
    runtime, account, values, field
):
    if values.get("ends_at") == "before":
        values = {"ends_at": runtime.clock() - timedelta(hours=2)}
    form = form_of(runtime, account, **values)
    assert field in form_problems(form)
    with pytest.raises(InvalidInputError), runtime.unit_of_work() as uow:
        create_campaign(uow, form, actor_id=None)
    assert count(runtime, Campaign) == count(runtime, AutoReplyRule) == count(runtime, Prize) == 0


def test_a_keyword_that_another_campaign_uses_is_named_and_nothing_is_stored(runtime, account):
    make_live(runtime, account)
    with pytest.raises(InvalidInputError) as wrong, runtime.unit_of_work() as uow:
        create_campaign(uow, form_of(runtime, account, name="又一个"), actor_id=None)
    assert wrong.value.field == "patterns"
    assert count(runtime, Campaign) == 1


def test_of_two_drafts_with_one_keyword_the_second_is_told_before_it_goes_live(
    runtime, account, team
):
    first = make_draft(runtime, account, name="甲")
    second = make_draft(runtime, account, name="乙")
    later = runtime.clock() + timedelta(days=8)
    after_it = make_draft(
        runtime, account, name="丙", starts_at=later, ends_at=later + timedelta(days=1)
    )
    for campaign_id in (first, second, after_it):
        confirm_dry_runs(runtime, campaign_id, team.chen)
    switch(runtime, switching.go_live, first, team.chen)
    with pytest.raises(ConflictError) as refused:
        switch(runtime, switching.go_live, second, team.chen)
    assert "甲" in str(refused.value.sentence)
    assert state(runtime, second) is CampaignState.DRAFT
    switch(runtime, switching.go_live, after_it, team.chen)
    switch(runtime, switching.stop, first, team.chen)
    switch(runtime, switching.resume, first, team.chen)
    switch(runtime, switching.end, first, team.chen)
    switch(runtime, switching.go_live, second, team.chen)


def test_what_was_saved_is_what_the_form_shows_again(runtime, account):
    form = form_of(
        runtime,
        account,
        match=Match.CONTAINS,
        patterns="抽奖\n参加",
        exclusions="什么时候",
        scenes="shop-1\nshop-2",
        menu_keys="LOTTERY",
        is_on_follow=True,
        total_entries=500,
        entries_per_person=2,
        note="给同事",
    )
    with runtime.unit_of_work() as uow:
        campaign_id = create_campaign(uow, form, actor_id=None).id
    with runtime.reading() as session:
        view = get_campaign(session, campaign_id, runtime.clock())
        again = get_form(session, view)
    assert again == form
    changed = form_of(
        runtime, account, patterns="抽大奖", replies={Outcome.ENTERED: "好"}, prizes=PRIZES[:1]
    )
    with runtime.unit_of_work() as uow:
        change_campaign(uow, campaign_id, changed, actor_id=None)
    with runtime.reading() as session:
        view = get_campaign(session, campaign_id, runtime.clock())
        assert get_form(session, view) == changed
        assert view.version == 2


def test_two_who_change_it_at_once_do_not_overwrite_each_other(runtime, account):
    campaign_id = make_draft(runtime, account)
    form = form_of(runtime, account, note="zuerst")
    with runtime.unit_of_work() as uow:
        change_campaign(uow, campaign_id, form, actor_id=None, expected_version=1)
    with pytest.raises(ConflictError), runtime.unit_of_work() as uow:
        change_campaign(uow, campaign_id, form, actor_id=None, expected_version=1)


def test_a_draft_answers_nobody_and_goes_live_only_after_its_dry_run(runtime, account, team):
    campaign_id = make_draft(runtime, account, team.chen)
    assert answering(runtime, account) == []
    with pytest.raises(ConflictError) as refused:
        switch(runtime, switching.go_live, campaign_id, team.chen)
    assert refused.value.extra["needs"] == "dry_run"
    confirm_dry_runs(runtime, campaign_id, team.chen)
    switch(runtime, switching.go_live, campaign_id, team.chen)
    assert state(runtime, campaign_id) is CampaignState.LIVE
    assert answering(runtime, account) == [campaign_id]
    with pytest.raises(ConflictError):
        switch(runtime, switching.go_live, campaign_id, team.chen)


def test_keywords_of_a_live_campaign_change_only_after_a_stop_and_another_dry_run(
    runtime, account, team
):
    campaign_id = make_draft(runtime, account, team.chen)
    confirm_dry_runs(runtime, campaign_id, team.chen)
    switch(runtime, switching.go_live, campaign_id, team.chen)
    other = form_of(runtime, account, patterns="别的")
    with pytest.raises(ConflictError), runtime.unit_of_work() as uow:
        change_campaign(uow, campaign_id, other, actor_id=team.chen)
    said = form_of(runtime, account, replies=REPLIES | {Outcome.ENTERED: "改好了"})
    with runtime.unit_of_work() as uow:  # what is said may change at once
        change_campaign(uow, campaign_id, said, actor_id=team.chen)
    switch(runtime, switching.stop, campaign_id, team.chen)
    with runtime.unit_of_work() as uow:
        change_campaign(uow, campaign_id, other, actor_id=team.chen)
    with pytest.raises(ConflictError) as refused:
        switch(runtime, switching.resume, campaign_id, team.chen)
    assert refused.value.extra["needs"] == "dry_run"
    confirm_dry_runs(runtime, campaign_id, team.chen)
    switch(runtime, switching.resume, campaign_id, team.chen)
    assert answering(runtime, account) == [campaign_id]


def test_where_the_account_asks_for_it_a_second_person_starts_it(runtime, account, team):
    ask_for_consent(runtime, account)
    campaign_id = make_draft(runtime, account, team.chen)
    confirm_dry_runs(runtime, campaign_id, team.chen)
    with pytest.raises(NotAllowedError):
        switch(runtime, switching.go_live, campaign_id, team.chen)
    switch(runtime, switching.ask_to_approve, campaign_id, team.chen)
    with runtime.reading() as session:
        told = session.scalars(
            select(Agent.name).join(Notification, Notification.agent_id == Agent.id)
        ).all()
    assert sorted(told) == ["Admin", "Zhou"]
    approve(runtime, switching.go_live, campaign_id, team.zhou)
    with pytest.raises(ConflictError, match="stop it first"), runtime.unit_of_work() as uow:
        change_campaign(uow, campaign_id, form_of(runtime, account), actor_id=team.chen)
    switch(runtime, switching.stop, campaign_id, team.chen)  # everybody may stop
    with runtime.unit_of_work() as uow:
        change_campaign(uow, campaign_id, form_of(runtime, account), actor_id=team.zhou)
    with pytest.raises(ConflictError):  # who wrote it last can't approve it
        approve(runtime, switching.resume, campaign_id, team.zhou)
    approve(runtime, switching.resume, campaign_id, team.admin)
    assert state(runtime, campaign_id) is CampaignState.LIVE


def test_a_campaign_with_codes_needs_them_before_it_goes_live(runtime, account, team):
    replies = REPLIES | {Outcome.ENTERED: "您的码 {{code}}"}
    campaign_id = make_draft(runtime, account, team.chen, has_codes=True, replies=replies)
    confirm_dry_runs(runtime, campaign_id, team.chen)
    with pytest.raises(ConflictError, match="codes"):
        switch(runtime, switching.go_live, campaign_id, team.chen)
    with runtime.unit_of_work() as uow:
        import_codes(uow, campaign_id, b"A-1\nA-2\n")
    switch(runtime, switching.go_live, campaign_id, team.chen)


def test_a_sold_out_campaign_goes_on_after_a_stop(runtime, account, team):
    replies = REPLIES | {Outcome.ENTERED: "您的码 {{code}}"}
    campaign_id = make_draft(runtime, account, has_codes=True, replies=replies)
    with runtime.unit_of_work() as uow:
        import_codes(uow, campaign_id, b"A-1\n")
    confirm_dry_runs(runtime, campaign_id, team.chen)
    switch(runtime, switching.go_live, campaign_id, team.chen)
    switch(runtime, switching.stop, campaign_id, team.chen)
    with runtime.unit_of_work() as uow:
        uow.session.execute(update(PrizeCode).values(state=CodeState.GIVEN))
    switch(runtime, switching.resume, campaign_id, team.chen)
    assert answering(runtime, account) == [campaign_id]


def test_codes_are_not_switched_on_where_it_answers_before_there_are_some(runtime, account, team):
    campaign_id = make_live(runtime, account)
    with_codes = form_of(
        runtime, account, has_codes=True, replies=REPLIES | {Outcome.ENTERED: "您的码 {{code}}"}
    )
    with pytest.raises(ConflictError, match="no codes"), runtime.unit_of_work() as uow:
        change_campaign(uow, campaign_id, with_codes, actor_id=team.chen)
    switch(runtime, switching.stop, campaign_id, team.chen)
    with runtime.unit_of_work() as uow:
        change_campaign(uow, campaign_id, with_codes, actor_id=team.chen)
        import_codes(uow, campaign_id, b"A-1\n")
    confirm_dry_runs(runtime, campaign_id, team.chen)
    switch(runtime, switching.resume, campaign_id, team.chen)


def test_codes_of_a_campaign_whose_answer_shows_none_are_not_given(runtime, account, team):
    campaign_id = make_draft(runtime, account, team.chen)
    with runtime.unit_of_work() as uow:
        import_codes(uow, campaign_id, b"A-1\n")
    confirm_dry_runs(runtime, campaign_id, team.chen)
    with pytest.raises(ConflictError, match="must hold"):
        switch(runtime, switching.go_live, campaign_id, team.chen)


def test_stopping_takes_back_what_waits_to_be_sent(runtime, account, team):
    campaign_id = make_live(runtime, account)
    with runtime.unit_of_work() as uow:
        rule = uow.session.scalars(select(AutoReplyRule)).one()
        who = ensure_contacts(uow, [(account.id, openid(1)), (account.id, openid(2))])
        for contact, is_held in zip(who.values(), (False, True), strict=True):
            message = Message(
                account_id=account.id,
                contact_id=contact.id,
                direction=Direction.OUTGOING,
                kind="text",
                text="感谢参与!",
                sender_kind=SenderKind.RULE,
                sender_id=rule.id,
                rule_version=1,
                created_at=uow.now,
                received_at=uow.now,
            )
            uow.session.add(message)
            uow.session.flush()
            queue_delivery(uow, message, is_bulk=True, is_held=is_held, may_wait=True)
    with runtime.unit_of_work() as uow:
        assert switching.stop(uow, campaign_id, actor_id=team.chen) == 2
        assert switching.stop(uow, campaign_id, actor_id=team.chen) == 0  # twice does no harm
    assert answering(runtime, account) == []
    with runtime.reading() as session:
        assert set(session.scalars(select(DeliveryRow.state))) == {Delivery.WITHDRAWN}
        noted = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert noted[-1] == "campaign.stopped"


def test_an_ended_campaign_can_not_be_changed_or_started_again(runtime, account, team):
    campaign_id = make_live(runtime, account)
    switch(runtime, switching.end, campaign_id, team.chen)
    assert state(runtime, campaign_id) is CampaignState.ENDED
    with pytest.raises(ConflictError), runtime.unit_of_work() as uow:
        change_campaign(uow, campaign_id, form_of(runtime, account), actor_id=team.chen)
    for deed in (switching.stop, switching.resume, switching.go_live):
        with pytest.raises(ConflictError):
            switch(runtime, deed, campaign_id, team.chen)


def test_a_draft_that_is_thrown_away_leaves_its_keyword_free(runtime, account, team):
    campaign_id = make_draft(runtime, account)
    switch(runtime, switching.end, campaign_id, team.chen)
    make_live(runtime, account)


def test_a_prize_that_somebody_has_won_stays_in_the_list(runtime, account, team):
    campaign_id = make_live(runtime, account)
    take_part(runtime, account, campaign_id, people=1)
    with runtime.unit_of_work() as uow:
        phone = list_prizes(uow.session, campaign_id)[0]
        draw(uow, campaign_id, DrawForm({phone.id: 1}), actor_id=team.chen)
    form: CampaignForm = form_of(runtime, account, prizes=PRIZES[1:])
    with pytest.raises(InvalidInputError) as wrong, runtime.unit_of_work() as uow:
        change_campaign(uow, campaign_id, form, actor_id=team.chen)
    assert wrong.value.field == "prizes"
