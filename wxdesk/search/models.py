"""How far the search index has come; the index itself is made by migration 0004."""

from __future__ import annotations

from datetime import date

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from wxdesk.plumbing.db import Base, BigId
from wxdesk.plumbing.search_index import SearchIndex

MESSAGES = SearchIndex("search_messages")
CONTACTS = SearchIndex("search_contacts")


class SearchPosition(Base):
    """Everything up to this id is in the index of this name."""

    __tablename__ = "search_positions"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    last_id: Mapped[int] = mapped_column(BigId)


class SearchDay(Base):
    """The lowest and highest id of the messages that arrived on a day (UTC).

    So a search by date is a range of numbers in the index.
    """

    __tablename__ = "search_days"

    day: Mapped[date] = mapped_column(primary_key=True)
    first_id: Mapped[int] = mapped_column(BigId)
    last_id: Mapped[int] = mapped_column(BigId)
