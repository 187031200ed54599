"""An index of texts in the database itself: FTS5 in SQLite, tsvector with GIN in PostgreSQL.

An entry is a text under a number, with facets: short plain marks (such as `c12`) that a search can
ask for together with words. SQLite keeps single characters and finds phrases of them; PostgreSQL
keeps pairs of characters with their positions. Answers come with the highest number first.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import TextClause, bindparam, text
from sqlalchemy.orm import Session

from wxdesk.plumbing.search_text import Phrase, is_character, pairs, search_tokens

MOST_TOKENS = 16_000  # PostgreSQL counts positions to 16,383
WINDOW = 5_000
WINDOW_PER_HIT = 20  # a word in a twentieth of all messages is common
ANY_NUMBER = 2**62


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be found under a number. Facets have letters and digits only."""

    id: int
    text: str
    facets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Prepared:
    """An entry as its database takes it; made before the transaction that puts it."""

    id: int
    words: str
    facets: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Every phrase, every facet of `facets`, and one of `any_facet` if there are any.

    `or_facet`: instead of the phrases, a facet that begins so will do. Numbers from `least` to
    `below` (not included).
    """

    phrases: tuple[Phrase, ...]
    facets: tuple[str, ...] = ()
    any_facet: tuple[str, ...] = ()
    or_facet: str = ""
    least: int = 0
    below: int = ANY_NUMBER


# Of each statement the form for SQLite and the one for PostgreSQL. PUT is the driver's own form:
# SQLAlchemy takes longer over the values of a row than SQLite over the row.
PUT = (
    "INSERT INTO {name} (rowid, words, facets) VALUES (?, ?, ?)",
    "INSERT INTO {name} (id, words) VALUES (%s, CAST(%s || ' ' || %s AS tsvector))",
)
REMOVE = ("DELETE FROM {name} WHERE rowid IN :ids", "DELETE FROM {name} WHERE id IN :ids")
REMOVE_FOUND = (
    "DELETE FROM {name} WHERE rowid IN (SELECT rowid FROM {name} WHERE {name} MATCH :asked)",
    "DELETE FROM {name} WHERE words @@ CAST(:asked AS tsquery)",
)
FIND_IN_SQLITE = (
    "SELECT rowid FROM {name} WHERE {name} MATCH :asked "
    "AND rowid >= :least AND rowid < :below ORDER BY rowid DESC LIMIT :limit"
)
FIND_AMONG_NEWEST = (
    "SELECT id FROM (SELECT id, words FROM {name} WHERE id >= :least AND id < :below "
    "ORDER BY id DESC LIMIT :window) AS newest "
    "WHERE words @@ CAST(:asked AS tsquery) ORDER BY id DESC LIMIT :limit"
)
FIND_BY_INDEX = (
    "WITH found AS MATERIALIZED "
    "(SELECT id FROM {name} WHERE words @@ CAST(:asked AS tsquery)) "
    "SELECT id FROM found WHERE id >= :least AND id < :below ORDER BY id DESC LIMIT :limit"
)


class SearchIndex:
    """One index; `name` is its table, made by a migration."""

    def __init__(self, name: str) -> None:
        self.name = name

    def prepare(self, session: Session, entries: Collection[Entry]) -> list[Prepared]:
        """Cut the texts; changes nothing."""
        prepare = _for_sqlite if _is_sqlite(session) else _for_postgresql
        return [prepare(entry) for entry in entries]

    def put(self, session: Session, prepared: Sequence[Prepared]) -> None:
        """Store these, in the place of what stood under their numbers."""
        if not prepared:
            return
        self.remove(session, [entry.id for entry in prepared])
        rows = [(one.id, one.words, one.facets) for one in prepared]
        query = (PUT[0] if _is_sqlite(session) else PUT[1]).format(name=self.name)
        session.connection().exec_driver_sql(query, rows)

    def put_many(self, session: Session, entries: Collection[Entry]) -> None:
        """Prepare and put."""
        self.put(session, self.prepare(session, entries))

    def remove(self, session: Session, ids: Collection[int]) -> None:
        """Nothing is found under these numbers any more."""
        if ids:
            query = self._either(session, REMOVE).bindparams(bindparam("ids", expanding=True))
            session.execute(query, {"ids": [*ids]})

    def remove_facet(self, session: Session, facet: str) -> None:
        """Remove every entry with this facet."""
        asked = _asked(session, Wanted((), (facet,)))
        session.execute(self._either(session, REMOVE_FOUND), {"asked": asked})

    def find(self, session: Session, wanted: Wanted, limit: int) -> list[int]:
        """The highest numbers first, at most `limit`. Without phrases and facets: none.

        In PostgreSQL first along the newest rows, where common words are, then by the index, for
        rare ones: by the index alone a word in a third of all rows would fetch them all.
        """
        if not (wanted.phrases or wanted.facets or wanted.or_facet):
            return []
        values: dict[str, Any] = {
            "asked": _asked(session, wanted),
            "least": wanted.least,
            "below": wanted.below,
            "limit": limit,
        }
        if _is_sqlite(session):
            return list(session.scalars(self._sql(FIND_IN_SQLITE), values))
        window = {"window": max(WINDOW, limit * WINDOW_PER_HIT)}
        found = list(session.scalars(self._sql(FIND_AMONG_NEWEST), values | window))
        if len(found) == limit:
            return found
        return list(session.scalars(self._sql(FIND_BY_INDEX), values))

    def _either(self, session: Session, forms: tuple[str, str]) -> TextClause:
        return self._sql(forms[0] if _is_sqlite(session) else forms[1])

    def _sql(self, template: str) -> TextClause:
        return text(template.format(name=self.name))


def openid_facet(openid: str) -> str:
    """A facet of an openid, or of its beginning, in which case counts for nothing."""
    safe = openid.casefold().translate({ord("-"): "ˉ", ord("_"): "ˍ"})
    return "".join(character for character in f"o{safe}" if character.isalnum())


def _asked(session: Session, wanted: Wanted) -> str:
    return _fts5_query(wanted) if _is_sqlite(session) else _tsquery(wanted)


def _is_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"


def _for_sqlite(entry: Entry) -> Prepared:
    tokens = search_tokens(entry.text)[:MOST_TOKENS]
    return Prepared(entry.id, " ".join(tokens), " ".join(entry.facets))


def _for_postgresql(entry: Entry) -> Prepared:
    tokens = pairs(search_tokens(entry.text)[:MOST_TOKENS])
    words = " ".join(f"'{token}':{place}" for place, token in enumerate(tokens, 1))
    return Prepared(entry.id, words, " ".join(f"'#{facet}'" for facet in entry.facets))


def _fts5_query(wanted: Wanted) -> str:
    """Tokens and facets have letters and digits only, so nothing in them is syntax."""
    phrases = [_fts5_phrase(phrase) for phrase in wanted.phrases]
    asked = [f"(words : ({' AND '.join(phrases)}))"] if phrases else []
    if wanted.or_facet:
        begins = f'(facets : "{wanted.or_facet}" *)'
        asked = [f"({' OR '.join([*asked, begins])})"]
    asked += [f'(facets : "{facet}")' for facet in wanted.facets]
    if wanted.any_facet:
        quoted = " OR ".join(f'"{facet}"' for facet in wanted.any_facet)
        asked.append(f"(facets : ({quoted}))")
    return " AND ".join(asked)


def _fts5_phrase(phrase: Phrase) -> str:
    quoted = f'"{" ".join(phrase.tokens)}"'
    return f"{quoted} *" if phrase.is_open else quoted


def _tsquery(wanted: Wanted) -> str:
    phrases = [_tsphrase(phrase) for phrase in wanted.phrases]
    asked = [f"({' & '.join(phrases)})"] if phrases else []
    if wanted.or_facet:
        begins = f"'#{wanted.or_facet}':*"
        asked = [f"({' | '.join([*asked, begins])})"]
    asked += [f"'#{facet}'" for facet in wanted.facets]
    if wanted.any_facet:
        quoted = " | ".join(f"'#{facet}'" for facet in wanted.any_facet)
        asked.append(f"({quoted})")
    return " & ".join(asked)


def _tsphrase(phrase: Phrase) -> str:
    """The pairs one after the other; the last character is in the pair before it.

    A single character begins a pair, or is the last of its run, where it stands alone.
    """
    lexemes = [f"'{token}'" for token in pairs(phrase.tokens)]
    last = phrase.tokens[-1]
    if phrase.is_open or len(phrase.tokens) == 1:
        lexemes[-1] += ":*"
    elif is_character(last) and is_character(phrase.tokens[-2]):
        lexemes.pop()
    elif is_character(last):
        lexemes[-1] += ":*"
    return f"({' <-> '.join(lexemes)})"
