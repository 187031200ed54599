"""Writing into the audit log, in the transaction of the deed itself."""

from __future__ import annotations

from typing import Any

from wxdesk.audit.models import AuditEntry
from wxdesk.plumbing.unit_of_work import UnitOfWork


def note(
    uow: UnitOfWork, action: str, subject: str, *, actor_id: int | None = None, **details: Any
) -> None:
    """Record one deed, e.g. `note(uow, "contact.forgotten", "contact:12", messages=7)`."""
    uow.session.add(
        AuditEntry(
            at=uow.now, actor_id=actor_id, action=action, subject=subject, details=details or None
        )
    )
