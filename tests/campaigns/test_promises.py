"""Promised prizes: states until they arrive, files for whoever posts them, one message each."""

import csv
import io
from datetime import timedelta

import pytest
from sqlalchemy import select

from campaigns.events import make_live, take_part
from wxdesk.campaigns import promise_files
from wxdesk.campaigns.drawing import DrawForm, draw, list_prizes
from wxdesk.campaigns.models import Promise
from wxdesk.campaigns.promises import (
    PromiseChange,
    PromiseView,
    Wanted,
    change_promise,
    count_states,
    list_promises,
)
from wxdesk.campaigns.rules import PromiseState
from wxdesk.campaigns.telling import count_untold, tell_winners
from wxdesk.contacts.models import Contact
from wxdesk.conversations.models import Message
from wxdesk.outbound.models import DeliveryRow
from wxdesk.outbound.rules import Delivery
from wxdesk.plumbing.errors import ConflictError, InvalidInputError


@pytest.fixture
def campaign_id(runtime, account, team) -> int:
    """Three winners of a cup."""
    made = make_live(runtime, account)
    take_part(runtime, account, made, people=3)
    with runtime.unit_of_work() as uow:
        cup = list_prizes(uow.session, made)[1]
        draw(uow, made, DrawForm({cup.id: 3}), actor_id=team.chen)
    return made


def promises(runtime, campaign_id: int) -> list[PromiseView]:
    with runtime.reading() as session:
        return list_promises(session, campaign_id, Wanted(), 100)


def tell(runtime, campaign_id: int, actor_id: int, text: str = "您中了{{prize}}!") -> int:
    with runtime.unit_of_work() as uow:
        return tell_winners(uow, campaign_id, text, actor_id=actor_id)


def test_a_prize_is_tracked_and_a_lost_update_is_refused(runtime, team, campaign_id):
    one = promises(runtime, campaign_id)[0]
    sent = PromiseChange(PromiseState.SENT, "顺丰", "SF123", one.version)
    with runtime.unit_of_work() as uow:
        assert change_promise(uow, campaign_id, one.id, sent, actor_id=team.chen)
    with runtime.unit_of_work() as uow, pytest.raises(ConflictError):
        change_promise(uow, campaign_id, one.id, sent, actor_id=team.chen)
    now = promises(runtime, campaign_id)[0]
    assert (now.state, now.note, now.tracking) == (PromiseState.SENT, "顺丰", "SF123")
    with runtime.reading() as session:
        assert count_states(session, campaign_id) == {
            PromiseState.SENT: 1,
            PromiseState.PROMISED: 2,
        }


def test_too_long_notes_are_named_at_their_field(runtime, team, campaign_id):
    one = promises(runtime, campaign_id)[0]
    with runtime.unit_of_work() as uow, pytest.raises(InvalidInputError) as wrong:
        long = PromiseChange(PromiseState.SENT, "", "x" * 101)
        change_promise(uow, campaign_id, one.id, long, actor_id=team.chen)
    assert wrong.value.field == "tracking"


@pytest.mark.parametrize("is_chinese", [True, False])
def test_an_exported_file_comes_back_with_what_was_changed_in_it(
    runtime, team, campaign_id, is_chinese
):
    before = promises(runtime, campaign_id)
    rows = list(csv.reader(io.StringIO(promise_files.export(before, is_chinese=is_chinese)[1:])))
    rows[1][4], rows[1][5] = "已寄出", "=SF1"  # a spreadsheet's formula comes back as text
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    data = text.getvalue().encode("gb18030")
    with runtime.reading() as session:
        plan = promise_files.plan_of(session, campaign_id, data)
    assert [row.change for row in plan.rows] == ["changed", "same", "same"]
    with runtime.unit_of_work() as uow:
        promise_files.carry_out(uow, campaign_id, data, plan.digest, actor_id=team.chen)
    after = promises(runtime, campaign_id)
    assert (after[0].state, after[0].tracking) == (PromiseState.SENT, "=SF1")
    assert after[1:] == before[1:]
    with runtime.unit_of_work() as uow, pytest.raises(ConflictError):  # the same file once more
        promise_files.carry_out(uow, campaign_id, data, plan.digest, actor_id=team.chen)


def test_what_a_colleague_saved_after_the_look_at_a_file_is_not_overwritten(
    runtime, team, campaign_id
):
    one = promises(runtime, campaign_id)[0].id
    data = f"number,state,tracking,note\n{one},preparing,,\n".encode()
    with runtime.reading() as session:
        plan = promise_files.plan_of(session, campaign_id, data)
    with runtime.unit_of_work() as uow:
        posted = PromiseChange(PromiseState.SENT, "", "SF123")
        change_promise(uow, campaign_id, one, posted, actor_id=team.zhou)
    with runtime.unit_of_work() as uow, pytest.raises(ConflictError):
        promise_files.carry_out(uow, campaign_id, data, plan.digest, actor_id=team.chen)
    assert promises(runtime, campaign_id)[0].tracking == "SF123"


def test_wrong_rows_of_a_file_are_named_and_nothing_is_taken(runtime, team, campaign_id):
    one = promises(runtime, campaign_id)[0].id
    lines = f"number,state,tracking\n{one},sent,a\n{one},sent,b\n999999,sent,c\n{one + 1},gone,d\n"
    with runtime.reading() as session:
        plan = promise_files.plan_of(session, campaign_id, lines.encode())
    assert [row.number for row in plan.rows if row.problem] == [3, 4, 5]
    with runtime.unit_of_work() as uow, pytest.raises(InvalidInputError):
        promise_files.carry_out(uow, campaign_id, lines.encode(), plan.digest, actor_id=team.chen)
    assert all(it.state is PromiseState.PROMISED for it in promises(runtime, campaign_id))


def test_every_winner_is_told_once_whoever_clicks_how_often(runtime, team, campaign_id):
    with runtime.unit_of_work() as uow:
        someone = uow.session.scalars(select(Contact).order_by(Contact.id).limit(1)).one()
        someone.window_closes_at = uow.now - timedelta(minutes=1)
    assert tell(runtime, campaign_id, team.chen) == 3
    assert tell(runtime, campaign_id, team.chen) == 0
    with runtime.reading() as session:
        sent = session.execute(
            select(Message.text, DeliveryRow.state, DeliveryRow.is_bulk)
            .join(DeliveryRow, DeliveryRow.message_id == Message.id)
            .where(Message.source == "campaign")
        ).all()
        assert count_untold(session, campaign_id) == 0
    assert [text for text, _, _ in sent] == ["您中了茶杯!"] * 3
    assert sorted(state for _, state, _ in sent) == [
        Delivery.HELD,
        Delivery.QUEUED,
        Delivery.QUEUED,
    ]
    assert all(is_bulk for _, _, is_bulk in sent)
    assert {it.told for it in promises(runtime, campaign_id)} == {Delivery.HELD, Delivery.QUEUED}


def test_who_does_not_get_the_prize_is_not_told(runtime, team, campaign_id):
    with runtime.unit_of_work() as uow:
        first = uow.session.scalars(select(Promise).order_by(Promise.id).limit(1)).one()
        first.state = PromiseState.CANCELLED
    assert tell(runtime, campaign_id, team.chen) == 2


@pytest.mark.parametrize("text", ["", " \n", "很长" * 400])
def test_a_message_that_wechat_would_not_take_is_not_sent_to_anybody(
    runtime, team, campaign_id, text
):
    with pytest.raises(InvalidInputError) as wrong:
        tell(runtime, campaign_id, team.chen, text)
    assert wrong.value.field == "text"
    with runtime.reading() as session:
        assert count_untold(session, campaign_id) == 3
