"""A directory of small files that takes entries while Redis is away.

One file an entry, named by its once-key, written and fsynced before it appears: all processes of
the machine share it, a repeated delivery finds the first one's answer, and a crash leaves either
the whole entry or nothing.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Spooled:
    """One entry: what to append where, and the answer that was given for it."""

    once_key: str
    stream: str
    body: str
    answer: str
    order: int


class Spool:
    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def is_empty(self) -> bool:
        """Cheap enough for every request: looks for one name only."""
        try:
            with os.scandir(self._directory) as names:
                return not any(entry.name.endswith(".json") for entry in names)
        except FileNotFoundError:
            return True

    def __len__(self) -> int:
        return sum(1 for _ in self._directory.glob("*.json")) if self._directory.exists() else 0

    def put(self, entry: Spooled) -> Spooled:
        """Keep the entry durably; returns the one kept first under the same once-key.

        Raises OSError when the disk can't take it.
        """
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        name = hashlib.sha256(entry.once_key.encode()).hexdigest()
        final = self._directory / f"{name}.json"
        draft = self._directory / f"{name}.{os.getpid()}.{entry.order}.tmp"
        try:
            _write_durably(draft, json.dumps(_fields(entry), ensure_ascii=False))
            os.link(draft, final)
            _sync_directory(self._directory)
        except FileExistsError:
            return self._read(final) or entry
        finally:
            draft.unlink(missing_ok=True)
        return entry

    def entries(self) -> list[Spooled]:
        """All entries, the oldest first; files that can't be read are passed over."""
        found = [entry for path in self._directory.glob("*.json") if (entry := self._read(path))]
        return sorted(found, key=lambda entry: entry.order)

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """True inside for one process or thread at a time; nobody waits."""
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self._directory / "moving.lock").open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True

    def remove(self, entry: Spooled) -> None:
        """Forget an entry that is safe elsewhere."""
        name = hashlib.sha256(entry.once_key.encode()).hexdigest()
        (self._directory / f"{name}.json").unlink(missing_ok=True)

    def _read(self, path: Path) -> Spooled | None:
        try:
            return Spooled(**json.loads(path.read_text()))
        except FileNotFoundError:  # another process has drained it meanwhile
            return None
        except OSError as error:
            logger.error("spool file %s can't be read: %s", path.name, error.strerror)  # noqa: TRY400
            return None
        except (ValueError, TypeError):
            path.rename(path.with_suffix(".bad"))  # kept for a person; `wxdesk doctor` shows it
            logger.exception("spool file unreadable, set aside as .bad: %s", path.name)
            return None

    def unreadable(self) -> list[Path]:
        """Files that were set aside because their content is damaged."""
        return sorted(self._directory.glob("*.bad"))


def _fields(entry: Spooled) -> dict[str, object]:
    return {name: getattr(entry, name) for name in Spooled.__slots__}


def _write_durably(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
