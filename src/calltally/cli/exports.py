"""`calltally calls|legs|visits export`: records as files, in an order that depends on the records alone."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
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
        source: Annotated[str | None, typer.Option(help="Only records of this source.")] = None,
        format_: Annotated[str, typer.Option("--format", metavar="jsonl|csv")] = Format.JSONL,
        output: Output = "-",
        data: Data = None,
        config: Config = None,
    ) -> None:
        """Write records, oldest first, open ones included; without --since all of them."""
        from calltally.cli.opening import existing  # noqa: PLC0415  loads the database

        chosen = _format(format_)
        settings = settings_at(data, config)
        span = span_asked(since, until, ZoneInfo(settings.site.time_zone))
        with existing(settings) as parts:
            values = _values(kind, parts, span, source)
            lines = _csv(kind, values) if chosen is Format.CSV else _json_lines(values)
            written(output, lines)

    return app


def _format(name: str) -> Format:
    try:
        return Format(name)
    except ValueError:
        known = " and ".join(Format)
        raise typer.BadParameter(f"this version writes {known}, not {name!r}", param_hint="--format") from None


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
