"""A database table, upserted by invoice id in one transaction a hand-over, so repeating it changes nothing.

Any SQLAlchemy database; PostgreSQL and SQLite upsert in one statement, others by delete and insert.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, NoSuchModuleError, OperationalError

from invoicebatch.delivery.channel import Answer, ChannelDefaults, Message, TemporaryError
from invoicebatch.delivery.external.address import address
from invoicebatch.errors import SettingsError
from invoicebatch.model.exports.record import key_column, target_columns
from invoicebatch.model.outbox.payload import ExternalPayload
from invoicebatch.model.schema import Type
from invoicebatch.model.status import OutboxStatus
from invoicebatch.settings import External

_TYPES: Final[Mapping[Type, Any]] = {
    Type.INTEGER: sa.BigInteger(),
    Type.BOOLEAN: sa.Boolean(),
    Type.MONEY: sa.Numeric(18, 2),
    Type.PERCENT: sa.Numeric(5, 2),
    Type.QUANTITY: sa.Numeric(18, 6),
    Type.DATE: sa.Date(),
    Type.TIMESTAMP: sa.DateTime(timezone=True),
}
_AWAY: Final = (OperationalError, InterfaceError)
_BATCH: Final = 1000


class DatabaseChannel(ChannelDefaults):
    """One table of a database."""

    name = "external"
    bulk = 100_000

    def __init__(self, system: External) -> None:
        self.attempts = system.attempts
        self.wait_seconds = system.wait_seconds
        self._system = system
        self._engine: sa.Engine | None = None
        self._table = _described(system)
        self._key = key_column(target_columns(system))

    def connect(self) -> None:
        """Connect; make the table where it is missing, else check that it has every column.

        Raises:
            SettingsError: the address, the driver or the table can't be used.
            TemporaryError: the database can't be reached.
        """
        try:
            self._engine = sa.create_engine(address(self._system), pool_pre_ping=True)
            with self._engine.begin() as connection:
                self._table.create(connection, checkfirst=True)
                there = {
                    c["name"]
                    for c in sa.inspect(connection).get_columns(self._table.name, self._table.schema)
                }
        except (NoSuchModuleError, ArgumentError, ImportError) as error:
            raise SettingsError(
                f"The database can't be used: {error}", "Correct its url, install its driver."
            ) from error
        except _AWAY as error:
            raise TemporaryError(f"The database can't be reached: {_words(error)}") from error
        except DBAPIError as error:
            raise SettingsError(f"The table {self._system.table} can't be used: {_words(error)}") from error
        if missing := [name for name in self._table.columns.keys() if name not in there]:  # noqa: SIM118
            raise SettingsError(
                f"The table {self._system.table} has no column {', '.join(missing)}.",
                "Add it there, or map other columns under [external.NAME.columns].",
            )

    def hand_over(self, message: Message) -> Answer:
        """One record."""
        return self.hand_over_many([message])[message.message_id]

    def hand_over_many(self, messages: Sequence[Message]) -> Mapping[str, Answer]:
        """Upsert all records in one transaction; records the database refuses are named and left out."""
        rows = [_typed(message.payload_as(ExternalPayload).record, self._table) for message in messages]
        refused: dict[int, str] = {}
        if self._engine is None:
            raise TemporaryError("The database is not connected.")
        try:
            with self._engine.begin() as connection:
                for start in range(0, len(rows), _BATCH):
                    refused |= self._batch(connection, rows[start : start + _BATCH], start)
        except DBAPIError as error:
            raise TemporaryError(f"The database undid the transaction: {_words(error)}") from error
        done = Answer(OutboxStatus.SENT, f"in table {self._system.table}")
        return {
            message.message_id: Answer(OutboxStatus.FAILED, f"the database refused it: {refused[at]}")
            if at in refused
            else done
            for at, message in enumerate(messages)
        }

    def _batch(self, connection: sa.Connection, rows: list[dict[str, Any]], start: int) -> dict[int, str]:
        """Rows that were refused, by position; a batch that fails is done again row by row."""
        try:
            with connection.begin_nested():
                self._upsert(connection, rows)
        except _AWAY:
            raise
        except DBAPIError:
            return self._one_by_one(connection, rows, start)
        return {}

    def _one_by_one(
        self, connection: sa.Connection, rows: list[dict[str, Any]], start: int
    ) -> dict[int, str]:
        refused: dict[int, str] = {}
        for at, row in enumerate(rows, start=start):
            try:
                with connection.begin_nested():
                    self._upsert(connection, [row])
            except _AWAY:
                raise
            except DBAPIError as error:
                refused[at] = _words(error)
        return refused

    def _upsert(self, connection: sa.Connection, rows: list[dict[str, Any]]) -> None:
        table = self._table
        dialects: dict[str, Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}
        if make := dialects.get(connection.dialect.name):
            insert = make(table)
            changed = {c.name: insert.excluded[c.name] for c in table.columns if c.name != self._key}
            connection.execute(insert.on_conflict_do_update(index_elements=[self._key], set_=changed), rows)
            return
        connection.execute(sa.delete(table).where(table.c[self._key].in_([row[self._key] for row in rows])))
        connection.execute(sa.insert(table), rows)

    def recover(self, message: Message) -> Answer:  # noqa: ARG002
        """An upsert may be repeated."""
        return Answer(OutboxStatus.PENDING, "interrupted; upserted again", retry_after=0.0)

    def close(self) -> None:
        """Close the connections."""
        if self._engine is not None:
            self._engine.dispose()


def _described(system: External) -> sa.Table:
    schema, _, name = system.table.rpartition(".")
    columns = target_columns(system)
    key = key_column(columns)
    return sa.Table(
        name,
        sa.MetaData(schema=schema or None),
        *(
            sa.Column(
                there, _TYPES.get(column.type, sa.Text()), primary_key=there == key, autoincrement=False
            )
            for there, column in columns.items()
        ),
    )


def _typed(record: Mapping[str, Any], table: sa.Table) -> dict[str, Any]:
    """JSON values as the driver wants them, amounts as Decimal."""
    return {column.name: _value(record[column.name], column.type) for column in table.columns}


def _value(value: Any, kind: Any) -> Any:
    if value is None:
        return None
    if isinstance(kind, sa.Numeric):
        return Decimal(value)
    if isinstance(kind, sa.DateTime):
        return datetime.fromisoformat(value)
    return date.fromisoformat(value) if isinstance(kind, sa.Date) else value


def _words(error: DBAPIError) -> str:
    """The database's own words, without the statement and its values."""
    return " ".join(str(error.orig).split())[:300]
