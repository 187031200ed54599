"""Entries on disk while Redis is away."""

import os
import threading
from pathlib import Path

import pytest

from wxdesk.plumbing.spool import Spool, Spooled


def spooled(key: str, answer: str = "", order: int = 0) -> Spooled:
    return Spooled(once_key=key, stream="direct", body=f"body of {key}", answer=answer, order=order)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "spool"


def test_a_spool_that_was_never_used_is_empty(directory):
    assert Spool(directory).is_empty()
    assert len(Spool(directory)) == 0
    assert Spool(directory).unreadable() == []
    assert list(Spool(directory).entries()) == []


def test_the_second_delivery_finds_the_answer_of_the_first(directory):
    first = Spool(directory).put(spooled("a", answer="您好"))
    second = Spool(directory).put(spooled("a", answer="changed meanwhile", order=9))
    assert first == second == spooled("a", answer="您好")
    assert len(Spool(directory)) == 1


def test_the_oldest_comes_first_and_no_more_than_asked_for(directory):
    spool = Spool(directory)
    for order in (3, 1, 2):
        spool.put(spooled(f"k{order}", order=order))
    assert [each.order for each in spool.entries()] == [1, 2, 3]


def test_a_removed_entry_is_gone_and_may_be_removed_twice(directory):
    spool = Spool(directory)
    spool.put(spooled("a"))
    spool.remove(spooled("a"))
    spool.remove(spooled("a"))
    assert spool.is_empty()


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"once_key": "a"}', "null"])
def test_a_damaged_file_is_set_aside_and_the_rest_is_read(directory, damage):
    spool = Spool(directory)
    spool.put(spooled("good"))
    (directory / "bad.json").write_text(damage)
    assert [each.once_key for each in spool.entries()] == ["good"]
    assert [path.name for path in spool.unreadable()] == ["bad.bad"]
    assert [each.once_key for each in spool.entries()] == ["good"]


def test_a_file_that_is_not_text_is_set_aside(directory):
    spool = Spool(directory)
    spool.put(spooled("good"))
    (directory / "bad.json").write_bytes(b"\xff\xfe\x00")
    assert [each.once_key for each in spool.entries()] == ["good"]
    assert len(spool.unreadable()) == 1


def test_a_draft_of_a_crashed_process_is_not_an_entry(directory):
    spool = Spool(directory)
    directory.mkdir()
    (directory / f"abc.{os.getpid()}.1.tmp").write_text('{"once_key": "half')
    assert spool.is_empty()
    assert list(spool.entries()) == []


def test_nothing_but_the_entry_is_left_behind(directory):
    Spool(directory).put(spooled("a"))
    assert [path.suffix for path in directory.iterdir()] == [".json"]


def test_a_disk_that_takes_nothing_is_an_os_error(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(NotADirectoryError):
        Spool(tmp_path / "file" / "spool").put(spooled("a"))


def test_of_many_threads_all_get_the_one_answer_that_is_kept(directory):
    answers: list[str] = []
    start = threading.Barrier(8)

    def put(number: int) -> None:
        start.wait()
        answers.append(Spool(directory).put(spooled("a", answer=str(number), order=number)).answer)

    threads = [threading.Thread(target=put, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (kept,) = Spool(directory).entries()
    assert answers == [kept.answer] * 8
