"""What a code has brought, against stories whose numbers can be counted by hand."""

from cast import record_waiting
from sqlalchemy import func, select, update

from wxdesk.contacts.models import Contact, FollowEvent
from wxdesk.conversations.models import Conversation
from wxdesk.privacy.operations import forget_now
from wxdesk.privacy.rules import Policy
from wxdesk.qr_codes.figures import Figures, Kept, figures_by, totals
from wxdesk.qr_codes.models import QrCode
from wxdesk.qr_codes.operations import create_codes
from wxdesk.qr_codes.queries import Wanted, conditions
from wxdesk.qr_codes.rules import CodeForm


def make(runtime, account, *forms):
    with runtime.unit_of_work() as uow:
        return create_codes(uow, [CodeForm(account.id, **each) for each in forms], None)


def figures(runtime, code_id):
    with runtime.reading() as session:
        found = figures_by(session, QrCode.id, [QrCode.id == code_id], runtime.clock())
    return found[code_id]


def test_new_followers_count_once_and_stay_only_while_they_have_not_left(runtime, service, street):
    (code_id,) = make(runtime, service, {"label": "Café", "scene": "cafe", "cost_cents": 90_000})
    street.comes("stays", "cafe", 40)
    street.comes("left_in_a_week", "cafe", 40)
    street.leaves("left_in_a_week", 35)
    street.comes("left_after_ten_days", "cafe", 40)
    street.leaves("left_after_ten_days", 30)
    street.comes("young", "cafe", 3)
    street.comes("was_here_before", "", 90)
    street.leaves("was_here_before", 60)
    street.comes("was_here_before", "cafe", 40)
    street.scans("stays", "cafe", 1)
    its = figures(runtime, code_id)
    assert (its.scans, its.people) == (6, 5)
    assert (its.new_followers, its.returned, its.following) == (4, 1, 2)
    assert (its.short, its.long) == (Kept(3, 2, 2), Kept(3, 1, 1))
    assert its.cents_a_kept(its.short) == 45_000
    assert its.cents_a_kept(its.long) == 90_000


def test_followers_of_codes_without_a_cost_make_none_of_the_others_cheaper(
    runtime, service, street
):
    costs = {"label": "A", "scene": "a", "cost_cents": 10_000}
    make(runtime, service, costs, {"label": "B", "scene": "b"})
    for number in range(4):
        street.comes(f"free{number}", "b", 40)
    street.comes("paid", "a", 40)
    with runtime.reading() as session:
        its = totals(session, [], runtime.clock())
    assert its.long == Kept(5, 5, 1)
    assert its.cents_a_kept(its.long) == 10_000


def test_customers_whose_rows_were_deleted_still_count(runtime, service, street):
    (code_id,) = make(runtime, service, {"label": "Café", "scene": "cafe", "cost_cents": 90_000})
    street.comes("gone", "cafe", 40)
    street.scans("gone", "cafe", 39)
    street.leaves("gone", 35)
    street.comes("stays", "cafe", 40)
    before = figures(runtime, code_id)
    with runtime.unit_of_work() as uow:
        forget_now(uow, street.contact(uow, "gone"), Policy.DELETE, actor_id=None)
    assert figures(runtime, code_id) == before
    assert (before.people, before.new_followers, before.short) == (2, 2, Kept(2, 1, 1))
    with runtime.reading() as session:
        assert session.scalar(select(func.count()).select_from(Contact)) == 1
        left = session.scalars(select(FollowEvent.contact_id).where(~FollowEvent.is_follow)).all()
    assert left == [None]


def test_what_is_too_young_is_unknown_and_no_cost_is_no_price(runtime, service, street):
    (code_id,) = make(runtime, service, {"label": "Café", "scene": "cafe"})
    street.comes("young", "cafe", 6.9)
    its = figures(runtime, code_id)
    assert its.short.share is None
    assert its.cents_a_kept(its.short) is None
    runtime.clock.advance(days=0.2)
    its = figures(runtime, code_id)
    assert its.short == Kept(1, 1)
    assert its.cents_a_kept(its.short) is None


def test_a_follow_that_is_recorded_late_sets_right_what_came_after_it(runtime, service, street):
    street.leaves("late", 10)
    street.comes("late", "cafe", 5)
    street.comes("late", "shop", 20)
    with runtime.reading() as session:
        events = session.scalars(select(FollowEvent).order_by(FollowEvent.happened_at)).all()
    assert [(it.scene, it.is_return, it.lasted_seconds) for it in events] == [
        ("shop", False, 10 * 86_400),
        ("", False, None),
        ("cafe", True, None),
    ]


def test_who_scans_two_codes_of_a_folder_is_one_person_of_it(runtime, service, street):
    folder = {"folder": "North"}
    ids = make(
        runtime,
        service,
        {"label": "A", "scene": "a", "cost_cents": 100, **folder},
        {"label": "B", "scene": "b", "cost_cents": 200, **folder},
        {"label": "C", "scene": "c"},
    )
    street.comes("wang", "a", 9)
    street.scans("wang", "b", 2)
    street.scans("wang", "elsewhere", 2)
    with runtime.reading() as session:
        by_folder = figures_by(session, QrCode.folder, conditions(Wanted()), runtime.clock())
        every = totals(session, conditions(Wanted()), runtime.clock())
        none = totals(session, conditions(Wanted(text="nobody")), runtime.clock())
    north = by_folder["North"]
    assert (north.codes, north.cost_cents, north.scans, north.people) == (2, 300, 2, 1)
    assert north.short == Kept(1, 1, 1)
    assert by_folder[""] == Figures(codes=1)
    assert (every.codes, every.scans, every.people) == (3, 2, 1)
    assert none == Figures()
    assert len(ids) == 3


def test_conversations_count_from_the_first_scan_on(runtime, service, street, customer):
    (code_id,) = make(runtime, service, {"label": "Café", "scene": "cafe"})
    customer("wang")
    with runtime.unit_of_work() as uow:
        street._scan(uow, "wang", "cafe", -1, is_follow=False)
    assert figures(runtime, code_id).conversations == 0
    with runtime.unit_of_work() as uow:
        later = runtime.clock().replace(year=2027)
        uow.session.execute(update(Conversation).values(opened_at=later))
    assert figures(runtime, code_id).conversations == 1


def test_pushes_of_wechat_become_scans_and_follows_once(runtime, service, webhook):
    (code_id,) = make(runtime, service, {"label": "Café", "scene": "cafe"})
    for push in (
        webhook.event("subscribe", EventKey="qrscene_cafe", Ticket="t"),
        webhook.event("SCAN", EventKey="cafe", Ticket="t"),
        webhook.event("unsubscribe"),
    ):
        for _ in range(2):  # WeChat delivers again
            assert webhook.deliver(push).status_code == 200
        runtime.clock.advance(hours=1)
        record_waiting(runtime)
    its = figures(runtime, code_id)
    assert (its.scans, its.people, its.new_followers, its.following) == (2, 1, 1, 0)
    with runtime.reading() as session:
        lasted = session.scalars(select(FollowEvent.lasted_seconds).order_by(FollowEvent.id)).all()
    assert lasted == [2 * 3_600, None]
