"""What a customer took part in, and was sent as one of many: campaigns, codes, corrections."""

from __future__ import annotations

from sqlalchemy import Delete, Update, delete, select, update

from wxdesk.broadcasts.models import BroadcastTarget
from wxdesk.campaigns.models import CampaignEntry, PendingEntry, PrizeCode, Promise
from wxdesk.contacts.models import FollowEvent
from wxdesk.corrections.models import CorrectionRecipient
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.qr_codes.models import QrScan


def erase_taken_part(uow: UnitOfWork, contact_id: int) -> dict[str, int]:
    """Remove what was written down of a winner, and answers that were ready; counts stay."""
    return {
        "pending_entries": _run(
            uow, delete(PendingEntry).where(PendingEntry.contact_id == contact_id)
        ),
        "promises": _run(
            uow,
            update(Promise).where(Promise.contact_id == contact_id).values(note="", tracking=""),
        ),
    }


def delete_taken_part(uow: UnitOfWork, contact_id: int) -> dict[str, int]:
    """Delete what leads to the customer. A code that was given stays given, to nobody.

    Scans and follows stay, of nobody: who left an account, or a QR code's followers, is counted.
    """
    theirs = select(CampaignEntry.id).where(CampaignEntry.contact_id == contact_id)
    counts = {
        "promises": _run(uow, delete(Promise).where(Promise.entry_id.in_(theirs))),
        "codes": _run(
            uow,
            update(PrizeCode)
            .where(PrizeCode.contact_id == contact_id)
            .values(contact_id=None, entry_id=None),
        ),
    }
    for name, model in (
        ("entries", CampaignEntry),
        ("pending_entries", PendingEntry),
        ("corrections", CorrectionRecipient),
        ("broadcasts", BroadcastTarget),
    ):
        counts[name] = _run(uow, delete(model).where(model.contact_id == contact_id))
    for name, kept in (("scans", QrScan), ("follow_events", FollowEvent)):
        theirs_too = update(kept).where(kept.contact_id == contact_id)
        counts[name] = _run(uow, theirs_too.values(contact_id=None))
    return counts


def _run(uow: UnitOfWork, statement: Update | Delete) -> int:
    found = uow.session.execute(statement, execution_options={"synchronize_session": False})
    return int(found.rowcount)  # type: ignore[attr-defined]
