"""What `wxdesk doctor` says about official accounts: each one is tried against WeChat for real."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from redis import RedisError

from wxdesk.accounts.checks import Outcome, Result
from wxdesk.accounts.connection import (
    ask_for_token,
    clock_result,
    own_address_result,
    token_result,
    whitelist_result,
)
from wxdesk.accounts.pushes import PushesSeen, pushes_seen
from wxdesk.accounts.queries import AccountKeys, AccountView
from wxdesk.runtime import Runtime
from wxdesk.wechat.quota import Quotas

AT_ONCE = 4
MOST_SECONDS = 10.0  # for one account
NEARLY_OVER = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class AccountFinding:
    """`advice` says how to mend it, and is empty when all is well."""

    slug: str
    check: str
    state: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Patient:
    """`keys` is None when this installation's secret key does not open them."""

    view: AccountView
    keys: AccountKeys | None


def examine_accounts(
    runtime: Runtime, patients: Sequence[Patient], most_seconds: float = MOST_SECONDS
) -> Iterator[AccountFinding]:
    """Findings in the order of the accounts; four are tried at once, for `most_seconds`."""
    for start in range(0, len(patients), AT_ONCE):
        visits = [_Visit(runtime, patient) for patient in patients[start : start + AT_ONCE]]
        deadline = time.monotonic() + most_seconds
        for visit in visits:
            visit.thread.start()
        for visit in visits:
            visit.thread.join(max(0.0, deadline - time.monotonic()))
        for visit in visits:
            yield from visit.found(most_seconds)


class _Visit:
    """One account in a thread of its own, which is left alone when it takes too long."""

    def __init__(self, runtime: Runtime, patient: Patient) -> None:
        self._runtime, self._patient = runtime, patient
        self._findings: list[AccountFinding] = []
        self.thread = threading.Thread(target=self._run, daemon=True, name="doctor")

    def _run(self) -> None:
        try:
            for finding in _examine(self._runtime, self._patient):
                self._findings.append(finding)
        except Exception as error:  # noqa: BLE001 -- the thread's door: what follows would be missed
            self._findings.append(_broken_off(self._patient.view, error))

    def found(self, seconds: float) -> list[AccountFinding]:
        """What was found so far; says so when that is not all."""
        is_late = self.thread.is_alive()  # asked first: what it finds meanwhile is found
        found = list(self._findings)
        if is_late:
            slug, text = self._patient.view.slug, f"not done within {seconds:g} seconds"
            found.append(AccountFinding(slug, "test", text, "is WeChat slow, or the network?"))
        return found


def _broken_off(view: AccountView, error: Exception) -> AccountFinding:
    """Names the place and not the error's words, which may hold a secret."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{place.filename.rpartition('/')[2]}, line {place.lineno}"
    text = f"broken off by {type(error).__name__} ({where})"
    advice = "what is not listed here was not tested: report it, this is a fault of the desk"
    return AccountFinding(view.slug, "test", text, advice)


def _examine(runtime: Runtime, patient: Patient) -> Iterator[AccountFinding]:
    view = patient.view
    yield from _stored(view)
    yield from _noted(runtime, view)
    if patient.keys is None:
        yield AccountFinding(
            view.slug, "secrets", "can't be opened", "restore WXDESK_SECRET_KEY or secret.key"
        )
        return
    yield _finding(view, "webhook", own_address_result(runtime, patient.keys))
    answer = ask_for_token(runtime, patient.keys)
    now = runtime.clock()
    token = token_result(answer)
    yield _finding(view, "token", token)
    if token.reached_nobody:
        return  # said once
    yield _finding(view, "whitelist", whitelist_result(runtime, patient.keys, answer))
    yield _finding(view, "clock", clock_result(answer, now))


def _finding(view: AccountView, check: str, result: Result) -> AccountFinding:
    code = f" ({result.wechat_code})" if result.wechat_code else ""
    text = f"{result.text}{code}"
    if result.outcome in (Outcome.GOOD, Outcome.UNKNOWN):
        return AccountFinding(view.slug, check, text)
    return AccountFinding(view.slug, check, text, result.advice or "look at the account's page")


def _stored(view: AccountView) -> Iterator[AccountFinding]:
    page = f"/settings/accounts/{view.slug}"
    if view.problem is not None:
        text = f"{view.problem.reason} ({view.problem.code}) since {view.problem.at:%F %R} UTC"
        yield AccountFinding(view.slug, "problem", text, view.problem.advice or f"look at {page}")
    if view.messages_refused_at is not None:
        text = f"refused by WeChat (48001) since {view.messages_refused_at:%F %R} UTC"
        advice = f"test the rights at {page}; until then answers leave as passive replies"
        yield AccountFinding(view.slug, "messages", text, advice)


def _noted(runtime: Runtime, view: AccountView) -> Iterator[AccountFinding]:
    """What Redis knows; a Redis that is away is said by another check."""
    now = runtime.clock()
    try:
        pushes = pushes_seen(runtime.redis, [view.id])[view.id]
        used_up = Quotas(runtime.redis, view.app_id, runtime.clock).used_up()
    except RedisError:
        return
    text = f"{pushes.last_at:%F %R} UTC" if pushes.last_at else "none seen yet"
    yield AccountFinding(view.slug, "last push", text)
    if view.is_rotating(now) and view.previous_keys_until is not None:
        yield _rotation(view, view.previous_keys_until, pushes, now)
    for path, until in used_up.items():
        text = f"{path} is used up until {until:%F %R} UTC"
        advice = f"clear WeChat's counts at /settings/accounts/{view.slug}, or wait"
        yield AccountFinding(view.slug, "quota", text, advice)


def _rotation(
    view: AccountView, until: datetime, pushes: PushesSeen, now: datetime
) -> AccountFinding:
    text = f"accepted until {until:%F %R} UTC"
    is_late = pushes.new_keys_since is None and until - now < NEARLY_OVER
    advice = "no push came with the new keys: enter them in WeChat's console" if is_late else ""
    return AccountFinding(view.slug, "old keys", text, advice)
