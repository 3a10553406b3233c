"""Step E: what Grafana makes of the rows of a query, and what it cannot use."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from tests.grafana.macros import Fill, Kind
from tests.grafana.refusals import ShapeError

MOST_ROWS: Final = 1_000_000
_TIME_NAMES: Final = {Kind.POSTGRESQL: ("time",), Kind.MYSQL: ("time", "time_sec")}

Point = tuple[int, float | None]
SeriesName = tuple[tuple[str, str], ...]
"""The name of the value's column, and the labels of the series, each with its value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A result as columns and rows; times are milliseconds since 1970."""

    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]

    def dictionaries(self) -> Iterator[dict[str, object]]:
        """Yield each row by the names of its columns."""
        for row in self.rows:
            yield dict(zip(self.columns, row, strict=True))


def instant_ms(value: object) -> int | None:
    """Return the instant of a value in a time column.

    Raises:
        ShapeError: it is none.
    """
    if value is None:
        return None
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return round(aware.timestamp() * 1000)
    if isinstance(value, (int, float, Decimal)):
        exponent = f"{float(value):e}"[-4:]
        if exponent == "e+09":
            return round(float(value) * 1000)
        return round(float(value) / 1_000_000) if exponent == "e+18" else round(float(value))
    raise ShapeError(f"a time column holds {type(value).__name__}")


def table_of(columns: Sequence[str], rows: Sequence[Sequence[object]], kind: Kind) -> Table:
    """Return the result of a query with `format: table`.

    Raises:
        ShapeError: columns share a name, a time cannot be read, or there are too many rows.
    """
    if len(set(columns)) < len(columns):
        raise ShapeError(f"columns share a name: {', '.join(columns)}")
    if len(rows) > MOST_ROWS:
        raise ShapeError(f"{len(rows)} rows, of which Grafana leaves some out")
    times = {place for place, name in enumerate(columns) if name in (*_TIME_NAMES[kind], "timeend")}
    return Table(
        columns=tuple(columns),
        rows=tuple(
            tuple(instant_ms(value) if place in times else _plain(value) for place, value in enumerate(row))
            for row in rows
        ),
    )


def series_of(
    columns: Sequence[str], rows: Sequence[Sequence[object]], kind: Kind
) -> Mapping[SeriesName, Sequence[Point]]:
    """Return the series of a query with `format: time_series`; a text column tells them apart.

    Raises:
        ShapeError: there is no time column, it is empty or not rising, or there is no value.
    """
    if not rows:
        return {}
    table = table_of(columns, rows, kind)
    place = next((table.columns.index(name) for name in _TIME_NAMES[kind] if name in table.columns), None)
    if place is None:
        raise ShapeError(f"none of the columns is called time: {', '.join(columns)}")
    labels = [each for each in range(len(columns)) if each != place and _is_text(table, each)]
    values = [each for each in range(len(columns)) if each != place and each not in labels]
    if not values:
        raise ShapeError("there is no column of numbers beside the time")
    named_by_metric = len(columns) == 3 and [columns[each] for each in labels] == ["metric"]
    found: dict[SeriesName, list[Point]] = {}
    before: int | None = None
    for row in table.rows:
        at = row[place]
        if not isinstance(at, int):
            raise ShapeError("a time is empty")
        if before is not None and at < before:
            raise ShapeError("the rows do not rise by time")
        before = at
        for each in values:
            name = _series_name(table, row, each, labels, named_by_metric=named_by_metric)
            found.setdefault(name, []).append((at, _number(row[each])))
    return found


def filled(points: Sequence[Point], fill: Fill, from_ms: int, to_ms: int) -> list[Point]:
    """Return a series with every bucket of the range, those without a row filled as asked.

    Raises:
        ShapeError: a row lies off the grid, so that its value would be lost.
    """
    known = dict(points)
    grid = range(from_ms - from_ms % fill.step_ms, to_ms - to_ms % fill.step_ms + 1, fill.step_ms)
    if off := sorted(known.keys() - set(grid)):
        raise ShapeError(f"{len(off)} rows lie off the grid of {fill.step_ms} ms, the first at {off[0]}")
    whole: list[Point] = []
    for at in grid:
        value = known.get(at)
        if at not in known:
            value = (whole[-1][1] if whole else None) if fill.mode == "previous" else _number(fill.mode)
        whole.append((at, value))
    return whole


def _series_name(
    table: Table, row: Sequence[object], value: int, labels: Sequence[int], *, named_by_metric: bool
) -> SeriesName:
    if named_by_metric:
        return ((str(row[labels[0]]), ""),)
    return ((table.columns[value], ""), *((table.columns[each], str(row[each])) for each in labels))


def _is_text(table: Table, place: int) -> bool:
    return any(isinstance(row[place], str) for row in table.rows)


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value.decode() if isinstance(value, bytes) else value


def _number(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, (bool, int, float)):
        return float(value)
    raise ShapeError(f"a value is {type(value).__name__}, which is no number")
