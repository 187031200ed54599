"""Keep the simulator's state in one JSON file, so that a restarted demo shows the same phones."""

from __future__ import annotations

import json
import logging
import os
import threading
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from wxdesk.simulator.answers import Kind
from wxdesk.simulator.records import Account, Bubble, Customer, Direction, Mode
from wxdesk.simulator.state import State
from wxdesk.simulator.tokens import Token
from wxdesk.simulator.windows import Grant, ReplyWindow

FILE_NAME = "simulator.json"
FORMAT = 1
SECONDS_BETWEEN_SAVES = 1.0

logger = logging.getLogger(__name__)


class Storage:
    """Writes at most about once a second, by atomic replacement, only after changes."""

    def __init__(self, state: State, path: Path) -> None:
        """`path` is a folder, or a file whose name ends in .json."""
        self._state = state
        self._file = path if path.suffix == ".json" else path / FILE_NAME
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
                self._texts[openid] = (customer.version, _to_json(asdict(customer)))
        accounts = ",".join(_to_json(asdict(account)) for account in state.accounts.values())
        tokens = ",".join(_to_json(asdict(token)) for token in state.tokens.dump())
        customers = ",\n".join(self._texts[openid][1] for openid in state.customers)
        return (
            f'{{"format": {FORMAT}, "version": {state.version},\n"accounts": [{accounts}],\n'
            f'"tokens": [{tokens}],\n"customers": [{customers}]}}\n'
        )

    def _load(self) -> None:
        try:
            self._take(json.loads(self._file.read_text(encoding="utf-8")))
        except (ValueError, KeyError, TypeError) as error:
            broken = self._file.with_suffix(".broken")
            self._file.replace(broken)
            logger.warning("simulator state set aside: file=%s reason=%s", broken, error)

    def _take(self, kept: dict[str, Any]) -> None:
        """Build everything first, so that a broken file changes nothing."""
        if kept["format"] != FORMAT:
            raise ValueError("another format")
        accounts = [_account(item) for item in kept["accounts"]]
        tokens = [_token(item) for item in kept["tokens"]]
        customers = [_customer(item) for item in kept["customers"]]
        state = self._state
        state.version = int(kept["version"])
        state.accounts = {account.original_id: account for account in accounts}
        state.customers = {customer.openid: customer for customer in customers}
        state.tokens.load(tokens)


def _to_json(record: dict[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=False, default=datetime.isoformat)


def _account(item: dict[str, Any]) -> Account:
    return Account(**{**item, "mode": Mode(item["mode"])})


def _token(item: dict[str, Any]) -> Token:
    instants = ("issued_at", "expires_at", "revoked_at")
    return Token(**{**item, **{name: datetime.fromisoformat(item[name]) for name in instants}})


def _customer(item: dict[str, Any]) -> Customer:
    bubbles = [_bubble(bubble) for bubble in item["bubbles"].values()]
    window = ReplyWindow(**{name: _grant(grant) for name, grant in item["window"].items()})
    rest = {**item, "window": window, "typing_until": None}
    return Customer(**{**rest, "bubbles": {bubble.id: bubble for bubble in bubbles}})


def _bubble(item: dict[str, Any]) -> Bubble:
    at = datetime.fromisoformat(item["at"])
    bubble = Bubble(**{**item, "at": at, "direction": Direction(item["direction"])})
    if bubble.outcome == "pending":
        return replace(bubble, outcome=str(Kind.INTERRUPTED))
    return bubble


def _grant(item: dict[str, Any] | None) -> Grant | None:
    if item is None:
        return None
    return Grant(item["left"], datetime.fromisoformat(item["closes_at"]))
