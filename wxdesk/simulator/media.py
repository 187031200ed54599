"""Media files: what desks uploaded and customers sent, gone after three days (docs/wechat.md)."""

from __future__ import annotations

import hashlib
import secrets
import shutil
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from wxdesk.simulator.formats import Format

LIFETIME = timedelta(days=3)
MOST_FILES = 5000
MOST_BYTES = 1024 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Media:
    """One file; `kind` is image, voice, video or thumb; `seconds` 0 when not known."""

    media_id: str
    original_id: str
    kind: str
    content_type: str
    file_name: str
    digest: str
    size: int
    created_at: datetime
    expires_at: datetime
    seconds: float = 0.0


class MediaBook:
    """Not thread-safe by itself. The same bytes are stored once."""

    def __init__(self, folder: Path | None = None) -> None:
        """Without a folder the files live in a temporary one, until `close`."""
        self._folder = folder
        self._temporary: Path | None = None
        self._known: dict[str, Media] = {}

    def add(
        self, original_id: str, kind: str, content: bytes, found: Format, now: datetime
    ) -> Media:
        """Keep a file for three days; the oldest go when there are too many."""
        digest = hashlib.sha256(content).hexdigest()
        media_id = secrets.token_urlsafe(48)
        media = Media(
            media_id=media_id,
            original_id=original_id,
            kind=kind,
            content_type=found.content_type,
            file_name=f"{media_id}.{found.suffix}",
            digest=digest,
            size=len(content),
            created_at=now,
            expires_at=now + LIFETIME,
            seconds=found.seconds or 0.0,
        )
        file = self._place() / digest
        if not file.exists():
            file.write_bytes(content)
        self._known[media_id] = media
        self._prune()
        return media

    def find(self, media_id: object, original_id: str, now: datetime) -> Media | None:
        """The account's file, if it has not expired."""
        media = self._known.get(media_id) if isinstance(media_id, str) else None
        if media is None or media.original_id != original_id or now >= media.expires_at:
            return None
        return media

    def peek(self, media_id: str) -> Media | None:
        """The file even when it has expired: phones keep what they have shown."""
        return self._known.get(media_id)

    def read(self, media: Media) -> bytes:
        """Its bytes; OSError when somebody removed the file."""
        return (self._place() / media.digest).read_bytes()

    def dump(self) -> list[Media]:
        """Every file that is still kept, oldest first."""
        return list(self._known.values())

    def load(self, kept: list[Media]) -> None:
        """Take back what `dump` gave."""
        self._known = {media.media_id: media for media in kept}

    def close(self) -> None:
        """Remove the temporary folder, if there is one."""
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)
            self._temporary = None

    def _place(self) -> Path:
        if self._folder is not None:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return self._folder
        if self._temporary is None:
            self._temporary = Path(tempfile.mkdtemp(prefix="simulator-media-"))
        return self._temporary

    def _prune(self) -> None:
        total = sum(media.size for media in self._known.values())
        while len(self._known) > MOST_FILES or total > MOST_BYTES:
            oldest = self._known.pop(next(iter(self._known)))
            total -= oldest.size
            if all(media.digest != oldest.digest for media in self._known.values()):
                (self._place() / oldest.digest).unlink(missing_ok=True)
