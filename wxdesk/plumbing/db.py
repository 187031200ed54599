"""The base class of every table, the UTC datetime column, and the engine for each database."""

from __future__ import annotations

import json
import random
import sqlite3
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar, cast

from sqlalchemy import (
    JSON,
    BigInteger,
    BindParameter,
    ColumnElement,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Enum,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    bindparam,
    column,
    create_engine,
    event,
    func,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, QueryableAttribute, Session, mapped_column, sessionmaker
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

from wxdesk.plumbing.clock import pause

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

BUSY_SECONDS = 10
ASK_AGAIN_SECONDS = (0.001, 0.006)
CONNECT_SECONDS = 5
UNUSED_SECONDS = 1.0

BigId = BigInteger().with_variant(Integer, "sqlite")
PrimaryKey = Annotated[int, mapped_column(BigId, primary_key=True)]


class _Text(sqlite.DATETIME):
    """SQLite's text of a time, written by C."""

    def bind_processor(self, _dialect: Dialect) -> Callable[[datetime | None], str | None]:
        return lambda value: None if value is None else value.isoformat(" ", "microseconds")[:26]


def _from_text(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(f"{text}+00:00")


class UTCDateTime(TypeDecorator[datetime]):
    """A timezone-aware datetime; refuses naive values, always returns UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        is_sqlite = dialect.name == "sqlite"
        return dialect.type_descriptor(_Text() if is_sqlite else self.impl_instance)  # type: ignore[no-untyped-call]

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value!r}: use an aware UTC value")
        return value.astimezone(UTC)

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """One call for each value of SQLite: a page of a list has two thousand."""
        if dialect.name == "sqlite":
            return _from_text
        return super().result_processor(dialect, coltype)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None or value.tzinfo is UTC:
            return value
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UTCDateTime,
        dict[str, Any]: JSON(none_as_null=True),
    }


def enum_of(kind: type[StrEnum], name: str | None = None) -> Enum:
    """A column that stores the member's value as text, checked by the database.

    `name` tells two columns of one kind in one table apart.
    """
    return Enum(
        kind,
        native_enum=False,
        create_constraint=True,
        length=20,
        name=name or kind.__name__.lower(),
        values_callable=lambda members: [member.value for member in members],
    )


def open_engine(url: str) -> Engine:
    """Connect lazily to SQLite (WAL, immediate write transactions) or PostgreSQL (psycopg 3)."""
    if url.startswith("sqlite"):
        return _open_sqlite(url)
    engine = create_engine(
        url,
        pool_size=10,
        max_overflow=10,
        hide_parameters=True,
        pool_timeout=CONNECT_SECONDS,
        connect_args={
            "connect_timeout": CONNECT_SECONDS,
            "options": "-c timezone=UTC -c statement_timeout=30000 -c lock_timeout=10000",
        },
    )
    _ask_the_unused(engine)
    return engine


def _ask_the_unused(engine: Engine) -> None:
    """A connection that nobody used for a second may be dead: PostgreSQL has restarted.

    Asking each time is a fourth of a small request's time. What dies in use fails one request, and
    takes all older connections with it.
    """

    @event.listens_for(engine, "checkin")
    def _note(_connection: object, record: Any) -> None:
        record.info["used_at"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def _ask(connection: Any, record: Any, _proxy: object) -> None:
        used_at = record.info.get("used_at")
        if used_at is None or time.monotonic() - used_at < UNUSED_SECONDS:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError from error


def _open_sqlite(url: str) -> Engine:
    engine = create_engine(
        url,
        pool_size=10,
        max_overflow=20,
        hide_parameters=True,
        connect_args={"timeout": BUSY_SECONDS},
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # transactions are begun below, not by the driver
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")  # an entry leaves its stream after this
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        if connection.get_execution_options().get("is_reading"):
            connection.exec_driver_sql("BEGIN")
        else:
            _begin_writing(connection)

    return engine


def _begin_writing(connection: Connection) -> None:
    """Take the write lock; OperationalError after 10 seconds.

    SQLite itself asks again after up to 100 ms, while whoever came later gets the lock: under load
    one waits seconds. Asking every few milliseconds all wait about the same.
    """
    driver: Any = connection.connection.dbapi_connection
    deadline = time.monotonic() + BUSY_SECONDS
    driver.execute("PRAGMA busy_timeout=0")
    try:
        while _is_locked(driver) and time.monotonic() < deadline:
            pause(random.uniform(*ASK_AGAIN_SECONDS))  # noqa: S311 -- so that two do not keep step
        if not driver.in_transaction:
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # its error, as SQLAlchemy gives it
    finally:
        driver.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")


def _is_locked(driver: Any) -> bool:
    """False when the transaction has begun, or can't for another reason."""
    try:
        driver.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        return bool(error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY)
    return False


def writing_sessions(engine: Engine) -> sessionmaker[Session]:
    """Sessions that take the write lock at their start (SQLite)."""
    return sessionmaker(engine, expire_on_commit=False)


def reading_sessions(engine: Engine) -> sessionmaker[Session]:
    """Sessions that only read: they never wait for a writer (SQLite) and share the same pool.

    On PostgreSQL each statement sees what is committed then, within a transaction as without one:
    so without, which saves two round trips.
    """
    reading = engine.execution_options(is_reading=True)
    if engine.dialect.name == "postgresql":
        reading = reading.execution_options(isolation_level="AUTOCOMMIT")
    return sessionmaker(reading, expire_on_commit=False)


def write_in_order(session: Session, name: str) -> None:
    """Hold a lock until the commit, so that rows under `name` become visible in the order of ids.

    Without it a reader that remembers the last id would miss a row whose id was given earlier and
    committed later. SQLite has one writer at a time anyway.
    """
    hold(session, name)


def hold(session: Session, name: str, *, is_shared: bool = False) -> None:
    """Hold a lock of this name until the transaction ends; shared ones don't exclude each other.

    To be asked for before any row that a holder may wait for. SQLite has one writer at a time.
    """
    if session.get_bind().dialect.name == "postgresql":
        lock = func.pg_advisory_xact_lock_shared if is_shared else func.pg_advisory_xact_lock
        session.execute(select(lock(func.hashtext(name))))


class _IdList(TypeDecorator[Sequence[int]]):
    """Many ids as one parameter: an array for PostgreSQL, JSON for SQLite."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        is_postgres = dialect.name == "postgresql"
        return dialect.type_descriptor(postgresql.ARRAY(BigInteger) if is_postgres else Text())

    def process_bind_param(self, value: Collection[int] | None, dialect: Dialect) -> Any:
        ids = list(value or ())
        return ids if dialect.name == "postgresql" else json.dumps(ids)


class one_of(FunctionElement[Any]):  # noqa: N801 -- stands in a query as a function does
    """The column is among the ids of the parameter `ids`: for statements that are module constants.

    Building one takes as long as running it. The text is the same for any number of ids, so
    nobody compiles or prepares it anew.
    """

    inherit_cache = True
    name = "one_of"  # of no type: SQLite would be asked whether a boolean is 1, and use no index

    def __init__(self, its: Any) -> None:
        super().__init__(its, bindparam("ids", type_=_IdList()))


@compiles(one_of, "postgresql")
def _any_of(element: one_of, compiler: Any, **options: Any) -> str:
    its, ids = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{its} = ANY ({ids})"


@compiles(one_of, "sqlite")
def _in_json(element: one_of, compiler: Any, **options: Any) -> str:
    its, ids = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{its} IN (SELECT value FROM json_each({ids}))"  # noqa: S608 -- our own clauses


# As `one_of`, compiled for each number of ids.
IDS: BindParameter[Any] = bindparam("ids", expanding=True)


def insert_rows(
    session: Session,
    table: type[Base],
    rows: Sequence[Mapping[str, Any]],
    *returned: QueryableAttribute[Any],
    passes_known: bool = False,
) -> Sequence[Any]:
    """Insert many rows with the same keys past the ORM; gives these columns of each, in any order.

    With `passes_known` rows that a unique constraint knows already are passed over. On PostgreSQL
    as one array a column: a statement a row takes three times as long there.
    """
    statement: Any
    values: Any = list(rows)
    if session.get_bind().dialect.name == "postgresql":
        statement, values = _from_arrays(table, rows)
    else:
        statement = sqlite.insert(_table(table))
    if passes_known:
        statement = statement.on_conflict_do_nothing()
    if not returned:
        session.execute(statement, values)
        return ()
    return session.execute(statement.returning(*returned), values).all()


def _from_arrays(table: type[Base], rows: Sequence[Mapping[str, Any]]) -> tuple[Any, Any]:
    columns = [_table(table).c[name] for name in rows[0]]
    arrays = [bindparam(f"all_{it.name}", type_=postgresql.ARRAY(_plain(it))) for it in columns]
    source = (
        func.unnest(*arrays)
        .table_valued(*(column(it.name, it.type) for it in columns), name="new")
        .render_derived()
    )
    statement = postgresql.insert(_table(table)).from_select(
        [it.name for it in columns], select(*source.c)
    )
    return statement, {f"all_{it.name}": [row[it.name] for row in rows] for it in columns}


def _table(model: type[Base]) -> Table:
    return cast(Table, model.__table__)


def _plain(its: ColumnElement[Any]) -> Any:
    """A cast to VARCHAR(n) would cut what is too long; so the column itself refuses it."""
    is_text = isinstance(its.type, String) and not isinstance(its.type, Enum)
    return Text() if is_text else its.type


def insert_new(session: Session, table: type[Base]) -> Any:
    """An INSERT that passes over rows that a unique constraint knows already."""
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    insert = sqlite.insert if is_sqlite else postgresql.insert
    return insert(table).on_conflict_do_nothing()


def upsert(
    session: Session,
    table: type[Base],
    *columns: str,
    only_if: ColumnElement[bool] | None = None,
) -> Any:
    """An INSERT that sets these columns where the primary key is there already."""
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    made: Any = (sqlite.insert if is_sqlite else postgresql.insert)(table)
    return made.on_conflict_do_update(
        index_elements=[column.name for column in table.__table__.primary_key],
        set_={name: made.excluded[name] for name in columns},
        where=only_if,
    )
