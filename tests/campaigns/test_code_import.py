"""Large files of codes: in pieces that keep nobody waiting, taken into the pool at one instant."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import func, select

from campaigns.scene import counts, make_campaign, writes
from wxdesk.campaigns import code_import, codes
from wxdesk.campaigns.code_files import read_codes
from wxdesk.campaigns.code_import import import_file
from wxdesk.campaigns.code_queries import count_codes, find_import, list_batches, list_codes
from wxdesk.campaigns.codes import (
    Wish,
    add_piece,
    begin_import,
    break_off,
    import_codes,
    remove_piece,
    void_unused,
)
from wxdesk.campaigns.jobs import offer_codes, reconcile_codes
from wxdesk.campaigns.models import CodeImport, PrizeCode
from wxdesk.campaigns.operations import check_code
from wxdesk.campaigns.queries import list_campaigns, sums_of
from wxdesk.plumbing.errors import ConflictError, InvalidInputError

FILE = read_codes(b"B-1\nB-2\nB-3\nB-4\nB-5\n")


class Killed(BaseException):
    """The process is gone: nothing of it runs any more."""


@pytest.fixture
def campaign(runtime, account, monkeypatch):
    """It has one code; a file has several pieces."""
    monkeypatch.setattr(codes, "PIECE", 2)
    monkeypatch.setattr(code_import, "PIECE", 2)
    monkeypatch.setattr(code_import, "REST_SECONDS", 0)
    return make_campaign(runtime, account, ["A-1"])


@pytest.fixture
def before_each_piece(monkeypatch):
    """Do something before each piece is written, and before the import is finished."""

    def install(act: Callable[[], object]) -> None:
        for name in ("add_piece", "finish_import"):
            real = getattr(code_import, name)

            def acting(*args, real=real):
                act()
                return real(*args)

            monkeypatch.setattr(code_import, name, acting)

    return install


@contextmanager
def killed_after(pieces: int) -> Iterator[None]:
    """The process dies when it has written so many pieces, or instead of finishing."""
    left = iter(range(pieces))

    def dying(*args):
        if next(left, None) is None:
            raise Killed
        return codes.add_piece(*args)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        patch.setattr(code_import, "add_piece", dying)
        patch.setattr(code_import, "finish_import", dying)
        patch.setattr(code_import, "_undo", lambda *_: None)
        yield


def bring_in(runtime, campaign, file=FILE):
    return import_file(runtime, campaign.id, file, Wish(batch="b"))


def stored(runtime) -> int:
    with runtime.reading() as session:
        return session.scalar(select(func.count()).select_from(PrizeCode))


def progress(runtime, campaign):
    with runtime.reading() as session:
        found = find_import(session, campaign.id)
    return None if found is None else (found.done, found.total, found.is_broken)


def test_nobody_sees_or_gets_a_code_before_the_last_piece_is_there(
    runtime, account, webhook, campaign, before_each_piece
):
    assert writes(webhook, 1) == "您的码是 A-1"
    seen = []

    def look():
        offer_codes()
        reconcile_codes()
        assert writes(webhook, 2) == "已发完"
        with runtime.reading() as session:
            shown = list_codes(session, campaign.id, state=None, after_id=0, limit=9)
            names = [it.batch for it in list_batches(session, campaign.id)]
            (view,) = list_campaigns(session, runtime.clock())
            left = sums_of(session, [view])[campaign.id].codes_left
        with runtime.unit_of_work() as uow:
            assert void_unused(uow, campaign.id, redis=runtime.redis) == 0
        seen.append((progress(runtime, campaign), stored(runtime)))
        hidden = stored(runtime) - 1
        assert (counts(runtime, campaign).total, len(shown), "b" in names) == (1, 1, False)
        assert left == 1 or hidden < 5  # A-1 is not recorded as given yet

    before_each_piece(look)
    bring_in(runtime, campaign)
    assert seen == [((0, 5, False), 1), ((2, 5, False), 3), ((4, 5, False), 5), ((5, 5, False), 6)]
    assert counts(runtime, campaign).total == 6
    assert progress(runtime, campaign) is None
    offer_codes()
    assert writes(webhook, 3) == "您的码是 B-1"


def test_codes_that_are_there_are_offered_and_those_of_the_file_are_not(
    runtime, account, webhook, campaign, before_each_piece
):
    other = make_campaign(runtime, account, ["D-1"], is_open=False, rule={"patterns": "领券"})
    before_each_piece(lambda: stored(runtime) == 6 and offer_codes())
    import_file(runtime, other.id, FILE, Wish())
    found = counts(runtime, other)
    assert (found.offered, found.free) == (1, 5)


@pytest.mark.parametrize("pieces", range(4))
def test_what_a_killed_process_wrote_is_never_given_and_goes_by_itself(
    runtime, webhook, clock, campaign, pieces
):
    with killed_after(pieces):
        bring_in(runtime, campaign)
    assert stored(runtime) == 1 + min(2 * pieces, 5)
    assert counts(runtime, campaign).total == 1
    clock.advance(seconds=59)
    reconcile_codes()  # it may only be slow
    with pytest.raises(ConflictError, match="another file"):
        bring_in(runtime, campaign)
    clock.advance(seconds=2)
    reconcile_codes()
    assert (stored(runtime), progress(runtime, campaign)) == (1, None)
    assert writes(webhook, 1) == "您的码是 A-1"
    assert writes(webhook, 2) == "已发完"
    bring_in(runtime, campaign)
    assert counts(runtime, campaign).total == 6


def test_a_process_that_was_taken_for_dead_writes_nothing_more(
    runtime, clock, campaign, before_each_piece
):
    def sleep():
        clock.advance(seconds=61)
        reconcile_codes()

    before_each_piece(sleep)
    with pytest.raises(ConflictError, match="broken off"):
        bring_in(runtime, campaign)
    assert (stored(runtime), progress(runtime, campaign)) == (1, None)


def test_of_two_files_at_once_with_the_same_codes_one_is_taken_and_one_is_refused(
    runtime, campaign, before_each_piece
):
    other = read_codes(b"C-1\nC-2\nB-5\n")
    refused = []

    def come_second():
        with pytest.raises(ConflictError, match="another file"):
            import_file(runtime, campaign.id, other, Wish())
        with pytest.raises(ConflictError), runtime.unit_of_work() as uow:
            import_codes(uow, campaign.id, b"C-9")
        refused.append(True)

    before_each_piece(come_second)
    bring_in(runtime, campaign)
    assert len(refused) == 4
    with pytest.raises(InvalidInputError) as error:
        import_file(runtime, campaign.id, other, Wish())
    assert [it["line"] for it in error.value.extra["problems"]] == [3]
    assert stored(runtime) == 6
    assert progress(runtime, campaign) is None


def test_a_campaign_has_no_code_as_long_as_its_file_is_not_whole(
    runtime, account, campaign, before_each_piece
):
    empty = make_campaign(runtime, account, has_codes=True, rule={"patterns": "领券"})

    def try_to_go_live():
        with pytest.raises(ConflictError, match="no codes"), runtime.unit_of_work() as uow:
            check_code(uow, empty.id)

    before_each_piece(try_to_go_live)
    import_file(runtime, empty.id, FILE, Wish())
    with runtime.unit_of_work() as uow:
        check_code(uow, empty.id)


def test_what_fails_half_way_is_taken_out_at_once(runtime, campaign, before_each_piece):
    def full():
        if stored(runtime) == 5:
            raise OSError("disk full")

    before_each_piece(full)
    with pytest.raises(OSError, match="disk full"):
        bring_in(runtime, campaign)
    assert (stored(runtime), progress(runtime, campaign)) == (1, None)


def test_the_page_shows_how_far_a_large_file_is(runtime, campaign, browser, team):
    browser.log_in("chen")
    with killed_after(2):
        bring_in(runtime, campaign)
    home = f"/campaigns/{campaign.id}/codes"
    assert "4 of 5 codes" in browser.get(f"{home}/importing").text
    assert "4 of 5 codes" in browser.get(home).text
    answer = browser.post(home, text="C-1")
    assert answer.status_code == 409
    assert "another file is being taken" in answer.text
    with runtime.unit_of_work() as uow:
        uow.session.get_one(CodeImport, campaign.id).is_broken = True
    assert "broken off" in browser.get(f"{home}/importing").text


def test_ids_that_are_given_again_bring_no_half_file_into_the_pool(runtime, account):
    one = make_campaign(runtime, account, ["A-1"], is_open=False)
    two = make_campaign(runtime, account, ["A-2"], is_open=False, rule={"patterns": "zwei"})
    file = read_codes(b"X-1\nX-2\nX-3\n")
    with runtime.unit_of_work() as uow:
        broken = begin_import(uow, two.id, file, Wish())
        add_piece(uow, broken, ["X-1", "X-2"])
    with runtime.unit_of_work() as uow:
        begun = begin_import(uow, one.id, file, Wish())
        break_off(uow, two.id, broken.mark)
        while remove_piece(uow, two.id):
            pass
        add_piece(uow, begun, ["X-1", "X-2"])  # SQLite gives the ids of two's codes again
    with runtime.reading() as session:
        assert count_codes(session, one.id).total == 1
