"""Who wins a draw: an order that anybody can work out again (docs/campaigns.md#draws). Pure."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

METHOD = "sha256-order-v1"
SEED_BYTES = 16
LONGEST_SEED = 100


@dataclass(frozen=True, slots=True)
class Ticket:
    """One entry that takes part in a draw."""

    entry_id: int
    contact_id: int


@dataclass(frozen=True, slots=True)
class Stake:
    """A prize of a draw and how many of it are drawn."""

    name: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Win:
    """The entry that won; `place` counts the winners of a draw from 1."""

    place: int
    prize: str
    ticket: Ticket


def new_seed() -> str:
    """A seed that nobody could know before."""
    return secrets.token_hex(SEED_BYTES)


def mark_of(seed: str, entry_id: int) -> str:
    """SHA-256 of "seed|entry id" in UTF-8, as hexadecimal digits: the place in the order."""
    return hashlib.sha256(f"{seed}|{entry_id}".encode()).hexdigest()


def digest_of(tickets: Iterable[Ticket]) -> str:
    """SHA-256 of the entry ids in rising order with commas between: who took part."""
    text = ",".join(str(each) for each in sorted(ticket.entry_id for ticket in tickets))
    return hashlib.sha256(text.encode()).hexdigest()


def winners(
    tickets: Iterable[Ticket], stakes: Sequence[Stake], seed: str, *, once_a_person: bool
) -> list[Win]:
    """The winners in their order; fewer than prizes when there are fewer entries.

    The entries are sorted by their marks. The first prize goes to the first of them, and so on;
    with `once_a_person` further entries of a winner are passed over.
    """
    ordered = sorted(tickets, key=lambda it: (mark_of(seed, it.entry_id), it.entry_id))
    prizes = [stake.name for stake in stakes for _ in range(stake.quantity)]
    found: list[Win] = []
    has_won: set[int] = set()
    for ticket in ordered:
        if len(found) == len(prizes):
            break
        if once_a_person and ticket.contact_id in has_won:
            continue
        has_won.add(ticket.contact_id)
        found.append(Win(len(found) + 1, prizes[len(found)], ticket))
    return found
