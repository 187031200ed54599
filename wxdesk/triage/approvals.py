"""Whether what goes to many may begin: where an account asks for it, a second person must agree."""

from __future__ import annotations

from wxdesk.accounts.models import Account
from wxdesk.agents.models import Agent
from wxdesk.agents.rules import may
from wxdesk.plumbing.errors import ConflictError, NotAllowedError
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.words import say


def check_approval(
    uow: UnitOfWork, account_id: int, *, by_id: int | None, writer_id: int | None
) -> None:
    """Refuse what this person may not begin, by the setting of the account.

    NotAllowedError for whoever may approve nothing; ConflictError (needs="approval") for the writer
    themselves.
    """
    if not needs_approval(uow, account_id):
        return
    person = uow.session.get(Agent, by_id) if by_id is not None else None
    if person is None or not may(person.role, "campaigns.approve"):
        raise NotAllowedError(say("this account asks for a supervisor's approval"))
    if by_id == writer_id:
        raise ConflictError(
            say("this account asks for a second person: whoever wrote it can't approve it"),
            needs="approval",
        )


def check_looked_at(seen: object, current: object) -> None:
    """ConflictError (needs="look") when it is not what somebody saw; `seen` None: nobody says.

    What is asked about is locked: what was looked at is what begins to answer.
    """
    if seen is not None and seen != current:
        raise ConflictError(
            say("it was changed after you had looked at it: look at it again before it answers"),
            needs="look",
        )


def needs_approval(uow: UnitOfWork, account_id: int) -> bool:
    account = uow.session.get(Account, account_id)
    return account is not None and account.needs_approval
