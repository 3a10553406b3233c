"""`calltally messages`: the journal out and in again."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO
from zoneinfo import ZoneInfo

import typer

from calltally.cli.output import Output, written
from calltally.cli.place import Config, Data, settings_at
from calltally.cli.progress import progress
from calltally.cli.spans import Since, Until, span_us
from calltally.model.command import as_started, command_of

if TYPE_CHECKING:
    from calltally.engine.transfer import Counts

app = typer.Typer(no_args_is_help=True, help="Import and export the journal of messages as JSON Lines.")

Input = Annotated[str, typer.Argument(metavar="FILE|-", help="JSON Lines; - is standard input.")]


@app.command("import")
def import_(file: Input, *, data: Data = None, config: Config = None) -> None:
    """Take messages in; what is there already changes nothing, so it can be interrupted and run again."""
    from calltally.cli.opening import opened  # noqa: PLC0415  loads the database
    from calltally.engine.heard import noting_imports  # noqa: PLC0415  the same
    from calltally.engine.transfer import Counts, import_messages  # noqa: PLC0415  the same

    counts = Counts()
    settings = settings_at(data, config)
    with _input(file) as (stream, size), opened(settings) as parts, progress("Importing") as tell:

        def note(so_far: Counts, bytes_read: int) -> None:
            nonlocal counts
            counts = so_far
            tell(bytes_read, size, f"{so_far.read} read, {so_far.understood} understood")

        try:
            with noting_imports(parts.store, parts.ingest().apply_new) as apply:
                import_messages(stream, apply=apply, progress=note)
        finally:
            summary(counts)
    if counts.bad_lines and counts.bad_lines == counts.read:
        raise typer.Exit(1)


@app.command()
def export(
    *,
    since: Since = None,
    until: Until = None,
    source: Annotated[str | None, typer.Option(metavar="NAME", help="Only messages of this source.")] = None,
    output: Output = "-",
    data: Data = None,
    config: Config = None,
) -> None:
    """Write messages in the order of receipt."""
    from calltally.cli.opening import existing, require_source  # noqa: PLC0415  loads the database
    from calltally.engine.transfer import line_of  # noqa: PLC0415  the same

    settings = settings_at(data, config)
    since_us, until_us = span_us(since, until, ZoneInfo(settings.site.time_zone))
    with existing(settings) as parts:
        require_source(parts, source)
        entries = parts.store.journal(since_us=since_us, until_us=until_us, source=source)
        written(output, (line_of(entry.message) for entry in entries))


def summary(counts: "Counts") -> None:
    """Say what became of the lines."""
    nothing_fits = counts.bad_lines == counts.read
    for sentence in counts.named[:1] if nothing_fits else counts.named:
        typer.echo(sentence, err=True)
    if nothing_fits and counts.bad_lines:
        export = as_started("`calltally messages export`", command_of(os.environ))
        typer.echo(f"No line of it is a message, as {export} writes them.", err=True)
    elif counts.bad_lines > len(counts.named):
        typer.echo(f"... and {counts.bad_lines - len(counts.named)} more lines that are no messages", err=True)
    typer.echo(
        f"read {counts.read}, understood {counts.understood}, already known {counts.already_known}, "
        f"set aside {counts.set_aside.total() + counts.bad_lines}"
    )
    for reason, count in counts.set_aside.most_common():
        typer.echo(f"  {count} set aside: {reason}")
    if counts.bad_lines:
        typer.echo(f"  {counts.bad_lines} set aside: the line is no message (not kept)")


@contextmanager
def _input(file: str) -> Iterator[tuple[BinaryIO, int | None]]:
    if file == "-":
        yield sys.stdin.buffer, None
        return
    with Path(file).open("rb") as stream:
        yield stream, Path(file).stat().st_size
