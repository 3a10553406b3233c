"""`calltally queue-log import`: a year of an Asterisk's queue_log in one command."""

import gc
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from calltally.cli.place import Config, Data, settings_at
from calltally.cli.progress import progress

if TYPE_CHECKING:
    from calltally.cli.opening import Parts
    from calltally.engine.queue_log_import import ImportCounts
    from calltally.sources.source import LogMessages

app = typer.Typer(no_args_is_help=True, help="Import the queue_log of Asterisk and Wazo.")


@app.callback()
def _group() -> None:
    pass


@app.command("import")
def import_(
    files: Annotated[list[str], typer.Argument(metavar="FILE", help="Files, also gzip; - is standard input.")],
    *,
    data: Data = None,
    config: Config = None,
) -> None:
    """Take the lines of files in; what is there already changes nothing, so it can be interrupted and run again."""
    gc.disable()  # while everything is loaded, of which nothing is garbage
    from calltally.cli.opening import known_sources, opened  # noqa: PLC0415  loads the database
    from calltally.engine.queue_log_import import STANDARD_INPUT  # noqa: PLC0415  the same

    reads_logs = [source.log_messages for source in known_sources().values() if source.log_messages]
    if not reads_logs:
        typer.echo("calltally: No installed phone system writes a queue_log.", err=True)
        raise typer.Exit(1)
    with opened(settings_at(data, config)) as parts:
        gc.enable()
        useless = _taken_in(files, reads_logs[0], parts)
    for file in useless:
        name = "standard input" if file == STANDARD_INPUT else file
        typer.echo(f"calltally: Nothing in {name} was understood. Is it the queue_log of an Asterisk?", err=True)
    if useless:
        raise typer.Exit(1)


def _taken_in(files: list[str], messages_in: "LogMessages", parts: "Parts") -> Sequence[str]:
    """Take the lines of files in, say what became of them, and return the files in which nothing was understood."""
    from calltally.engine.heard import noting_imports  # noqa: PLC0415  loads the database
    from calltally.engine.queue_log_import import (  # noqa: PLC0415  the same
        ImportCounts,
        Progress,
        UnreadableFileError,
        import_queue_log,
    )

    counts = ImportCounts()
    with progress("Importing") as tell, noting_imports(parts.store, parts.ingest().apply_new) as apply:

        def note(now: Progress) -> None:
            nonlocal counts
            counts = now.counts
            tell(now.bytes_read, now.bytes_total, f"{counts.read} lines read")

        try:
            return import_queue_log(
                files, messages_in=messages_in, apply=apply, progress=note, standard_input=sys.stdin.buffer
            ).useless
        except UnreadableFileError as unreadable:
            typer.echo(f"calltally: {unreadable}", err=True)
            raise typer.Exit(1) from None
        finally:
            _say(counts)


def _say(counts: "ImportCounts") -> None:
    """Say what became of the lines."""
    aside = counts.set_aside
    typer.echo(
        f"read {counts.read}, understood {counts.understood}, already known {counts.already_known}, "
        f"set aside {aside.total()}"
    )
    for reason, count in aside.most_common():
        typer.echo(f"  {count} set aside: {reason}")
