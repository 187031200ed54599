"""A file as the JSON API shows it."""

from __future__ import annotations

from typing import Any

from wxdesk.media.queries import FileView
from wxdesk.plumbing.clock import iso
from wxdesk.plumbing.translation import translated


def file_json(view: FileView) -> dict[str, Any]:
    """`url` answers 404 until the state is ready; `waveform`: at most 64 peaks, 0 to 100."""
    url = f"/media/{view.id}"
    return {
        "id": view.id,
        "role": view.role.value,
        "state": view.state.value,
        "kind": view.kind.value,
        "content_type": view.content_type,
        "size_bytes": view.size_bytes,
        "file_name": view.file_name,
        "width": view.width,
        "height": view.height,
        "duration_seconds": view.duration_seconds,
        "waveform": list(view.waveform) if view.waveform else None,
        "url": url,
        "play_url": f"{url}/play" if view.is_playable else None,
        "thumbnail_url": f"{url}/thumbnail" if view.has_thumbnail else None,
        "error": _error_json(view),
        "may_retry": view.may_retry,
        "next_attempt_at": iso(view.next_attempt_at),
    }


def _error_json(view: FileView) -> dict[str, str] | None:
    if view.error_code is None:
        return None
    return {"code": view.error_code, "reason": translated(view.error or "")}
