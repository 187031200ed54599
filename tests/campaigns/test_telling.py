"""Winners whom the message did not reach are told again: with a button, and never twice."""

import threading
from collections import Counter
from datetime import timedelta

import pytest
from cast import Api, Browser, as_json
from sqlalchemy import select, update

from campaigns.events import make_live, take_part
from wxdesk.accounts.models import Account
from wxdesk.audit.models import AuditEntry
from wxdesk.campaigns.drawing import DrawForm, draw, list_prizes
from wxdesk.campaigns.models import Promise
from wxdesk.campaigns.promises import PromiseView, Wanted, list_promises
from wxdesk.campaigns.rules import PromiseState
from wxdesk.campaigns.telling import Again, count_missed, tell_again, tell_winners
from wxdesk.contacts.models import Contact
from wxdesk.conversations.models import Message
from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.operations import try_again
from wxdesk.outbound.rules import Delivery
from wxdesk.plumbing.errors import ConflictError


@pytest.fixture
def campaign_id(runtime, account, team) -> int:
    """Four winners who were told."""
    made = make_live(runtime, account)
    take_part(runtime, account, made, people=4)
    with runtime.unit_of_work() as uow:
        phone, cup = list_prizes(uow.session, made)
        draw(uow, made, DrawForm({phone.id: 1, cup.id: 3}), actor_id=team.chen)
    with runtime.unit_of_work() as uow:
        tell_winners(uow, made, "您中了{{prize}}!", actor_id=team.chen)
    return made


def promises(runtime, campaign_id: int, **wanted: object) -> list[PromiseView]:
    with runtime.reading() as session:
        return list_promises(session, campaign_id, Wanted(**wanted), 100)


def went(runtime, campaign_id: int, *states: Delivery) -> list[int]:
    """Their messages ended so, in the order of their promises; the promises' ids."""
    with runtime.unit_of_work() as uow:
        found = uow.session.scalars(
            select(Promise).where(Promise.campaign_id == campaign_id).order_by(Promise.id)
        ).all()
        for promise, state in zip(found, states, strict=True):
            uow.session.execute(
                update(DeliveryRow)
                .where(DeliveryRow.message_id == promise.told_message_id)
                .values(state=state, attempts=6, error_code="45047", last_error="out of quota")
            )
        return [promise.id for promise in found]


def again(runtime, campaign_id: int, actor_id: int, *args: object, **values: object) -> int:
    with runtime.unit_of_work() as uow:
        return tell_again(uow, campaign_id, Again(*args, **values), actor_id=actor_id)


def states(runtime, campaign_id: int) -> list[Delivery | None]:
    return [it.told for it in promises(runtime, campaign_id)]


F, U, S, W = Delivery.FAILED, Delivery.UNCONFIRMED, Delivery.SENT, Delivery.WITHDRAWN
Q = Delivery.QUEUED


def test_only_winners_who_were_not_reached_are_told_again_and_a_second_click_finds_nobody(
    runtime, team, campaign_id
):
    went(runtime, campaign_id, F, S, F, U)
    missed = promises(runtime, campaign_id, missed=True)
    assert [(it.told, it.told_problem) for it in missed] == [
        (state, "out of quota") for state in (F, F, U)
    ]
    with runtime.reading() as session:
        assert count_missed(session, campaign_id).failed == 2
    assert again(runtime, campaign_id, team.chen) == 2
    assert states(runtime, campaign_id) == [Q, S, Q, U]
    assert again(runtime, campaign_id, team.chen) == 0
    with runtime.reading() as session:
        rows = session.execute(
            select(DeliveryRow.attempts, DeliveryRow.is_bulk, DeliveryRow.last_error).where(
                DeliveryRow.state == Q
            )
        ).all()
        assert [tuple(row) for row in rows] == [(0, True, None)] * 2
        told = session.scalars(select(Message.text).where(Message.source == "campaign")).all()
        assert Counter(told) == {"您中了手机!": 1, "您中了茶杯!": 3}
        noted = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "campaign.winners_told_again")
        ).one()
        assert (noted.actor_id, noted.details["count"]) == (team.chen, 2)


def test_who_may_have_it_already_is_told_again_only_if_somebody_says_so(runtime, team, campaign_id):
    went(runtime, campaign_id, U, S, W, U)
    assert again(runtime, campaign_id, team.chen) == 0
    assert again(runtime, campaign_id, team.chen, with_doubtful=True) == 2
    assert states(runtime, campaign_id) == [Q, S, W, Q]


def test_one_winner_is_told_again_also_when_a_colleague_had_taken_it_back(
    runtime, team, campaign_id
):
    ids = went(runtime, campaign_id, F, S, W, U)
    assert again(runtime, campaign_id, team.chen, ids[2]) == 1
    assert again(runtime, campaign_id, team.chen, ids[1]) == 0  # was told
    assert again(runtime, campaign_id, team.chen, ids[3]) == 0  # nobody says that it may be twice
    assert again(runtime, campaign_id, team.chen, ids[0]) == 1
    assert states(runtime, campaign_id) == [Q, S, Q, U]


def test_who_can_not_be_written_to_now_gets_it_with_their_next_message(runtime, team, campaign_id):
    ids = went(runtime, campaign_id, F, F, F, F)
    with runtime.unit_of_work() as uow:
        for promise_id, values in (
            (ids[0], {"window_closes_at": uow.now - timedelta(minutes=1)}),
            (ids[1], {"window_remaining": 0}),
        ):
            promise = uow.session.get_one(Promise, promise_id)
            uow.session.execute(
                update(Contact).where(Contact.id == promise.contact_id).values(**values)
            )
    assert again(runtime, campaign_id, team.chen) == 4
    assert states(runtime, campaign_id) == [Delivery.HELD, Delivery.HELD, Q, Q]


def test_who_has_the_prize_does_not_get_it_or_is_gone_is_not_told_again(runtime, team, campaign_id):
    ids = went(runtime, campaign_id, F, F, F, F)
    with runtime.unit_of_work() as uow:
        uow.session.get_one(Promise, ids[0]).state = PromiseState.CANCELLED
        uow.session.get_one(Promise, ids[1]).state = PromiseState.DELIVERED
        contact_id = uow.session.get_one(Promise, ids[2]).contact_id
        uow.session.get_one(Contact, contact_id).forgotten_at = uow.now
    shown = [it.may_be_told_again for it in promises(runtime, campaign_id)]
    assert shown == [False, False, False, True]
    assert [it.id for it in promises(runtime, campaign_id, missed=True)] == [ids[3]]
    assert again(runtime, campaign_id, team.chen) == 1


def test_what_a_push_has_given_out_is_not_sent_again(runtime, team, campaign_id):
    ids = went(runtime, campaign_id, W, S, S, S)
    with runtime.reading() as session:
        taken = session.scalars(select(DeliveryRow.id).where(DeliveryRow.state == W)).all()
    assert again(runtime, campaign_id, team.chen, ids[0], taken=taken) == 0


def test_two_who_click_at_once_and_an_agent_who_tries_again_send_it_once(
    runtime, team, campaign_id
):
    went(runtime, campaign_id, F, S, S, S)
    with runtime.reading() as session:
        message_id = session.scalars(
            select(DeliveryRow.message_id).where(DeliveryRow.state == F)
        ).one()
    counts: list[int] = []
    thread = threading.Thread(target=lambda: counts.append(again(runtime, campaign_id, team.zhou)))
    with runtime.unit_of_work() as uow:
        assert tell_again(uow, campaign_id, Again(), actor_id=team.chen) == 1
        thread.start()
    thread.join(30)
    assert counts == [0]
    with pytest.raises(ConflictError), runtime.unit_of_work() as uow:
        try_again(uow, message_id, is_held=False)


@pytest.mark.one_database
def test_the_list_shows_who_was_not_reached_and_why_with_a_button_for_each_and_for_all(
    runtime, team, campaign_id, browser: Browser
):
    ids = went(runtime, campaign_id, F, S, W, U)
    browser.log_in("chen")
    home = f"/campaigns/{campaign_id}/prizes"
    page = browser.get(home).text
    assert page.count('class="btn btn-sm promise-again"') == 3
    for sentence in (
        "message failed",
        "nobody knows",
        "taken back",
        "out of quota",
        "get it twice",
    ):
        assert sentence in page
    assert "Not reached 3" in page
    missed = browser.get(f"{home}?missed=1").text
    assert [f'id="promise-{each}"' in missed for each in ids] == [True, False, True, True]
    answer = browser.post(f"{home}/tell-again", promise=str(ids[3]), with_doubtful="1", missed="1")
    assert answer.headers["Location"] == f"{home}?missed=1#promise-{ids[3]}"
    browser.post(f"{home}/tell-again")
    assert states(runtime, campaign_id) == [Q, S, W, Q]
    browser.post(f"{home}/tell-again")
    after = browser.get(home).text
    assert "Nobody was left" in after
    assert "Tell all of them again" not in after
    assert after.count('class="btn btn-sm promise-again"') == 1


@pytest.mark.one_database
def test_scripts_read_the_promised_prizes_and_tell_again(
    runtime, team, campaign_id, chen: Api, lin: Api
):
    ids = went(runtime, campaign_id, F, S, U, F)
    path = f"/campaigns/{campaign_id}/prizes"
    page = as_json(lin.get(path, limit=3))
    rest = as_json(lin.get(path, limit=3, cursor=page["next_cursor"]))
    assert [it["id"] for it in page["items"] + rest["items"]] == ids
    assert (page["items"][0]["told"], page["items"][0]["told_problem"]) == (F, "out of quota")
    assert [it["id"] for it in as_json(lin.get(path, missed="true"))["items"]] == [
        ids[0],
        *ids[2:],
    ]
    assert as_json(lin.get(path, state="gone"))["field"] == "state"
    assert lin.post(f"{path}/tell-again").status_code == 403
    assert as_json(chen.post(f"{path}/tell-again", {"promise_id": "1"}))["field"] == "promise_id"
    assert as_json(chen.post(f"{path}/tell-again", {"promise_id": ids[3]})) == {"count": 1}
    assert as_json(chen.post(f"{path}/tell-again", {"with_doubtful": True})) == {"count": 2}
    assert as_json(chen.post(f"{path}/tell-again")) == {"count": 0}
    assert as_json(chen.post(f"{path}/tell", {"text": "您中了"})) == {"count": 0}
    assert as_json(chen.post(f"{path}/tell", {}))["field"] == "text"


def test_where_the_account_asks_for_approval_a_supervisor_tells_them(runtime, account, app, team):
    made = make_live(runtime, account)
    take_part(runtime, account, made, people=1)
    with runtime.unit_of_work() as uow:
        draw(uow, made, DrawForm({list_prizes(uow.session, made)[0].id: 1}), actor_id=team.chen)
        uow.session.get_one(Account, account.id).needs_approval = True
    page = f"/campaigns/{made}/prizes"
    for name, status, count in (("chen", 403, 0), ("zhou", 302, 1)):
        browser = Browser(app.test_client())
        browser.log_in(name)
        assert ("by a supervisor" in browser.get(page).text) is (name == "chen")
        assert browser.post(f"{page}/tell", text="您中了{{prize}}!").status_code == status
        with runtime.reading() as session:
            assert session.query(DeliveryRow).filter(DeliveryRow.is_bulk).count() == count
