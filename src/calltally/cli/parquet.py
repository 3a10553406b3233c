"""Records as a Parquet file, batch by batch, so that any number of them takes the memory of one batch.

Instants are timestamps in UTC, durations are seconds, lists are lists of texts, and what is nested deeper is JSON. The
same records give the same bytes.
"""

import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice

import pyarrow as pa
import pyarrow.parquet as pq

from calltally.render.records import ColumnType, column_type

BATCH_RECORDS = 20_000

_TYPES: Mapping[ColumnType, pa.DataType] = {
    ColumnType.TEXT: pa.string(),
    ColumnType.TEXTS: pa.list_(pa.string()),
    ColumnType.INSTANT: pa.timestamp("ms", tz="UTC"),
    ColumnType.SECONDS: pa.float64(),
    ColumnType.COUNT: pa.int64(),
    ColumnType.TRUTH: pa.bool_(),
    ColumnType.NESTED: pa.string(),
}


class _Chunks(io.RawIOBase):
    """What was written, until it is taken away."""

    def __init__(self) -> None:
        super().__init__()
        self._chunks: list[bytes] = []
        self._written = 0

    def writable(self) -> bool:
        """Return that it can be written."""
        return True

    def write(self, data: bytes | bytearray | memoryview, /) -> int:  # type: ignore[override]  # as pyarrow calls it
        """Take bytes."""
        self._chunks.append(bytes(data))
        self._written += len(data)
        return len(data)

    def tell(self) -> int:
        """Return how much was written in all."""
        return self._written

    def taken(self) -> bytes:
        """Return what was written since this was asked last."""
        chunk = b"".join(self._chunks)
        self._chunks.clear()
        return chunk


def parquet(names: tuple[str, ...], records: Iterable[Mapping[str, object]]) -> Iterator[bytes]:
    """Yield the parts of a Parquet file."""
    types = {name: column_type(name) for name in names}
    schema = pa.schema([(name, _TYPES[kind]) for name, kind in types.items()])
    sink = _Chunks()
    rest = iter(records)
    with pq.ParquetWriter(sink, schema) as writer:
        while batch := list(islice(rest, BATCH_RECORDS)):
            columns = {name: [_plain(kind, record[name]) for record in batch] for name, kind in types.items()}
            writer.write_table(pa.table(columns, schema=schema))
            yield sink.taken()
    yield sink.taken()


def _plain(kind: ColumnType, value: object) -> object:
    """Return a value as its column holds it."""
    return None if value is None else _PLAIN[kind](value) if kind in _PLAIN else value


_PLAIN: Mapping[ColumnType, Callable[[object], object]] = {
    ColumnType.INSTANT: lambda value: datetime.fromisoformat(str(value)),
    ColumnType.TEXTS: lambda value: list(value) if isinstance(value, tuple) else [],
    ColumnType.NESTED: lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":")),
}
