"""Quarter hours whose messages changed after they were counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wxdesk.plumbing.db import upsert
from wxdesk.plumbing.unit_of_work import UnitOfWork
from wxdesk.reports.models import StaleTally


def mark(uow: UnitOfWork, quarters: Sequence[int]) -> None:
    """Their tallies are not read until they are counted again.

    The upsert holds a mark that is there already until the commit: no recount takes it away before
    it can see what changed.
    """
    statement: Any = upsert(uow.session, StaleTally, "quarter")
    uow.session.execute(statement, [{"quarter": quarter} for quarter in sorted(quarters)])
