"""The addresses of reports: filters, files, and the conversations behind a number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.reports.rules import Behind
from wxdesk.words import say

FILTERS = ("period", "from", "to", "account", "team", "agent", "tag", "hours", "compare")
NARROWS = "n."
MOST_VALUES = 60
LONGEST = 100

Query = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Addresses:
    """Links of one report that keep the filters as they were asked for ("7d" stays "7d")."""

    name: str
    query: Query

    def report(self, name: str = "") -> str:
        return _with(f"/reports/{name or self.name}", self.query)

    def csv(self, table: str) -> str:
        return _with(f"/reports/{self.name}/table.csv", (*self.query, ("table", table)))

    @property
    def xlsx(self) -> str:
        return _with(f"/reports/{self.name}/report.xlsx", self.query)

    @property
    def mail(self) -> str:
        """The form of a mail with this report; its period follows from when it is sent."""
        kept = [each for each in self.query if each[0] not in ("period", "from", "to")]
        return _with("/reports/mails/new", (("report", self.name), *kept))

    def behind(self, behind: Behind, more: Iterable[tuple[str, str]] = ()) -> str:
        narrows = [(f"{NARROWS}{key}", str(value)) for key, value in behind.narrows.items()]
        query = (("figure", behind.name), *narrows, *self.query, *more)
        return _with(f"/reports/{self.name}/behind", query)


def kept_query(given: Mapping[str, Sequence[str]]) -> Query:
    """The filters among an address' arguments, in one order, without empty ones."""
    pairs = [
        (name, value.strip()[:LONGEST])
        for name in FILTERS
        for value in given.get(name, ())
        if value.strip()
    ]
    return tuple(pairs[:MOST_VALUES])


def read_behind(given: Mapping[str, Sequence[str]]) -> Behind:
    """Which number is asked about; InvalidInputError when none is."""
    figures = given.get("figure", ())
    if not figures or not figures[0]:
        raise InvalidInputError("figure", say("this address names no number"))
    narrows = {
        name.removeprefix(NARROWS)[:LONGEST]: values[0][:LONGEST]
        for name, values in given.items()
        if name.startswith(NARROWS)
    }
    return Behind(figures[0][:LONGEST], narrows)


def _with(path: str, query: Iterable[tuple[str, str]]) -> str:
    text = urlencode(list(query))
    return f"{path}?{text}" if text else path
