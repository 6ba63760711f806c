"""Rows of the rooms (plain dataclasses) to journal values and back, each with its schema version.

A value is the msgpack array ``[version, row]``, or ``[version, row, true]`` where a text of the row is no UTF-8 (peers
send what they like, and a dialog must be found again by the very bytes): its texts are kept in another form then. The
table's name is the row's address. A row is the array of its fields' values in the order of the dataclass (a map of them,
as it was before, is read as well): a third of the time and of the bytes. A class whose rows are written with every call
says by its method ``values`` what that array is; it may leave out the last ones where they are the fields' defaults.

The next release reads this one's journal: a new field is put at the end and has a default; a table that changes shape in
any other way raises its version and says how an older row becomes a newer one.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any, Final

import msgspec

from app.journal.building import converted, decoder
from app.journal.envelope import Envelope
from app.journal.port import JournalError, PlainRow, Row

__all__ = ["RowCodec", "TableSchema", "Upgrade"]


_TEXTS_KNOWN: Final = 4000  # while all rows are read

Upgrade = Callable[[dict[str, Any]], dict[str, Any]]
"""The fields of a row of one version → those of the next."""


@dataclass(frozen=True, slots=True)
class TableSchema:
    """What a table's rows are. ``upgrades[n]`` turns a row of version n into one of version n + 1; ``former[n]`` names the
    fields of version n in their order, where they were others than now.
    """

    type: type[Any]
    version: int = 1
    upgrades: Mapping[int, Upgrade] = field(default_factory=dict)
    former: Mapping[int, tuple[str, ...]] = field(default_factory=dict)


class RowCodec:
    """Encodes and decodes the rows of the tables handed in; a bare type stands for its version 1."""

    def __init__(self, tables: Mapping[str, TableSchema | type[Any]]) -> None:
        self._schemas = {
            name: schema if isinstance(schema, TableSchema) else TableSchema(schema) for name, schema in tables.items()
        }
        self._names = {name: _names_of(schema.type) for name, schema in self._schemas.items()}
        self._writers = {
            name: (schema.version, _writer_of(schema.type, self._names[name])) for name, schema in self._schemas.items()
        }
        self._envelope = decoder(Envelope)
        self._encoder = msgspec.msgpack.Encoder()

    def encode(self, table: str, key: str, row: object | None) -> Row:
        """None deletes. Raises ``JournalError`` for a table that is not registered or a row that has no encoding."""
        self._schema(table)
        if row is None:
            return Row(table, key, None)
        version, values = self._writers[table]
        try:
            return Row(table, key, self._encoder.encode((version, values(row))))
        except UnicodeEncodeError:
            plain = msgspec.to_builtins(values(row), builtin_types=(bytes,))
            return Row(table, key, self._encoder.encode((version, _each_text(plain, _wrapped), True)))
        except (AttributeError, TypeError, ValueError, OverflowError) as error:
            raise JournalError(f"row {key!r} of journal table {table!r} cannot be encoded: {error}") from error

    def encode_all(self, changes: Iterable[tuple[str, str, object | None]]) -> list[PlainRow]:
        """A turn's changes, in order; as ``encode``, with the common case first."""
        writers, write = self._writers, self._encoder.encode
        rows: list[PlainRow] = []
        for table, key, row in changes:
            writer = writers.get(table)
            if writer is None:
                raise JournalError(f"unknown journal table {table!r}")
            if row is None:
                rows.append((table, key, None))
                continue
            try:
                rows.append((table, key, write((writer[0], writer[1](row)))))
            except (AttributeError, TypeError, ValueError, OverflowError):  # not UTF-8, or no encoding at all
                rows.append(self.encode(table, key, row))
        return rows

    def decode_all(self, rows: Iterable[PlainRow]) -> Iterator[tuple[str, str, Any]]:
        """Table, key and dataclass of each row, as ``decode``.

        Texts that stand in many rows (queues, hosts, the media server) become one object again, as they were when the rows
        were written; those of few rows are not worth the room that it takes to know them.
        """
        texts: dict[str, str] = {}
        for table, key, value in rows:
            if len(texts) > _TEXTS_KNOWN:
                texts.clear()  # what stands in many rows is known again soon
            yield table, key, self._decoded(Row(table, key, value), texts)

    def decode(self, row: Row) -> Any:  # noqa: ANN401 - the type is the table's
        """The dataclass that was encoded. Raises ``JournalError`` naming what is unknown, too new or damaged."""
        return self._decoded(row, {})

    def _decoded(self, row: Row, texts: dict[str, str]) -> Any:  # noqa: ANN401 - as above
        schema = self._schema(row.table)
        if row.value is None:
            raise JournalError(
                f"row {row.key!r} of journal table {row.table!r} is a deletion: there is nothing to decode"
            )
        try:
            return self._converted(row, schema, self._envelope(row.value), texts)
        except (msgspec.MsgspecError, UnicodeError) as error:
            raise JournalError(f"row {row.key!r} of journal table {row.table!r} is damaged: {error}") from error

    def _converted(self, row: Row, schema: TableSchema, envelope: Envelope, texts: dict[str, str]) -> Any:  # noqa: ANN401 - as above
        version = envelope.version
        if version > schema.version:
            raise JournalError(
                f"journal table {row.table!r} has rows of version {version}, this release knows up to {schema.version}"
            )
        found = msgspec.msgpack.decode(envelope.row)
        if envelope.wrapped:
            found = _each_text(found, _unwrapped)
        if isinstance(found, list):
            _share(found, texts)
            found = dict(zip(schema.former.get(version) or self._names[row.table], found, strict=False))
        for step in range(version, schema.version):
            upgrade = schema.upgrades.get(step)
            if upgrade is None:
                raise JournalError(f"journal table {row.table!r}: rows of version {version} can no longer be read")
            found = upgrade(found)
        return converted(found, schema.type)

    def _schema(self, table: str) -> TableSchema:
        try:
            return self._schemas[table]
        except KeyError:
            raise JournalError(f"unknown journal table {table!r}") from None


def _names_of(kind: type[Any]) -> tuple[str, ...]:
    """Of the fields that the constructor takes."""
    return tuple([each.name for each in fields(kind) if each.init])


def _writer_of(kind: type[Any], names: tuple[str, ...]) -> Callable[[Any], tuple[object, ...]]:
    """What makes the array of a row of this class."""
    own: Callable[[Any], tuple[object, ...]] | None = getattr(kind, "values", None)
    return own if own is not None else _values_of(names)


def _values_of(names: tuple[str, ...]) -> Callable[[object], tuple[object, ...]]:
    """What makes the array of a row's values."""
    if len(names) == 1:  # of one name alone an attrgetter makes no tuple
        only = attrgetter(names[0])
        return lambda row: (only(row),)
    return attrgetter(*names)


def _each_text(value: Any, change: Callable[[str], str]) -> Any:  # noqa: ANN401 - whatever msgpack can hold
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {_each_text(key, change): _each_text(item, change) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_each_text(item, change) for item in value]
    return value


def _share(values: list[Any], texts: dict[str, str]) -> None:
    """Puts known texts in the place of equal ones, in arrays at any depth: maps are few and small."""
    for at, value in enumerate(values):
        kind = type(value)
        if kind is str:
            values[at] = texts.setdefault(value, value)
        elif kind is list:
            _share(value, texts)


def _wrapped(text: str) -> str:
    """UTF-8 with its lone surrogates, byte by byte as Latin-1."""
    return text.encode("utf-8", "surrogatepass").decode("latin-1")


def _unwrapped(text: str) -> str:
    return text.encode("latin-1").decode("utf-8", "surrogatepass")
