"""The tables of business calendars and of their own dates."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from wxdesk.calendars.rules import DayKind, DaySource
from wxdesk.plumbing.db import Base, PrimaryKey, enum_of


class BusinessCalendar(Base):
    """When a team or a promise works: a week in a time zone, holidays, own dates.

    `week`: {"1": [["09:00", "12:00"], ["13:00", "18:00"]], ..., "7": []}, ISO weekdays; an interval
    that ends at or before its beginning goes on past midnight; "24:00" is the end of a day.
    `has_china_holidays`: public holidays of China are closed, and make-up workdays (调休) work as
    the weekday `make_up_as`. `version` grows with every change, own dates included; `fingerprint`
    is the hash of all that decides about hours, so equal ones mean equal hours.
    """

    __tablename__ = "business_calendars"

    id: Mapped[PrimaryKey]
    name: Mapped[str] = mapped_column(String(60), unique=True)
    time_zone: Mapped[str] = mapped_column(String(60))
    week: Mapped[dict[str, Any]]
    has_china_holidays: Mapped[bool] = mapped_column(default=True)
    make_up_as: Mapped[int] = mapped_column(default=1)
    version: Mapped[int] = mapped_column(default=1)
    fingerprint: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]


class CalendarDay(Base):
    """An own date, which goes before week and holidays: closed, or open in its own intervals.

    `intervals`: {"hours": [["09:00", "12:00"]]}; open without any: as the weekday `make_up_as`.
    """

    __tablename__ = "calendar_days"
    __table_args__ = (UniqueConstraint("calendar_id", "day"),)

    id: Mapped[PrimaryKey]
    calendar_id: Mapped[int] = mapped_column(ForeignKey("business_calendars.id"))
    day: Mapped[date] = mapped_column(Date)
    kind: Mapped[DayKind] = mapped_column(enum_of(DayKind))
    intervals: Mapped[dict[str, Any] | None]
    name: Mapped[str] = mapped_column(String(100), default="")
    source: Mapped[DaySource] = mapped_column(enum_of(DaySource), default=DaySource.MANUAL)
