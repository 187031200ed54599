"""A ZIP archive of many codes, written while it is sent: no more than one picture is in memory."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence

from wxdesk.plumbing.csv_files import write_table
from wxdesk.qr_codes.queries import CodeView
from wxdesk.wechat.media_calls import safe_name

MOST_CODES = 2_000
MOST_POSTERS = 200
LONGEST_NAME = 60
INDEX = "codes.csv"

Draw = Callable[[CodeView], tuple[bytes, str]]  # the picture, and the ending of its name


class _Pipe(io.RawIOBase):
    """A file that can only be written to, and gives out what was written."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        part = bytes(data)  # type: ignore[call-overload]
        self._parts.append(part)
        return len(part)

    def taken(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)


def zip_of(codes: Sequence[CodeView], draw: Draw) -> Iterator[bytes]:
    """The archive piece by piece: a picture of each code, and a table of all of them."""
    pipe = _Pipe()
    names: set[str] = set()
    lines = []
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_STORED) as archive:  # pictures are packed already
        for code in codes:
            data, suffix = draw(code)
            name = _name_of(code, suffix, names)
            archive.writestr(name, data)
            lines.append((name, code.label, code.scene, code.folder, code.url))
            yield pipe.taken()
        archive.writestr(INDEX, write_table(("file", "label", "scene", "folder", "url"), lines))
    yield pipe.taken()


def _name_of(code: CodeView, suffix: str, names: set[str]) -> str:
    """The label, and the scene, which no other code of the account has."""
    label = re.sub(r"\s+", " ", safe_name(code.label))[:LONGEST_NAME].strip()
    scene = re.sub(r"[^0-9A-Za-z_-]", "-", code.scene)
    name = f"{label}-{scene}{suffix}" if label else f"{scene}{suffix}"
    if name.casefold() in names:
        name = f"{name.removesuffix(suffix)}-{code.id}{suffix}"
    names.add(name.casefold())
    return name
