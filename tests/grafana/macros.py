"""Steps C and D: what the back end puts in place of its own names and macros, for PostgreSQL and for MariaDB."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from tests.grafana.intervals import duration_ms, step_text
from tests.grafana.refusals import ExpansionError


class Kind(StrEnum):
    """A data source for SQL."""

    POSTGRESQL = "grafana-postgresql-datasource"
    MYSQL = "mysql"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """The third argument of a group macro: what stands in buckets without a row (`None` for NULL)."""

    step_ms: int
    mode: float | str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the back end is asked: a range, a step, and which data source."""

    kind: Kind
    from_ms: int
    to_ms: int
    step_ms: int


_MACRO: Final = re.compile(r"\$([_a-zA-Z0-9]+)\(([^)]*)\)")
_TIME_GROUP_AND_COMMA: Final = re.compile(r"\$__timeGroup(\([^)]*\)\s*,)")
_LEFT_OVER: Final = re.compile(r"\$__\w+")
_REFUSED_BY_MYSQL: Final = re.compile(
    r"(?i)\bshow\s+grants\b|\b(?:user|session_user|system_user)\s*\(\s*\)|\bcurrent_user\b"
)


def with_globals(sql: str, asked: Asked) -> str:
    """Return a query after the plain replacements (step C)."""
    return (
        sql.replace("$__interval_ms", str(asked.step_ms))
        .replace("$__interval", step_text(asked.step_ms))
        .replace("$__unixEpochFrom()", str(asked.from_ms // 1000))
        .replace("$__unixEpochTo()", str(asked.to_ms // 1000))
    )


def with_macros(sql: str, asked: Asked) -> tuple[str, Fill | None]:
    """Return a query after its macros (step D), and what is to fill its empty buckets.

    Raises:
        ExpansionError: a macro is unknown, lacks an argument, or the data source refuses the query.
    """
    if asked.kind is Kind.MYSQL and _REFUSED_BY_MYSQL.search(sql):
        raise ExpansionError("the data source for MySQL refuses queries about users and grants")
    if asked.kind is Kind.POSTGRESQL:
        sql = _TIME_GROUP_AND_COMMA.sub(r"$__timeGroupAlias\1", sql)
    fills: list[Fill] = []

    def written(found: re.Match[str]) -> str:
        name, arguments = found[1], [argument.strip(" ") for argument in found[2].split(",")]
        macro = _TABLES[asked.kind].get(name)
        if macro is None:
            raise ExpansionError(f"unknown macro ${name}")
        if "Group" in name and len(arguments) > 2:
            fills.append(_fill(arguments))
        return macro(asked, arguments)

    expanded = _MACRO.sub(written, sql)
    if left := _LEFT_OVER.search(expanded):
        raise ExpansionError(f"{left[0]} is left as it was written")
    return expanded, fills[-1] if fills else None


def _fill(arguments: list[str]) -> Fill:
    step_ms = duration_ms(arguments[1].strip("'"))
    word = arguments[2]
    if word == "NULL":
        return Fill(step_ms=step_ms, mode=None)
    if word == "previous":
        return Fill(step_ms=step_ms, mode=word)
    try:
        return Fill(step_ms=step_ms, mode=float(word))
    except ValueError:
        raise ExpansionError(f"{word!r} fills nothing; NULL, previous or a number does") from None


Macro = Callable[[Asked, list[str]], str]


def _column(arguments: list[str]) -> str:
    if not arguments[0]:
        raise ExpansionError("the macro needs the name of a column")
    return arguments[0]


def _seconds(arguments: list[str]) -> float:
    if len(arguments) < 2:
        raise ExpansionError("the macro needs a column and an interval")
    return duration_ms(arguments[1].strip("'")) / 1000


def _short(seconds: float) -> str:
    return str(int(seconds)) if seconds == int(seconds) else str(seconds)


def _rfc3339(instant_ms: int) -> str:
    """Return an instant in quotes, with a fraction only where there is one."""
    moment = datetime.fromtimestamp(instant_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f".{instant_ms % 1000:03}".rstrip("0").rstrip(".")
    return f"'{moment}{fraction}Z'"


def _pg_group(arguments: list[str]) -> str:
    seconds = _short(_seconds(arguments))
    return f"floor(extract(epoch from {_column(arguments)})/{seconds})*{seconds}"


def _my_group(arguments: list[str]) -> str:
    seconds = f"{_seconds(arguments):.0f}"
    return f"UNIX_TIMESTAMP({_column(arguments)}) DIV {seconds} * {seconds}"


def _pg_epoch_group(arguments: list[str]) -> str:
    seconds = _short(_seconds(arguments))
    return f"floor(({_column(arguments)})/{seconds})*{seconds}"


def _my_epoch_group(arguments: list[str]) -> str:
    seconds = f"{_seconds(arguments):.0f}"
    return f"{_column(arguments)} DIV {seconds} * {seconds}"


def _epoch_filter(asked: Asked, arguments: list[str]) -> str:
    column = _column(arguments)
    return f"{column} >= {asked.from_ms // 1000} AND {column} <= {asked.to_ms // 1000}"


def _nano_filter(asked: Asked, arguments: list[str]) -> str:
    column = _column(arguments)
    return f"{column} >= {asked.from_ms * 1_000_000} AND {column} <= {asked.to_ms * 1_000_000}"


_BOTH: Final[Mapping[str, Macro]] = {
    "__unixEpochFilter": _epoch_filter,
    "__unixEpochNanoFilter": _nano_filter,
    "__unixEpochNanoFrom": lambda asked, _: str(asked.from_ms * 1_000_000),
    "__unixEpochNanoTo": lambda asked, _: str(asked.to_ms * 1_000_000),
}
_TABLES: Final[Mapping[Kind, Mapping[str, Macro]]] = {
    Kind.POSTGRESQL: {
        **_BOTH,
        "__time": lambda _, each: f'{_column(each)} AS "time"',
        "__timeEpoch": lambda _, each: f'extract(epoch from {_column(each)}) as "time"',
        "__timeFilter": lambda asked, each: (
            f"{_column(each)} BETWEEN {_rfc3339(asked.from_ms)} AND {_rfc3339(asked.to_ms)}"
        ),
        "__timeFrom": lambda asked, _: _rfc3339(asked.from_ms),
        "__timeTo": lambda asked, _: _rfc3339(asked.to_ms),
        "__timeGroup": lambda _, each: _pg_group(each),
        "__timeGroupAlias": lambda _, each: f'{_pg_group(each)} AS "time"',
        "__unixEpochGroup": lambda _, each: _pg_epoch_group(each),
        "__unixEpochGroupAlias": lambda _, each: f'{_pg_epoch_group(each)} AS "time"',
    },
    Kind.MYSQL: {
        **_BOTH,
        "__time": lambda _, each: f"UNIX_TIMESTAMP({_column(each)}) as time_sec",
        "__timeEpoch": lambda _, each: f"UNIX_TIMESTAMP({_column(each)}) as time_sec",
        "__timeFilter": lambda asked, each: (
            f"{_column(each)} BETWEEN FROM_UNIXTIME({asked.from_ms // 1000}) AND FROM_UNIXTIME({asked.to_ms // 1000})"
        ),
        "__timeFrom": lambda asked, _: f"FROM_UNIXTIME({asked.from_ms // 1000})",
        "__timeTo": lambda asked, _: f"FROM_UNIXTIME({asked.to_ms // 1000})",
        "__timeGroup": lambda _, each: _my_group(each),
        "__timeGroupAlias": lambda _, each: f'{_my_group(each)} AS "time"',
        "__unixEpochGroup": lambda _, each: _my_epoch_group(each),
        "__unixEpochGroupAlias": lambda _, each: f'{_my_epoch_group(each)} AS "time"',
    },
}
