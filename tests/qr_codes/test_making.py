"""Codes are ordered as rows, made by a job, and never lost or doubled."""

import pytest
from cast import make_account, work_off
from sqlalchemy import select, update

from wxdesk.accounts.models import Account
from wxdesk.background_jobs import MAKE_QR_CODES
from wxdesk.plumbing.errors import ConflictError, InvalidInputError
from wxdesk.qr_codes import jobs, making, operations
from wxdesk.qr_codes.models import QrCode
from wxdesk.qr_codes.operations import create_codes, make_again
from wxdesk.qr_codes.queries import get_code
from wxdesk.qr_codes.rules import CodeForm, QrState, ShownState


@pytest.fixture
def account(sending, as_service):
    with sending.reading() as session:
        return as_service(sending, session.scalars(select(Account)).one())


def order(runtime, account, **values):
    form = CodeForm(account.id, **({"label": "Café Lin"} | values))
    with runtime.unit_of_work() as uow:
        return create_codes(uow, [form], None)[0]


def code(runtime, code_id):
    with runtime.reading() as session:
        return get_code(session, code_id, runtime.clock())


def test_a_permanent_and_a_temporary_code_are_made_by_wechat(sending, wechat, account):
    first = order(sending, account, scene="cafe-lin")
    second = order(sending, account, days=7)
    assert code(sending, first).state is ShownState.WAITING
    jobs.make()
    made, temporary = code(sending, first), code(sending, second)
    assert (made.state, made.scene, made.expires_at) == (ShownState.READY, "cafe-lin", None)
    assert made.url.startswith("http://weixin.qq.com/q/")
    assert temporary.scene.startswith("q")
    assert (temporary.expires_at - sending.clock()).days in (6, 7)
    assert len(wechat.calls("qrcode/create")) == 2
    sending.clock.advance(days=8)
    assert code(sending, second).state is ShownState.EXPIRED
    with sending.unit_of_work() as uow:
        make_again(uow, second, None)
    jobs.make()
    assert code(sending, second).state is ShownState.READY
    with pytest.raises(ConflictError), sending.unit_of_work() as uow:
        make_again(uow, second, None)


def test_what_wechat_refuses_for_now_is_asked_for_later_and_says_why(sending, wechat, account):
    first, second = order(sending, account), order(sending, account)
    wechat.spoil("errcode", api="qrcode/create", errcode=45009)
    jobs.make()
    waiting = code(sending, first)
    assert waiting.state is ShownState.WAITING
    assert waiting.error
    assert len(wechat.calls("qrcode/create")) == 1  # the second one was not tried in vain
    assert code(sending, second).state is ShownState.WAITING
    sending.clock.advance(days=1)
    jobs.make()
    assert {code(sending, each).state for each in (first, second)} == {ShownState.READY}
    assert code(sending, first).error == ""


def test_what_our_own_pace_holds_back_goes_when_it_may_and_not_a_minute_later(
    sending, wechat, account
):
    with sending.unit_of_work() as uow:
        uow.session.execute(update(Account).values(calls_per_minute=10))
    first, second = order(sending, account), order(sending, account)
    jobs.make()
    assert code(sending, first).state is ShownState.READY
    with sending.reading() as session:
        row = session.get(QrCode, second)
        assert (row.state, row.attempts) == (QrState.WAITING, 0)
        assert 0 < (row.next_attempt_at - sending.clock()).total_seconds() < 10


def test_what_wechat_refuses_for_good_fails_and_stops_no_other(sending, wechat, account):
    first, second = order(sending, account), order(sending, account)
    wechat.spoil("errcode", api="qrcode/create", errcode=45029)
    jobs.make()
    assert code(sending, first).state is ShownState.FAILED
    assert code(sending, first).error
    assert code(sending, second).state is ShownState.READY
    with sending.unit_of_work() as uow:
        make_again(uow, first, None)
    jobs.make()
    assert code(sending, first).state is ShownState.READY


def test_a_worker_killed_before_it_settled_loses_no_code(sending, wechat, account):
    code_id = order(sending, account)
    with sending.unit_of_work() as uow:
        orders = making.claim(uow, account.id, 10)
    jobs.make()
    assert code(sending, code_id).state is ShownState.WAITING  # the other one may still be at it
    sending.clock.advance(minutes=6)
    jobs.make()
    made = code(sending, code_id)
    assert made.state is ShownState.READY
    late = making.Outcome(orders[0], None, None)
    with sending.unit_of_work() as uow:
        making.settle(uow, [late])
    assert code(sending, code_id) == made


def test_a_scene_is_given_once_an_account_and_nothing_is_half_saved(runtime, service):
    with runtime.unit_of_work() as uow:
        create_codes(uow, [CodeForm(service.id, "A", scene="a")], None)
    for forms, row in (
        ([CodeForm(service.id, "B"), CodeForm(service.id, "C", scene="a")], 1),
        ([CodeForm(service.id, "B", scene="b"), CodeForm(service.id, "C", scene="b")], 1),
    ):
        with pytest.raises(InvalidInputError) as error, runtime.unit_of_work() as uow:
            create_codes(uow, forms, None)
        assert (error.value.field, error.value.extra["row"]) == ("scene", row)
    with runtime.reading() as session:
        assert session.scalars(select(QrCode.label)).all() == ["A"]


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("label", {"label": ""}),
        ("label", {"label": "x" * 81}),
        ("scene", {"scene": "qrscene_1"}),
        ("scene", {"scene": "with space"}),
        ("days", {"days": 31}),
        ("cost", {"cost_cents": 10**12}),
        ("campaign_id", {"campaign_id": 4711}),
        ("account_id", {"account_id": 4711}),
    ],
)
def test_bad_input_is_named_at_its_field(runtime, service, field, values):
    form = {"account_id": service.id, "label": "A"} | values
    with pytest.raises(InvalidInputError) as error, runtime.unit_of_work() as uow:
        create_codes(uow, [CodeForm(**form)], None)
    assert error.value.field == field


def test_only_service_accounts_get_codes_and_a_hundred_thousand_of_them(
    runtime, service, monkeypatch
):
    other = make_account(runtime, slug="other", original_id="gh_other", app_id="wxother")
    with pytest.raises(InvalidInputError) as error, runtime.unit_of_work() as uow:
        uow.session.execute(
            update(Account).where(Account.id == other.id).values(account_type="subscription")
        )
        create_codes(uow, [CodeForm(other.id, "A")], None)
    assert error.value.field == "account_id"
    monkeypatch.setattr(operations, "MOST_PERMANENT", 2)
    with runtime.unit_of_work() as uow:
        create_codes(uow, [CodeForm(service.id, "A"), CodeForm(service.id, "B", days=1)], None)
    with pytest.raises(InvalidInputError) as error, runtime.unit_of_work() as uow:
        create_codes(uow, [CodeForm(service.id, "C"), CodeForm(service.id, "D")], None)
    assert error.value.field == "days"
    with runtime.unit_of_work() as uow:
        ids = create_codes(
            uow, [CodeForm(service.id, "C"), CodeForm(service.id, "D", days=1)], None
        )
    with runtime.reading() as session:
        states = session.scalars(select(QrCode.state).where(QrCode.id.in_(ids)))
        assert set(states) == {QrState.WAITING}


def test_a_large_order_stands_behind_answers_until_twenty_are_left(sending, wechat, account):
    with sending.unit_of_work() as uow:
        uow.session.execute(update(Account).values(calls_per_minute=20))  # two of them at once
    form = CodeForm(account.id, label="Café Lin")
    with sending.unit_of_work() as uow:
        ids = create_codes(uow, [form] * (jobs.AT_ONCE + 3), None)
    jobs.make()
    assert len(wechat.calls("qrcode/create")) == 1  # the second slot is left to answers
    with sending.unit_of_work() as uow:
        uow.session.execute(update(QrCode).where(QrCode.id > ids[-3]).values(state=QrState.FAILED))
        uow.session.execute(update(QrCode).values(next_attempt_at=uow.now))
    jobs.make()
    assert len(wechat.calls("qrcode/create")) == 2


def test_prize_codes_wait_behind_an_order_for_two_seconds_only(
    sending, wechat, account, monkeypatch
):
    ids = [order(sending, account) for _ in range(2)]
    with monkeypatch.context() as patch:
        patch.setattr(jobs, "LONGEST_RUN_SECONDS", 0.0)
        jobs.make()
    assert wechat.calls("qrcode/create") == []
    work_off(sending, MAKE_QR_CODES)  # it rang for what is left
    assert {code(sending, each).state for each in ids} == {ShownState.READY}
