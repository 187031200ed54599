"""A large file of codes goes into the pool piece by piece, so that other writers wait for none.

Nobody sees a code of it before the last piece is there. A process that dies leaves an import that
nobody works on: the campaigns' worker takes it out again (jobs.reconcile_codes).
"""

from __future__ import annotations

import logging
import time

from wxdesk.campaigns.code_files import CodeFile
from wxdesk.campaigns.code_queries import has_imports
from wxdesk.campaigns.codes import (
    PIECE,
    Begun,
    Imported,
    Wish,
    add_piece,
    begin_import,
    break_off,
    break_off_dead,
    finish_import,
    import_codes,
    pieces_of,
    refuse_known,
    remove_piece,
)
from wxdesk.plumbing.clock import pause
from wxdesk.runtime import Runtime

logger = logging.getLogger(__name__)

REST_SECONDS = 0.01  # between two pieces: whoever waits for SQLite asks every 1 to 6 ms
OWN_SECONDS = 2.0


def import_file(runtime: Runtime, campaign_id: int, file: CodeFile, wish: Wish) -> Imported:
    """Add all codes of a file to the pool at one instant, or none. Errors as `import_codes`."""
    if len(file.codes) <= PIECE:
        with runtime.unit_of_work() as uow:
            return import_codes(
                uow,
                campaign_id,
                file,
                prize=wish.prize,
                batch=wish.batch,
                actor_id=wish.actor_id,
            )
    with runtime.unit_of_work() as uow:
        begun = begin_import(uow, campaign_id, file, wish)
    is_in = False
    try:
        done = _write(runtime, begun)
        is_in = True
    finally:
        if not is_in:
            _undo(runtime, begun)
    return done


def clear_broken(runtime: Runtime, seconds: float) -> bool:
    """Take imports out that were broken off; False when the time was too short for all."""
    with runtime.reading() as session:
        if not has_imports(session):
            return True
    with runtime.unit_of_work() as uow:
        broken = break_off_dead(uow)
    until = time.monotonic() + seconds
    return all(_clear(runtime, campaign_id, until) for campaign_id in broken)


def _write(runtime: Runtime, begun: Begun) -> Imported:
    with runtime.reading() as session:
        refuse_known(session, begun)
    for piece in pieces_of(begun):
        with runtime.unit_of_work() as uow:
            add_piece(uow, begun, piece)
        pause(REST_SECONDS)
    with runtime.unit_of_work() as uow:
        return finish_import(uow, begun)


def _undo(runtime: Runtime, begun: Begun) -> None:
    """What this can't do at once the worker does."""
    with runtime.unit_of_work() as uow:
        break_off(uow, begun.campaign_id, begun.mark)
    _clear(runtime, begun.campaign_id, time.monotonic() + OWN_SECONDS)


def _clear(runtime: Runtime, campaign_id: int, until: float) -> bool:
    """False when there was not enough time."""
    while True:
        with runtime.unit_of_work() as uow:
            if not remove_piece(uow, campaign_id):
                logger.warning("campaign %d: an import was broken off", campaign_id)
                return True
        if time.monotonic() > until or runtime.stopping.is_set():
            return False
        pause(REST_SECONDS)
