"""Every background job of the product, in one table.

Each queue has its own worker process. `every_seconds` jobs are rung by the scheduler; a call that
already waits is not doubled. Jobs carry ids only: the rows (or stream entries) are the work.
"""

from __future__ import annotations

from wxdesk.plumbing.queues import Job

DRAIN_INTAKE = Job("wxdesk.intake.jobs.drain", queue="intake", every_seconds=2)
DELIVER_MESSAGE = Job("wxdesk.outbound.jobs.deliver", queue="outbound", timeout_seconds=120)
SWEEP_DELIVERIES = Job("wxdesk.outbound.jobs.sweep", queue="outbound", every_seconds=5)
REFRESH_UPLOADS = Job(
    "wxdesk.triage.jobs.refresh_uploads", queue="media", every_seconds=600, timeout_seconds=300
)
TRY_ACCOUNT_NOW = Job("wxdesk.outbound.jobs.try_account_now", queue="outbound")
CHECK_DEADLINES = Job("wxdesk.sla.jobs.check_deadlines", queue="timers", every_seconds=2)
CHECK_WINDOWS = Job("wxdesk.conversations.jobs.check_windows", queue="timers", every_seconds=2)
PRUNE_WINDOWS = Job("wxdesk.conversations.jobs.prune_windows", queue="contacts", every_seconds=3600)
REPAIR_HELD = Job("wxdesk.outbound.jobs.repair_held", queue="outbound", every_seconds=20)
SWEEP_STANDINGS = Job("wxdesk.conversations.jobs.sweep_standings", queue="timers", every_seconds=15)
REFRESH_TEMPLATES = Job(
    "wxdesk.accounts.jobs.refresh_templates",
    queue="contacts",
    every_seconds=3600,
    timeout_seconds=1800,
)
REFRESH_ACCOUNT_TEMPLATES = Job(
    "wxdesk.accounts.jobs.refresh_account_templates", queue="contacts", timeout_seconds=300
)
FORGET_OLD_KEYS = Job("wxdesk.accounts.jobs.forget_old_keys", queue="contacts", every_seconds=3600)
REFRESH_PROFILES = Job(
    "wxdesk.contacts.jobs.refresh_profiles",
    queue="contacts",
    every_seconds=5,
    timeout_seconds=180,
)
SYNC_CHANGES = Job(
    "wxdesk.contacts.jobs.sync_changes", queue="contacts", every_seconds=5, timeout_seconds=180
)
SYNC_TAGS = Job(
    "wxdesk.contacts.jobs.sync_tags", queue="contacts", every_seconds=900, timeout_seconds=180
)
SYNC_BLACKLIST = Job(
    "wxdesk.contacts.jobs.sync_blacklist",
    queue="contacts",
    every_seconds=3600,
    timeout_seconds=300,
)
FORGET_CUSTOMERS = Job(
    "wxdesk.privacy.jobs.forget", queue="contacts", every_seconds=30, timeout_seconds=300
)
FETCH_FILES = Job("wxdesk.media.jobs.fetch", queue="media", every_seconds=5, timeout_seconds=300)
PRUNE_FILES = Job("wxdesk.media.jobs.prune", queue="media", every_seconds=600, timeout_seconds=300)
ASSIGN_WAITING = Job("wxdesk.assignment.jobs.assign_waiting", queue="timers", every_seconds=2)
SWEEP_PRESENCE = Job("wxdesk.assignment.jobs.sweep_presence", queue="timers", every_seconds=5)
PRUNE_PRESENCE = Job("wxdesk.assignment.jobs.prune_presence", queue="bulk", every_seconds=3600)
WAKE_SNOOZED = Job("wxdesk.conversations.jobs.wake_snoozed", queue="timers", every_seconds=2)
PRUNE_DRAFTS = Job("wxdesk.conversations.jobs.prune_drafts", queue="bulk", every_seconds=3600)
RELEASE_UNDOABLE = Job("wxdesk.outbound.jobs.release_undoable", queue="outbound", every_seconds=1)
INDEX_MESSAGES = Job(
    "wxdesk.search.jobs.index_messages", queue="bulk", every_seconds=2, timeout_seconds=120
)
RUN_BULK_ACTIONS = Job(
    "wxdesk.bulk_actions.jobs.run", queue="bulk", every_seconds=1, timeout_seconds=120
)
PRUNE_BULK_RUNS = Job("wxdesk.bulk_actions.jobs.prune", queue="bulk", every_seconds=3600)
ASK_FOR_RATINGS = Job("wxdesk.satisfaction.jobs.ask", queue="bulk", every_seconds=10)
SEND_WEBHOOKS = Job("wxdesk.notifications.jobs.send_webhooks", queue="mail", every_seconds=2)
PRUNE_NOTIFICATIONS = Job("wxdesk.notifications.jobs.prune", queue="bulk", every_seconds=3600)
COUNT_MESSAGES = Job(
    "wxdesk.reports.jobs.count_messages", queue="bulk", every_seconds=10, timeout_seconds=300
)
SEND_REPORTS = Job(
    "wxdesk.reports.jobs.send_reports", queue="mail", every_seconds=20, timeout_seconds=300
)

ANSWER_WAITING = Job("wxdesk.triage.waiting_jobs.answer_waiting", queue="bulk", every_seconds=15)
RUN_DRY_RUNS = Job(
    "wxdesk.triage.jobs.run_dry_runs", queue="bulk", every_seconds=2, timeout_seconds=300
)
PRUNE_DRY_RUNS = Job("wxdesk.triage.jobs.prune_dry_runs", queue="bulk", every_seconds=3600)
OFFER_CODES = Job("wxdesk.campaigns.jobs.offer_codes", queue="campaigns", every_seconds=2)
COUNT_ANSWERS = Job(
    "wxdesk.triage.jobs.count_answers", queue="campaigns", every_seconds=2, timeout_seconds=300
)
RECONCILE_CODES = Job("wxdesk.campaigns.jobs.reconcile_codes", queue="campaigns", every_seconds=30)
MAKE_QR_CODES = Job(
    "wxdesk.qr_codes.jobs.make", queue="campaigns", every_seconds=5, timeout_seconds=180
)
DELIVER_BULK = Job("wxdesk.outbound.jobs.deliver_bulk", queue="campaigns", timeout_seconds=120)
FEED_CORRECTIONS = Job(
    "wxdesk.corrections.jobs.feed", queue="campaigns", every_seconds=2, timeout_seconds=120
)
FEED_BROADCASTS = Job(
    "wxdesk.broadcasts.jobs.feed", queue="campaigns", every_seconds=2, timeout_seconds=120
)

ALL = (
    DRAIN_INTAKE,
    DELIVER_MESSAGE,
    SWEEP_DELIVERIES,
    TRY_ACCOUNT_NOW,
    REFRESH_UPLOADS,
    CHECK_DEADLINES,
    CHECK_WINDOWS,
    SWEEP_STANDINGS,
    PRUNE_WINDOWS,
    REPAIR_HELD,
    REFRESH_TEMPLATES,
    REFRESH_ACCOUNT_TEMPLATES,
    FORGET_OLD_KEYS,
    REFRESH_PROFILES,
    SYNC_CHANGES,
    SYNC_TAGS,
    SYNC_BLACKLIST,
    FORGET_CUSTOMERS,
    FETCH_FILES,
    PRUNE_FILES,
    ASSIGN_WAITING,
    SWEEP_PRESENCE,
    PRUNE_PRESENCE,
    WAKE_SNOOZED,
    PRUNE_DRAFTS,
    RELEASE_UNDOABLE,
    INDEX_MESSAGES,
    RUN_BULK_ACTIONS,
    PRUNE_BULK_RUNS,
    ASK_FOR_RATINGS,
    SEND_WEBHOOKS,
    PRUNE_NOTIFICATIONS,
    COUNT_MESSAGES,
    SEND_REPORTS,
    ANSWER_WAITING,
    RUN_DRY_RUNS,
    PRUNE_DRY_RUNS,
    OFFER_CODES,
    COUNT_ANSWERS,
    RECONCILE_CODES,
    MAKE_QR_CODES,
    DELIVER_BULK,
    FEED_CORRECTIONS,
    FEED_BROADCASTS,
)
PERIODIC = tuple(job for job in ALL if job.every_seconds is not None)
QUEUES = tuple(dict.fromkeys(job.queue for job in ALL))
