"""Contents leave the store when no row names them, and never while one is about to."""

import tempfile
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from cast import FakeClock, Team, hire
from sqlalchemy import event, select

from media.phone import PHOTO, Customer, contents_of, row_of
from wxdesk.media.api import keep_upload
from wxdesk.media.jobs import fetch, prune
from wxdesk.media.leftovers import (
    claim_unneeded,
    note_before_storing,
    note_deleted,
    note_unneeded,
)
from wxdesk.media.models import Attachment, Leftover
from wxdesk.media.operations import delete_files
from wxdesk.media.store import store_at
from wxdesk.media.uploads import NewUpload
from wxdesk.plumbing.clock import utc_now
from wxdesk.plumbing.errors import NotFoundError, UnavailableError
from wxdesk.runtime import Runtime

NAME = "ab" * 32


def is_stored(runtime: Runtime, sha256: str) -> bool:
    try:
        store_at(runtime.settings.media_url).open(sha256).file.close()
    except NotFoundError:
        return False
    return True


def test_deleted_file_leaves_the_store_within_the_hour(
    wang: Customer, sending: Runtime, clock: FakeClock
):
    attachment_id = wang.sends(PHOTO)
    fetch()
    row = row_of(sending, attachment_id)
    clock.advance(hours=2)
    with sending.unit_of_work() as uow:
        delete_files(uow, message_ids=[row.message_id])
    assert len(sending.queues.named("media")) >= 1
    prune()
    assert not is_stored(sending, row.sha256)
    assert not is_stored(sending, row.thumbnail_sha256)
    with sending.reading() as session:
        assert session.get(Attachment, attachment_id) is None


def test_content_that_another_file_has_stays(wang: Customer, sending: Runtime, clock: FakeClock):
    first, second = wang.sends(PHOTO), wang.sends(PHOTO)
    fetch()
    clock.advance(hours=2)
    with sending.unit_of_work() as uow:
        delete_files(uow, attachment_ids=[first])
    prune()
    assert contents_of(sending, row_of(sending, second).sha256) == PHOTO
    with sending.reading() as session:
        assert session.scalars(select(Leftover)).all() == []


def test_content_that_is_being_stored_is_not_deleted(sending: Runtime, clock: FakeClock):
    """One process stores a picture again while its last row is deleted."""
    with sending.unit_of_work() as uow:
        note_before_storing(uow, [NAME])
    with sending.unit_of_work() as uow:
        note_unneeded(uow, [NAME])
        assert claim_unneeded(uow) is None
    clock.advance(hours=1)
    with sending.unit_of_work() as uow:
        assert claim_unneeded(uow) == [NAME]


def test_content_that_is_being_deleted_can_be_stored_a_moment_later(
    sending: Runtime, clock: FakeClock
):
    with sending.unit_of_work() as uow:
        note_unneeded(uow, [NAME])
    with sending.unit_of_work() as uow:
        assert claim_unneeded(uow) == [NAME]
    with pytest.raises(UnavailableError), sending.unit_of_work() as uow:
        note_before_storing(uow, [NAME, "cd" * 32])
    with sending.unit_of_work() as uow:
        note_deleted(uow, [NAME])
    with sending.unit_of_work() as uow:
        note_before_storing(uow, [NAME])


def test_deletion_that_was_killed_is_done_again(sending: Runtime, clock: FakeClock):
    with sending.unit_of_work() as uow:
        note_unneeded(uow, [NAME])
    with sending.unit_of_work() as uow:
        assert claim_unneeded(uow) == [NAME]
        assert claim_unneeded(uow) is None
    clock.advance(minutes=10)
    with sending.unit_of_work() as uow:
        assert claim_unneeded(uow) == [NAME]


def test_many_contents_are_deleted_in_one_run_and_each_note_is_looked_at_once(
    wang: Customer, sending: Runtime, clock: FakeClock
):
    attachment_id = wang.sends(PHOTO)
    fetch()
    needed = row_of(sending, attachment_id).sha256
    clock.advance(hours=2)
    with sending.unit_of_work() as uow:
        note_unneeded(uow, [needed, *(f"{number:064x}" for number in range(60))])
    statements: list[str] = []
    event.listen(sending.engine, "before_cursor_execute", lambda *a: statements.append(a[2]))
    prune()
    asked = [text for text in statements if "EXISTS" in text]
    assert 12 <= len(asked) <= 16  # two for each ten, however many notes there are
    with sending.reading() as session:
        assert session.scalars(select(Leftover)).all() == []
    assert is_stored(sending, needed)


def test_forgetting_many_customers_leaves_one_call_of_the_pruning_job(
    wang: Customer, sending: Runtime
):
    files = [wang.sends(PHOTO) for _ in range(3)]
    fetch()
    queue = sending.queues.named("media")
    queue.empty()
    for each in files:
        with sending.unit_of_work() as uow:
            delete_files(uow, attachment_ids=[each])
    assert len(queue) == 1


def test_storing_and_deleting_at_once_never_both_succeed(sending: Runtime, clock: FakeClock):
    for number in range(20):
        name = f"{number:064x}"
        with sending.unit_of_work() as uow:
            note_unneeded(uow, [name])
        results: list[str] = []
        start = threading.Barrier(2)

        def store(name: str = name, results: list[str] = results, start=start) -> None:
            start.wait()
            try:
                with sending.unit_of_work() as uow:
                    note_before_storing(uow, [name])
                results.append("stored")
            except UnavailableError:
                pass

        def remove(name: str = name, results: list[str] = results, start=start) -> None:
            start.wait()
            with sending.unit_of_work() as uow:
                if claim_unneeded(uow) == [name]:
                    results.append("deleted")

        hands = [threading.Thread(target=store), threading.Thread(target=remove)]
        for hand in hands:
            hand.start()
        for hand in hands:
            hand.join()
        assert len(results) == 1
        with sending.unit_of_work() as uow:
            note_deleted(uow, [name])


def test_file_of_a_rule_stays_when_the_customer_is_forgotten(
    wang: Customer, sending: Runtime, clock: FakeClock
):
    attachment_id = wang.sends(PHOTO)
    fetch()
    with sending.unit_of_work() as uow:
        uow.session.get_one(Attachment, attachment_id).is_kept = True
    with sending.unit_of_work() as uow:
        delete_files(uow, attachment_ids=[attachment_id])
    clock.advance(hours=2)
    prune()
    row = row_of(sending, attachment_id)
    assert row.message_id is None
    assert contents_of(sending, row.sha256) == PHOTO


def test_temporary_files_of_killed_processes_are_removed_after_a_day(
    sending: Runtime, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "wxdesk-media-abc").mkdir()
    (tmp_path / "wxdesk-media-abc" / "file").write_bytes(PHOTO)
    (tmp_path / "of-somebody-else").mkdir()
    clock.now = utc_now() + timedelta(hours=23)
    prune()
    assert (tmp_path / "wxdesk-media-abc").exists()
    clock.advance(hours=2)
    prune()
    assert not (tmp_path / "wxdesk-media-abc").exists()
    assert (tmp_path / "of-somebody-else").exists()


def test_upload_that_nobody_sent_is_removed_after_a_day(
    wang: Customer, sending: Runtime, clock: FakeClock
):
    team: Team = hire(sending)
    unsent, kept = (
        row_of(sending, keep_upload(sending, NewUpload(wang.account.id, team.lin, name, data)).id)
        for name, data in (("a.jpg", PHOTO), ("b.jpg", PHOTO + b"x"))
    )
    with sending.unit_of_work() as uow:
        uow.session.get_one(Attachment, kept.id).is_kept = True  # a rule answers with it
    clock.advance(hours=23)
    prune()
    assert row_of(sending, unsent.id)
    clock.advance(hours=1, seconds=1)
    prune()
    with sending.reading() as session:
        assert session.get(Attachment, unsent.id) is None
    assert not is_stored(sending, unsent.sha256)
    assert is_stored(sending, kept.sha256)
    assert row_of(sending, kept.id).created_at < clock() - timedelta(hours=24)
