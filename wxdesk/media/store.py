"""Where contents lie: in the data directory, or in a bucket of an S3-compatible service.

A content is named by its SHA-256 in hex and never changes. Whoever stores or deletes one has
noted that in the database before (media/leftovers.py).
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, Protocol, cast
from urllib.parse import unquote, urlsplit

from wxdesk.media.bucket import Bucket, bucket_at
from wxdesk.media.content import CHUNK
from wxdesk.plumbing.errors import ConfigurationError, NotFoundError, UnavailableError
from wxdesk.words import say


@dataclass(frozen=True, slots=True)
class Opened:
    """A seekable file that the caller closes, and its size in bytes."""

    file: BinaryIO
    size: int


class Store(Protocol):
    """All methods raise UnavailableError when the place can't be used now."""

    def put(self, sha256: str, content: BinaryIO) -> None:
        """Keep the content, on disk for good when this returns; the same twice does no harm."""

    def open(self, sha256: str) -> Opened:
        """NotFoundError when it is not there."""

    def delete(self, sha256: str) -> None:
        """It is not there afterwards, and need not have been."""

    def tidy(self, before: datetime) -> None:
        """Remove what killed processes left half written before that time."""

    def check(self) -> None:
        """Returns when contents can be stored."""


def store_at(media_url: str) -> Store:
    """The store of `settings.media_url`; the same one for the whole process.

    ConfigurationError when the address is wrong, or boto3 is needed and is not installed.
    """
    return _store_at(media_url)


@lru_cache(maxsize=32)
def _store_at(media_url: str) -> Store:
    parts = urlsplit(media_url)
    if parts.scheme == "s3":
        return BucketStore(bucket_at(media_url))
    path = Path(unquote(parts.path))
    if parts.netloc or not path.is_absolute() or path == Path("/"):
        raise ConfigurationError("WXDESK_MEDIA_URL must be file:///… (three slashes) or s3://…")
    return FolderStore(path)


@dataclass(frozen=True, slots=True)
class FolderStore:
    """`ab/cdef…` below the root, for this user only; complete files only, by renaming."""

    root: Path

    def put(self, sha256: str, content: BinaryIO) -> None:
        """Written beside, synced, renamed; then the folders that name it are synced too."""
        path = self._path(sha256)
        with _disk_errors():
            is_first = not self.root.is_dir()
            for folder in (self.root, path.parent, self._drafts):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, draft = tempfile.mkstemp(dir=self._drafts)
            try:
                with os.fdopen(handle, "wb") as file:
                    while chunk := content.read(CHUNK):
                        file.write(chunk)
                    file.flush()
                    os.fsync(file.fileno())
                Path(draft).rename(path)
            except BaseException:
                Path(draft).unlink(missing_ok=True)
                raise
            _sync_folder(path.parent)
            _sync_folder(self.root)  # another process may have just made the folder in it
            if is_first:
                _sync_folder(self.root.parent)

    def open(self, sha256: str) -> Opened:
        path = self._path(sha256)
        with _disk_errors():
            try:
                file = path.open("rb")
            except FileNotFoundError:
                raise NotFoundError(say("the file is not in the media store")) from None
            return Opened(file, os.fstat(file.fileno()).st_size)

    def delete(self, sha256: str) -> None:
        path = self._path(sha256)
        with _disk_errors():
            path.unlink(missing_ok=True)

    def tidy(self, before: datetime) -> None:
        if not self._drafts.is_dir():
            return
        with _disk_errors():
            for draft in self._drafts.iterdir():
                if draft.stat().st_mtime < before.timestamp():
                    draft.unlink(missing_ok=True)

    def check(self) -> None:
        with _disk_errors():
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.root):
                pass

    @property
    def _drafts(self) -> Path:
        return self.root / "drafts"

    def _path(self, sha256: str) -> Path:
        return self.root / sha256[:2] / sha256[2:]


@dataclass(frozen=True, slots=True)
class BucketStore:
    """The same names below the prefix of a bucket."""

    bucket: Bucket

    def put(self, sha256: str, content: BinaryIO) -> None:
        self.bucket.put(_key(sha256), content)

    def open(self, sha256: str) -> Opened:
        found = self.bucket.open(_key(sha256))
        if found is None:
            raise NotFoundError(say("the file is not in the media store"))
        return Opened(cast("BinaryIO", found), found.size)

    def delete(self, sha256: str) -> None:
        self.bucket.delete(_key(sha256))

    def tidy(self, before: datetime) -> None:
        """Nothing: an object is there as a whole or not at all."""

    def check(self) -> None:
        self.bucket.check()


def _key(sha256: str) -> str:
    return f"{sha256[:2]}/{sha256[2:]}"


def _sync_folder(folder: Path) -> None:
    """Without it a power cut may forget the name of a file whose content is on disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def _disk_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UnavailableError(say("the media store can't be used now")) from error
