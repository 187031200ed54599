"""The page on which supervisors set the promise of each official account."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from wxdesk.accounts.queries import list_names
from wxdesk.agents.access import requires
from wxdesk.plumbing.errors import InvalidInputError, NotFoundError
from wxdesk.plumbing.http import whole_number
from wxdesk.plumbing.translation import translated
from wxdesk.runtime import current
from wxdesk.sla.operations import set_policy
from wxdesk.sla.queries import list_policies
from wxdesk.sla.rules import LONGEST_TARGET, Targets
from wxdesk.words import say

bp = Blueprint("sla", __name__, url_prefix="/settings/sla")

FIELDS = ("first_response_minutes", "next_response_minutes")


@bp.get("")
@requires("sla.write")
def policies() -> str:
    return _page({})


@bp.post("/<int:account_id>")
@requires("sla.write")
def change(account_id: int) -> Response | tuple[str, int]:
    """Save one account's promise; the clocks that run now follow it."""
    errors = {
        name: translated(say("a whole number is needed"))
        for name in FIELDS
        if not _is_number(request.form.get(name, ""))
    }
    if not errors:
        seconds = [int(request.form[name]) * 60 for name in FIELDS]
        try:
            with current().unit_of_work() as uow:
                if account_id not in {account.id for account in list_names(uow.session)}:
                    raise NotFoundError(say("there is no such official account"))
                set_policy(uow, account_id, Targets(*seconds))
        except InvalidInputError as error:
            errors[error.field.replace("_seconds", "_minutes")] = translated(error.sentence)
    if errors:
        return _page({account_id: errors}), 422
    flash(translated(say("Saved. Running clocks follow the new promise.")))
    return redirect(url_for("sla.policies"))


def _is_number(text: str) -> bool:
    number = whole_number(text)
    return number is not None and number * 60 <= LONGEST_TARGET * 10


def _page(errors: dict[int, dict[str, str]]) -> str:
    with current().reading() as session:
        found = list_policies(session)
    return render_template("sla/settings_policies.html", policies=found, errors=errors)
