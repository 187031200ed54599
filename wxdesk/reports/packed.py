"""Reads a few small numbers of very many rows, packed into one whole number a row.

To group 300,000 rows by duration costs a database more than to hand them over. So a row comes as
one number, all of them as one text, and they are sorted here: what belongs together lies together
then, and a percentile is a place in a list.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, String, cast, func, select
from sqlalchemy.orm import Session

MOST_BITS = 62


@dataclass(frozen=True, slots=True)
class Part:
    """A whole number below 2^bits - 1, or NULL."""

    value: Any
    bits: int


@dataclass(frozen=True, slots=True)
class Packing:
    """The parts from the highest bits to the lowest; at most 62 bits in all."""

    parts: tuple[Part, ...]

    @property
    def column(self) -> ColumnElement[int]:
        """NULL is 0, everything else one more than it is."""
        column: Any = None
        for part, shift in zip(self.parts, self._shifts, strict=True):
            number = func.coalesce(cast(part.value, BigInteger) + 1, 0)
            moved = number * (1 << shift) if shift else number
            column = moved if column is None else column + moved
        return cast(column, BigInteger)

    def pack(self, *values: int | None) -> int:
        """As the database packs; missing values at the end are 0 (NULL)."""
        packed = 0
        for value, shift in zip(values, self._shifts, strict=False):
            packed += (0 if value is None else value + 1) << shift
        return packed

    def unpack(self, packed: int) -> tuple[int | None, ...]:
        found = []
        for part, shift in zip(self.parts, self._shifts, strict=True):
            number = packed >> shift & (1 << part.bits) - 1
            found.append(number - 1 if number else None)
        return tuple(found)

    @property
    def _shifts(self) -> list[int]:
        shifts, below = [], 0
        for part in reversed(self.parts):
            shifts.append(below)
            below += part.bits
        if below > MOST_BITS:
            raise ValueError(f"{below} bits do not fit into one number")
        return shifts[::-1]


def read_packed(
    session: Session, packing: Packing, source: Any, where: Sequence[ColumnElement[bool]]
) -> list[int]:
    """The numbers of all rows of `source` (a table or join), in order."""
    texts = func.aggregate_strings(cast(packing.column, String), ",")
    text: str | None = session.scalar(select(texts).select_from(source).where(*where))
    return sorted(map(int, text.split(","))) if text else []
