"""Draws: fair by a rule that anybody can repeat, once a person, recorded, checked."""

import csv
import hashlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from campaigns.events import make_live, take_part
from wxdesk.campaigns.draw_order import Stake, Ticket, mark_of, winners
from wxdesk.campaigns.drawing import (
    DrawForm,
    check_draw,
    count_pool,
    draw,
    get_draw,
    list_pool,
    list_prizes,
)
from wxdesk.campaigns.exporting import pool_csv
from wxdesk.campaigns.models import CampaignEntry, Prize, Promise
from wxdesk.campaigns.rules import PromiseState
from wxdesk.plumbing.errors import ConflictError, InvalidInputError

SEED = "上证指数 2026-11-30 收盘 3456.78"
tickets = st.lists(st.integers(1, 40), max_size=60).map(
    lambda people: [Ticket(number, person) for number, person in enumerate(people, 1)]
)


@pytest.fixture
def campaign_id(runtime, account) -> int:
    return make_live(runtime, account, entries_per_person=3)


def prize_ids(runtime, campaign_id: int) -> dict[str, int]:
    with runtime.reading() as session:
        rows = session.scalars(select(Prize).where(Prize.campaign_id == campaign_id))
        return {it.name: it.id for it in rows}


def run(runtime, campaign_id: int, actor_id: int, quantities: dict[str, int], **values) -> int:
    ids = prize_ids(runtime, campaign_id)
    form = DrawForm({ids[name]: count for name, count in quantities.items()}, **values)
    with runtime.unit_of_work() as uow:
        return draw(uow, campaign_id, form, actor_id=actor_id)


def promised(runtime, draw_id: int) -> list[tuple[int, str, int, int]]:
    with runtime.reading() as session:
        rows = session.execute(
            select(Promise.place, Promise.prize, Promise.entry_id, Promise.contact_id)
            .where(Promise.draw_id == draw_id)
            .order_by(Promise.place)
        )
        return [tuple(row) for row in rows]


@given(tickets, st.randoms(), st.booleans())
def test_the_order_in_which_entries_are_read_does_not_matter(found, random, once):
    stakes = [Stake("手机", 2), Stake("茶杯", 5)]
    shuffled = random.sample(found, len(found))
    first = winners(found, stakes, SEED, once_a_person=once)
    assert winners(shuffled, stakes, SEED, once_a_person=once) == first
    people = [win.ticket.contact_id for win in first]
    assert len({win.ticket.entry_id for win in first}) == len(first)
    if once:
        assert len(set(people)) == len(people) == min(7, len({it.contact_id for it in found}))
    else:
        assert len(first) == min(7, len(found))
    assert [win.prize for win in first] == ["手机", "手机", *["茶杯"] * 5][: len(first)]


def test_anybody_can_repeat_a_draw_from_its_file(runtime, account, team, campaign_id):
    take_part(runtime, account, campaign_id, people=6, each=2)
    draw_id = run(runtime, campaign_id, team.chen, {"手机": 1, "茶杯": 3}, seed=SEED)
    with runtime.reading() as session:
        made = get_draw(session, draw_id, campaign_id)
        file = "".join(pool_csv(list_pool(session, made), lambda one: mark_of(made.seed, one)))
    rows = list(csv.DictReader(io.StringIO(file.lstrip("\ufeff"))))
    assert len(rows) == made.entry_count == 12
    ordered = sorted(
        rows, key=lambda row: hashlib.sha256(f"{SEED}|{row['entry']}".encode()).hexdigest()
    )
    assert all(row["sha256"] == mark_of(SEED, int(row["entry"])) for row in rows)
    seen: list[str] = []
    for row in ordered:
        if row["customer"] not in seen:
            seen.append(row["customer"])
    found = promised(runtime, draw_id)
    assert [str(contact_id) for *_, contact_id in found] == seen[:4]
    assert [prize for _, prize, _, _ in found] == ["手机", "茶杯", "茶杯", "茶杯"]
    numbers = ",".join(sorted((row["entry"] for row in rows), key=int))
    assert made.digest == hashlib.sha256(numbers.encode()).hexdigest()


def test_nobody_wins_twice_in_a_campaign(runtime, account, team, campaign_id):
    take_part(runtime, account, campaign_id, people=5, each=3)
    first = run(runtime, campaign_id, team.chen, {"手机": 1, "茶杯": 2})
    second = run(runtime, campaign_id, team.chen, {"茶杯": 1})
    people = [it[3] for it in promised(runtime, first) + promised(runtime, second)]
    assert len(people) == len(set(people)) == 4
    with runtime.reading() as session:
        assert count_pool(session, campaign_id, runtime.clock()) == (3, 1)
        assert [prize.left for prize in list_prizes(session, campaign_id)] == [0, 0]
        for draw_id in (first, second):  # the first is repeated without knowing of the second
            check = check_draw(session, draw_id, campaign_id)
            assert check.is_same_pool
            assert check.is_same_result


def test_a_second_click_draws_nothing(runtime, account, team, campaign_id):
    take_part(runtime, account, campaign_id, people=3)
    run(runtime, campaign_id, team.chen, {"茶杯": 1}, expected_draws=0)
    with pytest.raises(ConflictError):
        run(runtime, campaign_id, team.chen, {"茶杯": 1}, expected_draws=0)
    with runtime.reading() as session:
        assert len(session.scalars(select(Promise)).all()) == 1


def test_no_more_is_drawn_than_there_is(runtime, account, team, campaign_id):
    take_part(runtime, account, campaign_id, people=3)
    ids = prize_ids(runtime, campaign_id)
    with pytest.raises(InvalidInputError) as wrong:
        run(runtime, campaign_id, team.chen, {"茶杯": 4})
    assert wrong.value.field == f"quantity_{ids['茶杯']}"
    with pytest.raises(InvalidInputError, match="choose"):
        run(runtime, campaign_id, team.chen, {"茶杯": 0})
    with pytest.raises(InvalidInputError) as wrong:
        run(runtime, campaign_id, team.chen, {"茶杯": 1}, seed="x" * 101)
    assert wrong.value.field == "seed"


def test_nobody_can_win_where_nobody_takes_part(runtime, team, campaign_id):
    with pytest.raises(ConflictError, match="no entry"):
        run(runtime, campaign_id, team.chen, {"手机": 1})


def test_a_cancelled_prize_can_be_drawn_again_by_somebody_else(runtime, account, team, campaign_id):
    take_part(runtime, account, campaign_id, people=2)
    first = run(runtime, campaign_id, team.chen, {"手机": 1})
    with runtime.unit_of_work() as uow:
        uow.session.execute(update(Promise).values(state=PromiseState.CANCELLED))
    second = run(runtime, campaign_id, team.chen, {"手机": 1})
    assert promised(runtime, first)[0][3] != promised(runtime, second)[0][3]


def test_a_changed_winner_and_a_removed_entry_are_noticed(runtime, account, team, campaign_id):
    entries = take_part(runtime, account, campaign_id, people=4)
    draw_id = run(runtime, campaign_id, team.chen, {"手机": 1})
    won = promised(runtime, draw_id)[0][2]
    other = next(each for each in entries if each != won)
    with runtime.unit_of_work() as uow:
        uow.session.execute(update(Promise).values(entry_id=other))
    with runtime.reading() as session:
        check = check_draw(session, draw_id, campaign_id)
        assert check.is_same_pool
        assert not check.is_same_result
    gone = next(each for each in entries if each not in (won, other))
    with runtime.unit_of_work() as uow:
        uow.session.execute(delete(CampaignEntry).where(CampaignEntry.id == gone))
    with runtime.reading() as session:
        check = check_draw(session, draw_id, campaign_id)
        assert not check.is_same_pool
        assert (check.entries_then, check.missing) == (4, 1)
