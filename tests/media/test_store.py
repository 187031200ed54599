"""Contents in a folder and in a bucket of a real S3 service: the same promises."""

import hashlib
import io
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from wxdesk.media.store import FolderStore, Store, store_at
from wxdesk.plumbing.clock import utc_now
from wxdesk.plumbing.errors import ConfigurationError, NotFoundError, UnavailableError

CONTENT = os.urandom(300_000)
NAME = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "folder":
        return store_at((tmp_path / "media ü").as_uri())
    return store_at(request.getfixturevalue("bucket_url"))


def test_content_comes_back_as_it_was(store: Store):
    store.check()
    store.put(NAME, io.BytesIO(CONTENT))
    store.put(NAME, io.BytesIO(CONTENT))
    opened = store.open(NAME)
    with opened.file as file:
        assert file.read() == CONTENT
    assert opened.size == len(CONTENT)


def test_part_of_a_content_can_be_read(store: Store):
    store.put(NAME, io.BytesIO(CONTENT))
    with store.open(NAME).file as file:
        file.seek(1000)
        assert file.read(10) == CONTENT[1000:1010]
        assert file.read(10) == CONTENT[1010:1020]
        assert file.tell() == 1020
        file.seek(-5, io.SEEK_END)
        assert file.read() == CONTENT[-5:]
        assert file.read(1) == b""


def test_deleted_content_is_not_there_and_may_be_deleted_again(store: Store):
    store.put(NAME, io.BytesIO(CONTENT))
    store.delete(NAME)
    store.delete(NAME)
    with pytest.raises(NotFoundError):
        store.open(NAME)
    store.tidy(utc_now())


def test_files_are_for_this_user_only_and_named_by_their_content(tmp_path: Path):
    FolderStore(tmp_path / "media").put(NAME, io.BytesIO(CONTENT))
    file = tmp_path / "media" / NAME[:2] / NAME[2:]
    assert file.stat().st_mode & 0o777 == 0o600
    assert all(part.stat().st_mode & 0o077 == 0 for part in (file.parent, tmp_path / "media"))
    assert list((tmp_path / "media" / "drafts").iterdir()) == []


def test_power_cut_forgets_neither_a_new_folder_nor_the_store_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    synced: set[Path] = set()
    really = os.fsync

    def fsync(handle: int) -> None:
        synced.add(Path(f"/proc/self/fd/{handle}").readlink())
        really(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    root = tmp_path / "media"
    FolderStore(root).put(NAME, io.BytesIO(CONTENT))
    assert {tmp_path, root, root / NAME[:2]} <= synced


def test_half_written_file_has_no_name_and_is_tidied_away_later(tmp_path: Path):
    class BreaksOff(io.BytesIO):
        def read(self, _size: int | None = -1) -> bytes:
            if self.tell():
                os._exit(9)  # as a killed process does
            return super().read(1000)

    child = os.fork()
    if child == 0:
        FolderStore(tmp_path).put(NAME, BreaksOff(CONTENT))
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    store = FolderStore(tmp_path)
    with pytest.raises(NotFoundError):
        store.open(NAME)
    now = utc_now()
    store.tidy(now - timedelta(days=1))
    assert len(list((tmp_path / "drafts").iterdir())) == 1
    store.tidy(now + timedelta(seconds=1))
    assert list((tmp_path / "drafts").iterdir()) == []


def test_folder_that_cannot_be_used_is_unavailable(tmp_path: Path):
    (tmp_path / "media").write_text("a file where the folder should be")
    store = FolderStore(tmp_path / "media")
    with pytest.raises(UnavailableError):
        store.put(NAME, io.BytesIO(CONTENT))
    with pytest.raises(UnavailableError):
        store.check()


def test_bucket_that_is_not_there_is_unavailable(bucket_url: str):
    store = store_at(bucket_url.replace("s3://", "s3://not-"))
    for act in (
        store.check,
        lambda: store.put(NAME, io.BytesIO(CONTENT)),
    ):
        with pytest.raises(UnavailableError):
            act()


def test_service_that_does_not_answer_is_unavailable(bucket_url: str):
    address = bucket_url.partition("?")[0] + "?endpoint=http://127.0.0.1:9&region=x"
    with pytest.raises(UnavailableError):
        store_at(address).open(NAME)


@pytest.mark.parametrize(
    "address",
    [
        "s3://bucket?endpint=http://x",
        "s3:///prefix",
        "s3://bucket?style=sideways",
        "s3://bucket?endpoint",
        "s3://bucket?endpoint=nonsense&region=x",
        "file://host/path",
        "file:///",
    ],
)
def test_wrong_address_is_explained(address: str):
    with pytest.raises(ConfigurationError, match="WXDESK_MEDIA_URL"):
        store_at(address)


def test_missing_boto3_is_explained(tmp_path: Path):
    code = (
        "import sys; sys.modules['boto3.session'] = None\n"
        "from wxdesk.media.store import store_at\n"
        "store_at('s3://bucket')"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "pip install 'wxdesk[s3]'" in ended.stderr
