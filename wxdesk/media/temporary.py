"""Folders for files that are being looked at; what a killed process left there is removed later."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

PREFIX = "wxdesk-media-"


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """For this user only; gone at the end of the block."""
    with tempfile.TemporaryDirectory(prefix=PREFIX) as folder:
        yield Path(folder)


def tidy_temporary_folders(before: datetime) -> None:
    """Remove those that were last changed before that time and are ours."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            if folder.stat().st_mtime < before.timestamp():
                shutil.rmtree(folder)
