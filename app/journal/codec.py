"""Rows of the rooms (plain dataclasses) to journal values and back, each with its schema version.

A value is the msgpack array ``[version, row]``; the table's name is the row's address. The next release reads this
one's journal: a table that changes shape raises its version and says how an older row becomes a newer one.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from app.journal.port import JournalError, Row

__all__ = ["RowCodec", "TableSchema", "Upgrade"]

Upgrade = Callable[[dict[str, Any]], dict[str, Any]]
"""The fields of a row of one version → those of the next."""


@dataclass(frozen=True, slots=True)
class TableSchema:
    """What a table's rows are. ``upgrades[n]`` turns a row of version n into one of version n + 1."""

    type: type[Any]
    version: int = 1
    upgrades: Mapping[int, Upgrade] = field(default_factory=dict)


class RowCodec:
    """Encodes and decodes the rows of the tables handed in; a bare type stands for its version 1."""

    def __init__(self, tables: Mapping[str, TableSchema | type[Any]]) -> None:
        self._schemas = {
            name: schema if isinstance(schema, TableSchema) else TableSchema(schema) for name, schema in tables.items()
        }
        self._decoders = {name: msgspec.msgpack.Decoder(schema.type) for name, schema in self._schemas.items()}
        self._envelope = msgspec.msgpack.Decoder(tuple[int, msgspec.Raw])
        self._encoder = msgspec.msgpack.Encoder()

    def encode(self, table: str, key: str, row: object | None) -> Row:
        """None deletes. Raises ``JournalError`` for a table that is not registered or a row that has no encoding."""
        schema = self._schema(table)
        if row is None:
            return Row(table, key, None)
        try:
            return Row(table, key, self._encoder.encode((schema.version, row)))
        except (TypeError, ValueError, OverflowError) as error:
            raise JournalError(f"row {key!r} of journal table {table!r} cannot be encoded: {error}") from error

    def encode_all(self, changes: Iterable[tuple[str, str, object | None]]) -> list[Row]:
        """A turn's changes, in order."""
        return [self.encode(table, key, row) for table, key, row in changes]

    def decode(self, row: Row) -> Any:  # noqa: ANN401 - the type is the table's
        """The dataclass that was encoded. Raises ``JournalError`` naming what is unknown, too new or damaged."""
        schema = self._schema(row.table)
        if row.value is None:
            raise JournalError(
                f"row {row.key!r} of journal table {row.table!r} is a deletion: there is nothing to decode"
            )
        try:
            version, payload = self._envelope.decode(row.value)
            if version == schema.version:
                return self._decoders[row.table].decode(payload)
            return self._upgraded(row, schema, version, payload)
        except msgspec.MsgspecError as error:
            raise JournalError(f"row {row.key!r} of journal table {row.table!r} is damaged: {error}") from error

    def _upgraded(self, row: Row, schema: TableSchema, version: int, payload: msgspec.Raw) -> Any:  # noqa: ANN401
        if version > schema.version:
            raise JournalError(
                f"journal table {row.table!r} has rows of version {version}, this release knows up to {schema.version}"
            )
        fields = msgspec.msgpack.decode(payload)
        for step in range(version, schema.version):
            upgrade = schema.upgrades.get(step)
            if upgrade is None:
                raise JournalError(f"journal table {row.table!r}: rows of version {version} can no longer be read")
            fields = upgrade(fields)
        return msgspec.convert(fields, schema.type)

    def _schema(self, table: str) -> TableSchema:
        try:
            return self._schemas[table]
        except KeyError:
            raise JournalError(f"unknown journal table {table!r}") from None
