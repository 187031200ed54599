"""The worker's door: templates are fetched every hour, old keys are forgotten in time."""

from __future__ import annotations

import logging

from wxdesk.accounts.clients import client_for
from wxdesk.accounts.keys import forget_expired_keys
from wxdesk.accounts.queries import AccountKeys, get_keys, list_names
from wxdesk.accounts.rules import Capability, TemplateKind
from wxdesk.accounts.templates import fetch, store_templates
from wxdesk.background_jobs import FORGET_OLD_KEYS, REFRESH_TEMPLATES
from wxdesk.plumbing.errors import ConfigurationError, DeliveryError, NotFoundError
from wxdesk.runtime import current, rung

logger = logging.getLogger(__name__)

NEEDED = {
    TemplateKind.TEMPLATE: Capability.TEMPLATES,
    TemplateKind.SUBSCRIPTION: Capability.SUBSCRIPTIONS,
}


@rung(REFRESH_TEMPLATES)
def refresh_templates() -> None:
    """Ask WeChat for the templates of every account that may have some."""
    with current().reading() as session:
        accounts = list_names(session)
    for account in accounts:
        if current().stopping.is_set() or not _refresh_account(account.id):
            return


def refresh_account_templates(account_id: int) -> None:
    """The same for one account."""
    _refresh_account(account_id)


def _refresh_account(account_id: int) -> bool:
    """False when WeChat can't be reached at all; anything else stops no other account."""
    runtime = current()
    try:
        with runtime.reading() as session:
            keys = get_keys(session, runtime.vault, account_id)
    except (NotFoundError, ConfigurationError):
        logger.warning("templates of account %d: its secrets can't be opened", account_id)
        return True
    wanted = [kind for kind, capability in NEEDED.items() if keys.may(capability)]
    return all([_refresh(keys, kind) for kind in wanted])  # noqa: C419 -- each one is tried


@rung(FORGET_OLD_KEYS)
def forget_old_keys() -> None:
    """Remove the previous keys whose week is over; the webhook refuses them already."""
    with current().unit_of_work() as uow:
        forget_expired_keys(uow)


def _refresh(keys: AccountKeys, kind: TemplateKind) -> bool:
    runtime = current()
    try:
        found = fetch(client_for(runtime, keys), kind)
    except DeliveryError as error:
        logger.warning(
            "templates of account %d not fetched: %s code %s", keys.id, kind.value, error.code
        )
        return error.code != "unreachable"
    with runtime.unit_of_work() as uow:
        store_templates(uow, keys.id, kind, found)
    return True
