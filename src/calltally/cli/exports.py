"""`calltally calls|legs|visits export`: records as files, in an order that depends on the records alone."""

import sys
from collections.abc import Iterator, Mapping
from enum import StrEnum
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import msgspec
import typer

from calltally.cli.output import Output, written
from calltally.cli.place import Config, Data, settings_at
from calltally.cli.spans import Since, Until, span_asked
from calltally.model.instants import Span
from calltally.render.csv_lines import csv_line, csv_record
from calltally.render.records import NAMES, Kind, call_value, leg_value, visit_value

if TYPE_CHECKING:
    from calltally.cli.opening import Parts


class Format(StrEnum):
    """Formats of an export."""

    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"
    XLSX = "xlsx"

    @property
    def is_text(self) -> bool:
        """Whether a terminal can show it."""
        return self in {Format.JSONL, Format.CSV}


_LIBRARIES = {Format.PARQUET: "pyarrow", Format.XLSX: "xlsxwriter"}
"""What a format needs beyond calltally itself: the extra `export`."""


def app_of(kind: Kind) -> typer.Typer:
    """Return the commands for one kind of records."""
    app = typer.Typer(no_args_is_help=True, help=f"Export {kind.value}.")

    @app.callback()
    def _group() -> None:
        pass

    @app.command()
    def export(
        *,
        since: Since = None,
        until: Until = None,
        source: Annotated[str | None, typer.Option(metavar="NAME", help="Only records of this source.")] = None,
        format_: Annotated[str, typer.Option("--format", metavar="jsonl|csv|parquet|xlsx")] = Format.JSONL,
        output: Output = "-",
        data: Data = None,
        config: Config = None,
    ) -> None:
        """Write records, oldest first, open ones included; without --since all of them."""
        from calltally.cli.opening import existing, require_source  # noqa: PLC0415  loads the database

        chosen = _format(format_)
        if not chosen.is_text and output == "-" and sys.stdout.isatty():
            raise typer.BadParameter(f"{chosen} is no text for a terminal; name a file", param_hint="--output")
        settings = settings_at(data, config)
        span = span_asked(since, until, ZoneInfo(settings.site.time_zone))
        with existing(settings) as parts:
            require_source(parts, source)
            is_told = _told_of_a_rebuild(parts)
            written(output, _encoded(chosen, kind, _values(kind, parts, span, source)))
            if not is_told:  # one that began meanwhile took records away, too
                _told_of_a_rebuild(parts)

    return app


def _told_of_a_rebuild(parts: "Parts") -> bool:
    """Warn if records may be missing because a rebuild has not ended; return whether that was so."""
    from calltally.cli.opening import rebuild_advice  # noqa: PLC0415  loads the database

    advice = rebuild_advice(parts.store, parts.settings.command)
    if advice is not None:
        typer.echo(f"calltally: {advice}", err=True)
    return advice is not None


def _format(name: str) -> Format:
    try:
        chosen = Format(name)
    except ValueError:
        known = ", ".join(Format)
        raise typer.BadParameter(f"expected one of {known}, not {name!r}", param_hint="--format") from None
    library = _LIBRARIES.get(chosen)
    if library is not None and find_spec(library) is None:
        typer.echo(f"calltally: {_missing(chosen, library)}", err=True)
        raise typer.Exit(1)
    return chosen


def _missing(chosen: Format, library: str) -> str:
    """Return how to come by a format whose library is not installed here."""
    needs = f"{chosen} needs the library {library}, which is not"
    if find_spec("pip") is None:
        return (
            f"{needs} part of this image. Use --format csv or jsonl here, or export by a calltally outside of it that "
            "uses the same database and has the extra calltally[export]."
        )
    return f"{needs} installed here. Install it by:\n  {sys.executable} -m pip install 'calltally[export]'"


def _encoded(chosen: Format, kind: Kind, values: Iterator[Mapping[str, object]]) -> Iterator[bytes]:
    match chosen:
        case Format.JSONL:
            return _json_lines(values)
        case Format.CSV:
            return _csv(kind, values)
        case Format.PARQUET:
            from calltally.cli.parquet import parquet  # noqa: PLC0415  an extra, and large

            return parquet(NAMES[kind], values)
        case Format.XLSX:
            from calltally.cli.workbook import workbook  # noqa: PLC0415  the same

            return workbook(kind.value, NAMES[kind], values)


def _values(kind: Kind, parts: "Parts", span: Span | None, source: str | None) -> Iterator[Mapping[str, object]]:
    from calltally.cli.opening import memberships  # noqa: PLC0415  loads the database

    belonging = memberships(parts)
    match kind:
        case Kind.CALLS:
            return (call_value(call, belonging) for call in parts.store.all_calls(span, source))
        case Kind.LEGS:
            return (leg_value(leg, belonging) for leg in parts.store.all_legs(span, source))
        case Kind.VISITS:
            return (visit_value(visit) for visit in parts.store.all_visits(span, source))


def _json_lines(values: Iterator[Mapping[str, object]]) -> Iterator[bytes]:
    encode = msgspec.json.Encoder().encode
    return (encode(value) + b"\n" for value in values)


def _csv(kind: Kind, values: Iterator[Mapping[str, object]]) -> Iterator[bytes]:
    yield csv_line(NAMES[kind]).encode()
    for value in values:
        yield csv_record(value).encode()
