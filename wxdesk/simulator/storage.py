"""Keep the simulator's state in one JSON file, so that a restarted demo shows the same phones."""

from __future__ import annotations

import json
import logging
import os
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

from wxdesk.simulator.answers import Kind
from wxdesk.simulator.books import AccountBook
from wxdesk.simulator.codec import from_json, to_json
from wxdesk.simulator.faults import Fault
from wxdesk.simulator.media import Media
from wxdesk.simulator.records import Account, Bubble, Customer
from wxdesk.simulator.state import State
from wxdesk.simulator.tokens import Token

FILE_NAME = "simulator.json"
FORMAT = 2
SECONDS_BETWEEN_SAVES = 1.0

logger = logging.getLogger(__name__)


def file_of(path: Path) -> Path:
    """`path` is a folder, or a file whose name ends in .json."""
    return path if path.suffix == ".json" else path / FILE_NAME


def media_folder(path: Path) -> Path:
    """Where the files of messages lie, beside the state."""
    file = file_of(path)
    return file.with_name(f"{file.stem}-media")


class Storage:
    """Writes at most about once a second, by atomic replacement, only after changes."""

    def __init__(self, state: State, path: Path) -> None:
        """`path` as for `file_of`."""
        self._state = state
        self._file = file_of(path)
        self._saved_version = -1
        self._texts: dict[str, tuple[int, str]] = {}
        self._thread = threading.Thread(target=self._run, name="simulator-storage", daemon=True)

    def open(self) -> None:
        """Read the file if there is one, then save changes in the background."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        if self._file.exists():
            self._load()
        self._saved_version = self._state.version
        self._thread.start()

    def close(self) -> None:
        """Save for the last time; `State.stopping` must be set before."""
        self._thread.join(timeout=2 * SECONDS_BETWEEN_SAVES)
        self._save()

    def _run(self) -> None:
        while not self._state.stopping.is_set():
            with self._state.changed:
                self._state.changed.wait_for(self._has_news)
            self._save()
            self._state.stopping.wait(SECONDS_BETWEEN_SAVES)

    def _has_news(self) -> bool:
        return self._state.version != self._saved_version or self._state.stopping.is_set()

    def _save(self) -> None:
        with self._state.changed:
            if self._state.version == self._saved_version:
                return
            self._saved_version = self._state.version
            text = self._as_json()
        temporary = self._file.with_suffix(".new")
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        with os.fdopen(os.open(temporary, flags, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
        temporary.replace(self._file)

    def _as_json(self) -> str:
        """The whole file; only customers that changed are written anew."""
        state = self._state
        for openid, customer in state.customers.items():
            if self._texts.get(openid, (-1, ""))[0] != customer.version:
                self._texts[openid] = (customer.version, to_json(customer))
        customers = ",\n".join(self._texts[openid][1] for openid in state.customers)
        rest = {
            "format": FORMAT,
            "version": state.version,
            "ahead_seconds": state.clock.ahead_seconds,
            "accounts": list(state.accounts.values()),
            "books": state.books,
            "tokens": state.tokens.dump(),
            "media": state.media.dump(),
            "faults": state.faults.planned(),
        }
        return f'{to_json(rest)[:-1]},\n"customers": [{customers}]}}\n'

    def _load(self) -> None:
        try:
            self._take(json.loads(self._file.read_text(encoding="utf-8")))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            broken = self._file.with_suffix(".broken")
            self._file.replace(broken)
            logger.warning("simulator state set aside: file=%s reason=%s", broken, error)

    def _take(self, kept: dict[str, Any]) -> None:
        """Build everything first, so that a broken file changes nothing."""
        if kept["format"] not in (1, FORMAT):
            raise ValueError(f"format {kept['format']} is not known")
        if kept["format"] == 1:
            _upgrade(kept)
            logger.info("simulator state upgraded: file=%s", self._file)
        accounts = from_json(list[Account], kept["accounts"])
        books = from_json(dict[str, AccountBook], kept["books"])
        tokens = from_json(list[Token], kept["tokens"])
        media = from_json(list[Media], kept["media"])
        faults = from_json(list[Fault], kept["faults"])
        customers = [_resumed(each) for each in from_json(list[Customer], kept["customers"])]
        state = self._state
        state.version = int(kept["version"])
        state.clock.advance(float(kept["ahead_seconds"]))
        state.accounts = {account.original_id: account for account in accounts}
        state.books = books
        state.customers = {customer.openid: customer for customer in customers}
        state.tokens.load(tokens)
        state.media.load(media)
        for fault in faults:
            state.faults.add(fault)


def _upgrade(kept: dict[str, Any]) -> None:
    """Format 1 kept pushes as XML: they are shown as before, but can't be sent again."""
    kept.update(ahead_seconds=0.0, books={}, media=[], faults=[])
    for customer in kept["customers"]:
        for bubble in customer["bubbles"].values():
            bubble["push"] = ""
            if bubble["kind"] == "event":
                bubble["detail"] = {"event": bubble["text"].partition(" ")[0]}


def _resumed(customer: Customer) -> Customer:
    """Nobody types and nothing is under way after a restart."""
    customer.typing_until = None
    for number, bubble in customer.bubbles.items():
        customer.bubbles[number] = _ended(bubble)
    return customer


def _ended(bubble: Bubble) -> Bubble:
    if bubble.outcome == "pending":
        return replace(bubble, outcome=str(Kind.INTERRUPTED))
    return bubble
