"""What can be done to many conversations at once, and the limits of that. Pure."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

MOST_CONVERSATIONS = 10_000
MOST_NAMED = 1_000
MOST_RUNS = 3
COLLECT_BATCH = 500
SLICE = 20
REPLIES_AT_ONCE = 5
REPLIES_EVERY = timedelta(seconds=1)
KEPT = timedelta(days=90)


class BulkAction(StrEnum):
    RESOLVE = "resolve"
    SNOOZE = "snooze"
    ASSIGN = "assign"
    TAG = "tag"
    PRIORITY = "priority"
    SPAM = "spam"
    REPLY = "reply"


class RunState(StrEnum):
    """`collecting` writes the rows, `running` works through them."""

    COLLECTING = "collecting"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    CANCELLED = "cancelled"


WORKING = (RunState.COLLECTING, RunState.RUNNING)
UNENDED = (*WORKING, RunState.PAUSED)


class RowState(StrEnum):
    """`skipped` needed nothing; `failed` says why and can be tried again."""

    WAITING = "waiting"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"


def permission_of(action: BulkAction) -> str:
    """What a person must be allowed to do to one conversation."""
    return "conversations.assign" if action is BulkAction.ASSIGN else "conversations.reply"
