"""Background work for rules: their files at WeChat, dry runs, and how often they have answered."""

from __future__ import annotations

import logging
from datetime import timedelta

from redis import RedisError

from wxdesk.accounts.clients import client_for
from wxdesk.accounts.operations import touch
from wxdesk.accounts.queries import get_keys
from wxdesk.background_jobs import COUNT_ANSWERS, PRUNE_DRY_RUNS, REFRESH_UPLOADS, RUN_DRY_RUNS
from wxdesk.media.sending import media_id_for
from wxdesk.plumbing.errors import WxdeskError
from wxdesk.runtime import Runtime, current, in_batches, rung
from wxdesk.triage.dry_run_pruning import prune
from wxdesk.triage.dry_run_steps import work
from wxdesk.triage.dry_runs import list_unfinished
from wxdesk.triage.queries import RuleFile, list_stale_files
from wxdesk.triage.recounting import count_missing

logger = logging.getLogger(__name__)

RENEW_AFTER = timedelta(days=1, hours=12)
MOST_FILES = 500
TURN_SECONDS = 5.0


@rung(REFRESH_UPLOADS)
def refresh_uploads() -> None:
    """Upload the files of active rules whose copy at WeChat is missing or grows old."""
    runtime = current()
    with runtime.reading() as session:
        stale = list_stale_files(session, runtime.clock() - RENEW_AFTER, MOST_FILES)
    for file in stale:
        try:
            _renew(runtime, file)
        except (WxdeskError, RedisError) as error:
            logger.warning("file %d of a rule not uploaded: %s", file.attachment_id, error)


def _renew(runtime: Runtime, file: RuleFile) -> None:
    with runtime.reading() as session:
        keys = get_keys(session, runtime.vault, file.account_id)
    client = client_for(runtime, keys)
    media_id_for(runtime, client, file.attachment_id, good_for=RENEW_AFTER)
    with runtime.unit_of_work() as uow:
        touch(uow, file.account_id)  # every process reloads the rule with its new media id


@rung(RUN_DRY_RUNS)
def run_dry_runs() -> None:
    """Go on with the dry runs that nobody works on, each for some seconds in its turn."""
    runtime = current()
    with runtime.reading() as session:
        waiting = list_unfinished(session, runtime.clock())
    for run_id in waiting:
        if runtime.stopping.is_set():
            return
        work(runtime, run_id, TURN_SECONDS)


@rung(PRUNE_DRY_RUNS)
def prune_dry_runs() -> None:
    """Delete dry runs of more than 90 days ago, batch by batch."""
    in_batches(prune)


@rung(COUNT_ANSWERS)
def count_answers() -> None:
    """What Redis has lost, or never knew, of how often rules with limits have answered."""
    runtime = current()
    if not count_missing(runtime, TURN_SECONDS):
        runtime.queues.ring(COUNT_ANSWERS)
