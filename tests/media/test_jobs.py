"""Files are fetched once, tried again with pauses, and never lost between two processes."""

import os
import subprocess
import sys
import threading
from datetime import timedelta

import pytest
import requests
from cast import FakeClock, WeChat, customer_writes, make_account
from servers import wait_until
from sqlalchemy import event, func, select, update

from media.phone import FILM, PAGE, PHOTO, SCREENSHOT, VOICE, Customer, contents_of, row_of
from wxdesk.accounts.models import Account
from wxdesk.media import jobs
from wxdesk.media.fetching import (
    claim_next,
    fetch_again,
    settle_failed,
    take_up_abandoned,
)
from wxdesk.media.jobs import fetch, prune
from wxdesk.media.models import Attachment, Leftover
from wxdesk.media.operations import WantedFile, expect_files
from wxdesk.media.queries import list_due_accounts
from wxdesk.media.rota import Outcome, Rota
from wxdesk.media.rules import FileKind, FileRole, FileState
from wxdesk.plumbing.clock import utc_now
from wxdesk.plumbing.errors import DeliveryError
from wxdesk.plumbing.live import Live
from wxdesk.runtime import Runtime


def topics_since(runtime: Runtime, last_id: str) -> set[str]:
    entries = Live(runtime.redis).since(last_id) or []
    return set().union(*(topics for _, topics in entries))


def test_picture_is_fetched_looked_at_and_kept(wang: Customer, sending: Runtime):
    attachment_id = wang.sends(PHOTO)
    seen = Live(sending.redis).last_id()
    fetch()
    row = row_of(sending, attachment_id)
    assert (row.state, row.kind, row.content_type) == (
        FileState.READY,
        FileKind.IMAGE,
        "image/jpeg",
    )
    assert row.size_bytes == len(PHOTO)
    assert row.file_name
    assert row.error_code is None
    assert contents_of(sending, row.sha256) == PHOTO
    assert contents_of(sending, row.thumbnail_sha256)[:3] == b"\xff\xd8\xff"
    assert f"conversation:{wang.messages[0].conversation_id}" in topics_since(sending, seen)


def test_voice_gets_an_mp3_and_video_is_kept_as_it_is(wang: Customer, sending: Runtime):
    voice, video = wang.sends(VOICE, FileKind.VOICE), wang.sends(FILM, FileKind.VIDEO)
    fetch()
    heard, seen = row_of(sending, voice), row_of(sending, video)
    assert heard.playable_sha256
    assert len(heard.waveform["peaks"]) <= 64
    assert heard.duration_seconds
    assert (seen.state, seen.content_type) == (FileState.READY, "video/mp4")
    assert contents_of(sending, seen.sha256) == FILM


def test_same_content_is_stored_once(wang: Customer, sending: Runtime):
    first, second = wang.sends(PHOTO), wang.sends(PHOTO)
    fetch()
    assert row_of(sending, first).sha256 == row_of(sending, second).sha256


def test_page_that_calls_itself_a_picture_is_kept_as_a_plain_file(fetched):
    row = fetched(PAGE)
    assert (row.state, row.kind) == (FileState.READY, FileKind.FILE)
    assert row.content_type == "application/octet-stream"
    assert row.thumbnail_sha256 is None


def test_file_that_wechat_does_not_know_is_gone(wang: Customer, sending: Runtime):
    attachment_id = wang.sends(media_id="never-there")
    fetch()
    row = row_of(sending, attachment_id)
    assert (row.state, row.error_code) == (FileState.GONE, "40007")
    assert row.last_error == "WeChat has deleted this file"


def test_picture_whose_media_id_is_gone_comes_from_its_address(
    wang: Customer, wechat: WeChat, sending: Runtime
):
    known = wang.uploads(PHOTO, FileKind.IMAGE)
    attachment_id = wang.sends(media_id="never-there", source_url=f"{wechat.url}/files/{known}")
    fetch()
    assert row_of(sending, attachment_id).state is FileState.READY


@pytest.mark.parametrize(
    "address",
    [
        "http://169.254.169.254/latest/meta-data",
        "http://localhost:1/x",
        "http://qpic.cn.example.com/x",
        "http://mmbiz.qpic.cn:8080/x",
        "http://x@mmbiz.qpic.cn/x",
        "http://127.0.0.1:6379\\@mmbiz.qpic.cn/",
        "file:///etc/passwd",
        "http://[",
    ],
)
def test_strange_address_is_never_asked(wang: Customer, sending: Runtime, address: str):
    attachment_id = wang.sends(media_id="never-there", source_url=address)
    fetch()
    row = row_of(sending, attachment_id)
    assert (row.state, row.error_code) == (FileState.FAILED, "address")


def test_account_without_the_right_to_media_takes_pictures_by_address(
    wang: Customer, wechat: WeChat, sending: Runtime
):
    with sending.unit_of_work() as uow:
        uow.session.execute(update(Account).values(is_verified=False, config_version=10**6))
    known = wang.uploads(PHOTO, FileKind.IMAGE)
    picture = wang.sends(media_id=known, source_url=f"{wechat.url}/files/{known}")
    voice = wang.sends(VOICE, FileKind.VOICE)
    fetch()
    assert row_of(sending, picture).state is FileState.READY
    assert row_of(sending, voice).state is FileState.FAILED
    assert row_of(sending, voice).error_code == "48001"
    assert wechat.calls("media/get") == []


def test_failed_fetch_is_tried_again_with_growing_pauses(
    wang: Customer, wechat: WeChat, sending: Runtime, clock: FakeClock
):
    attachment_id = wang.sends(PHOTO)
    for seconds in (5, 30, 120):
        wechat.spoil("http_500", api="media/get", times=100)
        fetch()
        row = row_of(sending, attachment_id)
        assert row.state is FileState.WAITING
        assert row.error_code
        assert row.next_attempt_at == clock() + timedelta(seconds=seconds)
        clock.advance(seconds=seconds - 1)
        fetch()
        assert row_of(sending, attachment_id).attempts == row.attempts
        clock.advance(seconds=1)
    assert requests.delete(f"{wechat.url}/sim/faults", timeout=5).ok
    fetch()
    row = row_of(sending, attachment_id)
    assert (row.state, row.error_code, row.last_error) == (FileState.READY, None, None)


def test_after_three_days_without_success_the_file_is_gone(
    wang: Customer, sending: Runtime, clock: FakeClock, build_runtime, redis_server
):
    attachment_id = wang.sends(PHOTO)
    build_runtime(WXDESK_REDIS_URL=redis_server.url)  # a WeChat that can't be reached
    clock.advance(days=2, hours=23)
    fetch()
    assert row_of(sending, attachment_id).state is FileState.WAITING
    clock.advance(hours=2)
    fetch()
    row = row_of(sending, attachment_id)
    assert row.state is FileState.GONE
    assert row.last_error == "it could not be fetched before WeChat deleted it"


def test_daily_quota_holds_all_files_of_the_account_and_is_no_attempt(
    wang: Customer, sending: Runtime, clock: FakeClock
):
    first, second = wang.sends(PHOTO), wang.sends(SCREENSHOT)
    until = clock() + timedelta(hours=3)
    with sending.unit_of_work() as uow:
        claim = claim_next(uow, wang.account.id)
        quota = DeliveryError("used up", code="45009", retry_at=until, is_uncounted=True)
        settle_failed(uow, claim, quota)
    for each in (first, second):
        row = row_of(sending, each)
        assert (row.state, row.attempts, row.next_attempt_at) == (FileState.WAITING, 0, until)


@pytest.mark.parametrize("code", [40164, 40125, 48001, 48004, 50002])
def test_what_an_admin_can_mend_costs_no_file(
    wang: Customer, wechat: WeChat, sending: Runtime, clock: FakeClock, code: int
):
    first, second = wang.sends(PHOTO), wang.sends(VOICE, FileKind.VOICE)
    wechat.spoil("errcode", api="media/get", times=100, errcode=code)
    fetch()
    for each in (first, second):
        row = row_of(sending, each)
        assert (row.state, row.attempts) == (FileState.WAITING, 0)
        assert row.next_attempt_at == clock() + timedelta(minutes=5)
    with sending.reading() as session:
        account = session.scalars(select(Account)).one()
    assert (account.problem_code, account.problem_at) == (str(code), clock())
    assert requests.delete(f"{wechat.url}/sim/faults", timeout=5).ok
    clock.advance(minutes=5)
    fetch()
    assert {row_of(sending, each).state for each in (first, second)} == {FileState.READY}


def test_account_that_nobody_mended_in_three_days_has_lost_its_files(
    wang: Customer, wechat: WeChat, sending: Runtime, clock: FakeClock
):
    attachment_id = wang.sends(VOICE, FileKind.VOICE)
    wechat.spoil("errcode", api="media/get", times=100, errcode=40164)
    fetch()
    clock.advance(days=3)
    fetch()
    assert row_of(sending, attachment_id).state is FileState.GONE


def test_wrong_secret_costs_no_file_even_if_the_picture_s_address_leads_nowhere(
    wang: Customer, wechat: WeChat, sending: Runtime
):
    attachment_id = wang.sends(PHOTO, source_url="http://example.com/x")
    wechat.spoil("errcode", api="stable_token", times=100, errcode=40001)
    fetch()
    row = row_of(sending, attachment_id)
    assert (row.state, row.error_code) == (FileState.WAITING, "40001")


def test_one_account_does_not_wait_for_the_files_of_another(
    wang: Customer, wechat: WeChat, sending: Runtime
):
    """One account's address book is full of files; the other has one."""
    other = make_account(sending, slug="other", original_id="gh_other", app_id="wx9999999999999999")
    for _ in range(3):
        wang.sends(media_id="never-there")
    with sending.reading() as session:
        assert list_due_accounts(session, sending.clock()) == [wang.account.id]
    late = Customer(sending, other)
    attachment_id = late.sends(media_id="x")
    fetch()
    assert row_of(sending, attachment_id).error_code == "40013"  # unknown there


def test_rota_goes_by_turns_and_leaves_failing_accounts_for_later():
    rota = Rota([1, 2])
    assert [rota.take() for _ in range(5)] == [1, 2, 1, 2, None]
    rota.done(1, Outcome.FAILED)
    rota.done(2, Outcome.SETTLED)
    rota.done(1, Outcome.FAILED)
    rota.done(2, Outcome.SETTLED)
    assert [rota.take(), rota.take()] == [2, 2]
    rota.done(2, Outcome.NONE)
    assert rota.take() is None


def test_file_of_a_killed_worker_is_taken_up_again(
    wang: Customer, sending: Runtime, clock: FakeClock
):
    attachment_id = wang.sends(PHOTO)
    with sending.unit_of_work() as uow:
        assert claim_next(uow, wang.account.id) is not None
    fetch()
    assert row_of(sending, attachment_id).state is FileState.FETCHING
    clock.advance(minutes=5, seconds=1)
    fetch()
    row = row_of(sending, attachment_id)
    assert (row.state, row.attempts) == (FileState.READY, 2)


def crash(wang: Customer, clock: FakeClock) -> None:
    """A process claims the file and ends; five minutes later somebody notices."""
    with wang.runtime.unit_of_work() as uow:
        assert claim_next(uow, wang.account.id) is not None
    clock.advance(minutes=5, seconds=1)
    with wang.runtime.unit_of_work() as uow:
        take_up_abandoned(uow)


def test_file_that_ends_its_process_each_time_is_given_up_until_a_person_asks(
    wang: Customer, sending: Runtime, clock: FakeClock
):
    attachment_id = wang.sends(PHOTO)
    for _ in range(2):
        crash(wang, clock)
        assert row_of(sending, attachment_id).state is FileState.WAITING
    seen = Live(sending.redis).last_id()
    crash(wang, clock)
    row = row_of(sending, attachment_id)
    assert (row.state, row.error_code) == (FileState.FAILED, "crashed")
    assert f"conversation:{wang.messages[0].conversation_id}" in topics_since(sending, seen)
    with sending.unit_of_work() as uow:
        assert fetch_again(uow, attachment_id).state is FileState.WAITING
    fetch()
    assert row_of(sending, attachment_id).state is FileState.READY


def test_file_that_ended_its_process_is_not_taken_up_after_the_three_days(
    wang: Customer, sending: Runtime, clock: FakeClock
):
    attachment_id = wang.sends(PHOTO)
    clock.advance(days=2, hours=23, minutes=59)
    crash(wang, clock)
    assert row_of(sending, attachment_id).error_code == "crashed"


def test_voice_in_the_store_stays_whatever_its_conversion_does(
    wang: Customer, sending: Runtime, clock: FakeClock
):
    attachment_id = wang.sends(VOICE, FileKind.VOICE)
    fetch()
    clock.advance(days=30)

    def again() -> None:
        with sending.unit_of_work() as uow:
            row = uow.session.get_one(Attachment, attachment_id)
            row.state, row.next_attempt_at, row.crashes = FileState.WAITING, uow.now, 2

    again()
    crash(wang, clock)
    row = row_of(sending, attachment_id)
    assert (row.state, row.error_code) == (FileState.READY, "crashed")
    again()
    with sending.unit_of_work() as uow:
        claim = claim_next(uow, wang.account.id)
        settle_failed(uow, claim, DeliveryError("away", code="store"))
    row = row_of(sending, attachment_id)
    assert (row.state, row.error_code) == (FileState.READY, "no_voice_tool")


def test_killed_process_costs_minutes_and_no_file(
    wang: Customer, wechat: WeChat, sending: Runtime, clock: FakeClock
):
    clock.now = utc_now()  # the other process has no fake clock
    wang.sends(SCREENSHOT)
    fetch()  # and an access token is there, so that it is killed in the middle of a download
    attachment_id = wang.sends(PHOTO)
    wechat.spoil("slow", api="media/get", seconds=30)
    code = (
        "from wxdesk import runtime, settings\n"
        "from wxdesk.media.jobs import fetch\n"
        "runtime.start(runtime.build(settings.load()))\n"
        "fetch()\n"
    )
    environment = {
        "WXDESK_DATA_DIR": str(sending.settings.data_dir),
        "WXDESK_DATABASE_URL": sending.settings.database_url,
        "WXDESK_REDIS_URL": sending.settings.redis_url,
        "WXDESK_SECRET_KEY": sending.settings.secret_key,
        "WXDESK_WECHAT_API_URL": wechat.url,
    }
    process = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, **environment})
    wait_until(
        lambda: row_of(sending, attachment_id).state is FileState.FETCHING,
        seconds=20,
        what="the claim of the other process",
    )
    process.kill()
    process.wait()
    assert requests.delete(f"{wechat.url}/sim/faults", timeout=5).ok
    fetch()
    assert row_of(sending, attachment_id).state is FileState.FETCHING
    clock.advance(minutes=6)
    fetch()
    assert row_of(sending, attachment_id).state is FileState.READY


def test_worker_that_was_taken_for_dead_changes_nothing(
    wang: Customer, sending: Runtime, clock: FakeClock
):
    attachment_id = wang.sends(PHOTO)
    with sending.unit_of_work() as uow:
        stale = claim_next(uow, wang.account.id)
    clock.advance(minutes=6)
    fetch()
    with sending.unit_of_work() as uow:
        assert not settle_failed(uow, stale, DeliveryError("x", code="timeout"))
    assert row_of(sending, attachment_id).state is FileState.READY


def test_file_is_claimed_by_one_of_many(wang: Customer, sending: Runtime):
    for _ in range(4):
        wang.sends(media_id="x")
    claimed: list[int] = []

    def claim() -> None:
        for _ in range(6):
            with sending.unit_of_work() as uow:
                found = claim_next(uow, wang.account.id)
            if found is not None:
                claimed.append(found.id)

    hands = [threading.Thread(target=claim) for _ in range(4)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    assert len(claimed) == len(set(claimed)) == 4


def test_file_of_a_message_that_was_deleted_meanwhile_is_not_kept(
    wang: Customer, sending: Runtime, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
):
    """The customer's data is deleted while the file is on its way."""
    attachment_id = wang.sends(PHOTO)
    real = jobs.put_all

    def delete_first(store, found) -> None:
        with sending.unit_of_work() as uow:
            uow.session.delete(uow.session.get_one(Attachment, attachment_id))
        real(store, found)

    monkeypatch.setattr(jobs, "put_all", delete_first)
    fetch()
    with sending.reading() as session:
        names = session.scalars(select(Leftover.sha256)).all()
    assert names
    clock.advance(hours=1, seconds=1)
    prune()
    with sending.reading() as session:
        assert session.scalar(select(func.count()).select_from(Leftover)) == 0
    folder = sending.settings.data_dir / "media"
    assert [path for path in folder.rglob("*") if path.is_file()] == []


def test_disk_that_is_full_is_no_reason_to_give_up(wang: Customer, sending: Runtime):
    blocked = sending.settings.data_dir / "media"
    attachment_id = wang.sends(PHOTO)
    blocked.parent.mkdir(exist_ok=True)
    blocked.write_text("a file where the folder should be")
    fetch()
    row = row_of(sending, attachment_id)
    assert (row.state, row.error_code) == (FileState.WAITING, "store")
    blocked.unlink()


def test_voice_that_waited_for_a_converter_is_made_playable_from_the_store(
    wang: Customer, wechat: WeChat, sending: Runtime, clock: FakeClock
):
    attachment_id = wang.sends(VOICE, FileKind.VOICE)
    fetch()
    with sending.unit_of_work() as uow:
        row = uow.session.get_one(Attachment, attachment_id)
        row.playable_sha256, row.error_code = None, "no_voice_tool"
        row.state, row.next_attempt_at = FileState.WAITING, uow.now
    asked = len(wechat.calls("media/get"))
    clock.advance(days=30)
    fetch()
    assert row_of(sending, attachment_id).playable_sha256
    assert len(wechat.calls("media/get")) == asked


def test_thousand_files_are_expected_with_one_statement_and_one_doorbell(
    wang: Customer, sending: Runtime
):
    message = customer_writes(sending, wang.account, kind="image", text="")
    statements: list[str] = []
    event.listen(sending.engine, "before_cursor_execute", lambda *a: statements.append(a[2]))
    before = len(sending.queues.named("media"))
    with sending.unit_of_work() as uow:
        wanted = [
            WantedFile(
                wang.account.id, message.id, FileKind.IMAGE, FileRole.CONTENT, f"m{n}", uow.now
            )
            for n in range(1000)
        ]
        expect_files(uow, wanted)
        expect_files(uow, [])
    inserts = [text for text in statements if text.startswith("INSERT")]
    assert len(inserts) == 1
    assert len(sending.queues.named("media")) == before + 1
    with sending.reading() as session:
        assert session.scalar(select(func.count()).select_from(Attachment)) == 1000


def test_nothing_due_asks_nobody(sending: Runtime, wechat: WeChat):
    fetch()
    prune()
    assert wechat.calls("media/get") == []
