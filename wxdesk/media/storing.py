"""A looked-at file into the store, with what was made of it."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass

from wxdesk.media.examining import Examined
from wxdesk.media.store import Store


@dataclass(frozen=True, slots=True)
class Names:
    """Names of the contents in the store (SHA-256 in hex)."""

    sha256: str
    playable: str | None
    thumbnail: str | None

    @property
    def all(self) -> list[str]:
        return [name for name in (self.sha256, self.playable, self.thumbnail) if name]


def names_of(found: Examined) -> Names:
    return Names(found.sha256, _name_of(found.playable), _name_of(found.thumbnail))


def put_all(store: Store, found: Examined) -> None:
    """Network and disk: never inside of a transaction. The names were noted before."""
    with found.path.open("rb") as file:
        store.put(found.sha256, file)
    for made in (found.playable, found.thumbnail):
        if name := _name_of(made):
            store.put(name, io.BytesIO(made))


def _name_of(content: bytes) -> str | None:
    return hashlib.sha256(content).hexdigest() if content else None
