"""The indexer: follows the messages by their ids, some seconds behind, and never holds them up."""

from __future__ import annotations

import time

from wxdesk.background_jobs import INDEX_MESSAGES
from wxdesk.plumbing.clock import pause
from wxdesk.runtime import Runtime, current, rung
from wxdesk.search.models import MESSAGES
from wxdesk.search.operations import Batch, entries_of, index_contacts, store_batch
from wxdesk.search.progress import has_unindexed, position, read_written

BATCH = 1_000
LONGEST_RUN_SECONDS = 5.0
BREATH_SECONDS = 0.005


@rung(INDEX_MESSAGES)
def index_messages() -> None:
    """Put in what is new, for about 5 seconds; a long rest (an upgrade's) rings again.

    Killed at any line it goes on where the last committed batch ended.
    """
    runtime = current()
    began = time.monotonic()
    while not runtime.stopping.is_set():
        if not _index_some(runtime):
            return
        if time.monotonic() - began > LONGEST_RUN_SECONDS:
            runtime.queues.ring(INDEX_MESSAGES)
            return
        pause(BREATH_SECONDS)  # SQLite has one writer: let those in who wait


def _index_some(runtime: Runtime) -> bool:
    """One batch of customers and one of messages; whether there may be more."""
    with runtime.reading() as session:
        after_id = position(session)
        written = read_written(session, after_id, BATCH)
        prepared = MESSAGES.prepare(session, entries_of(written))
    is_stored = False
    if written:
        with runtime.unit_of_work() as uow:
            is_stored = store_batch(uow, Batch(after_id, written, prepared))
    contacts = _index_contacts(runtime)
    return contacts == BATCH or (is_stored and len(written) == BATCH)


def _index_contacts(runtime: Runtime) -> int:
    with runtime.reading() as session:
        if not has_unindexed(session):
            return 0
    with runtime.unit_of_work() as uow:
        return index_contacts(uow, BATCH)
