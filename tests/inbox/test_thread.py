"""Threads page by page, in both directions and around a message."""

import pytest
from cast import customer_writes, texts

from wxdesk.conversations.models import Message, ReadMark


@pytest.fixture
def written(runtime, account, clock):
    """Eleven messages of Wang, a second apart."""
    found = []
    for number in range(11):
        found.append(customer_writes(runtime, account, f"{number}"))
        clock.advance(seconds=1)
    return found


@pytest.fixture
def path(written) -> str:
    return f"/conversations/{written[0].conversation_id}/thread"


def numbers(page) -> list[int]:
    return [int(text) for text in texts(page.json["items"])]


def test_the_newest_page_comes_first_and_older_ones_follow(lin, path):
    newest = lin.get(path, limit=4)
    assert numbers(newest) == [7, 8, 9, 10]
    assert newest.json["newer_cursor"] is None
    older = lin.get(path, limit=4, cursor=newest.json["next_cursor"])
    assert numbers(older) == [3, 4, 5, 6]
    oldest = lin.get(path, limit=4, cursor=older.json["next_cursor"])
    assert numbers(oldest) == [0, 1, 2]
    assert oldest.json["next_cursor"] is None


def test_the_conversation_comes_with_its_thread_when_asked_for(lin, path):
    assert lin.get(path).json["conversation"] is None
    head = lin.get(path, with_conversation="true").json["conversation"]
    assert head == lin.get(path.removesuffix("/thread")).json


def test_from_an_older_page_one_goes_back_to_the_newest(lin, path, runtime, account):
    older = lin.get(path, limit=4, cursor=lin.get(path, limit=4).json["next_cursor"])
    newer = lin.get(path, limit=3, after=older.json["newer_cursor"])
    assert numbers(newer) == [7, 8, 9]
    customer_writes(runtime, account, "11")
    newest = lin.get(path, limit=3, after=newer.json["newer_cursor"])
    assert numbers(newest) == [10, 11]
    assert newest.json["newer_cursor"] is None


@pytest.mark.parametrize(
    ("number", "limit", "shown"),
    [
        (5, 4, [3, 4, 5, 6]),
        (0, 4, [0, 1]),
        (10, 4, [8, 9, 10]),
        (5, 1, [5]),
        (5, 2, [4, 5]),
        (5, 50, list(range(11))),
    ],
)
def test_around_a_message(lin, path, written, number, limit, shown):
    page = lin.get(path, limit=limit, around=written[number].id)
    assert set(shown) <= set(numbers(page))
    assert number in numbers(page)
    assert numbers(page) == list(range(numbers(page)[0], numbers(page)[-1] + 1))
    assert (page.json["next_cursor"] is None) == (numbers(page)[0] == 0)
    assert (page.json["newer_cursor"] is None) == (numbers(page)[-1] == 10)


def test_from_around_a_message_both_ways_lead_to_the_ends(lin, path, written):
    page = lin.get(path, limit=4, around=written[5].id)
    seen = numbers(page)
    older, newer = page.json["next_cursor"], page.json["newer_cursor"]
    while older:
        page = lin.get(path, limit=4, cursor=older)
        seen, older = numbers(page) + seen, page.json["next_cursor"]
    while newer:
        page = lin.get(path, limit=4, after=newer)
        seen, newer = seen + numbers(page), page.json["newer_cursor"]
    assert seen == list(range(11))


def test_a_message_of_somebody_else_is_not_here(lin, path, runtime, account):
    other = customer_writes(runtime, account, openid="oLi")
    assert lin.get(path, around=other.id).status_code == 404
    assert lin.get(path, around=10**9).status_code == 404


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"around": "x"}, "around"),
        ({"after": "junk"}, "after"),
        ({"cursor": "junk"}, "cursor"),
        (
            {"around": "1", "after": "W3sidCI6ICIyMDI2LTAzLTAyVDA5OjAwOjAwKzAwOjAwIn0sIDFd"},
            "around",
        ),
    ],
)
def test_a_wrong_argument_is_named(lin, path, query, field):
    answer = lin.get(path, **query)
    assert (answer.status_code, answer.json["field"]) == (422, field)


def test_what_was_taken_back_is_left_out(lin, path, written, runtime, clock):
    with runtime.unit_of_work() as uow:
        uow.session.get_one(Message, written[4].id).undone_at = clock.now
    assert 4 not in numbers(lin.get(path))
    assert lin.get(path, around=written[4].id).status_code == 404


def test_how_far_this_agent_has_read(lin, mei, path, written, runtime, team):
    with runtime.unit_of_work() as uow:
        mark = ReadMark(
            agent_id=team.lin,
            contact_id=written[0].contact_id,
            message_id=written[6].id,
            read_at=uow.now,
        )
        uow.session.add(mark)
    assert lin.get(path).json["read_message_id"] == written[6].id
    assert mei.get(path).json["read_message_id"] == 0
