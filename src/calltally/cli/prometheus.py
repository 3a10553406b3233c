"""`calltally prometheus write`: what Prometheus and Alertmanager need to watch this site."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from calltally.cli.output import counted, written
from calltally.cli.place import Config, Data, settings_at

if TYPE_CHECKING:  # a command needs them only when it is called
    from calltally.metrics.monitoring import QueueTarget
    from calltally.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Files for Prometheus and Alertmanager.")


@app.callback()
def _prometheus() -> None:
    pass


@app.command()
def write(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where the files go; rules that are there are replaced.")
    ],
    *,
    target: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Where Prometheus finds calltally; else server.listen.")
    ] = None,
    alertmanager: Annotated[str, typer.Option(metavar="HOST:PORT", help="Where alerts go.")] = "127.0.0.1:9093",
    token_file: Annotated[
        str, typer.Option(metavar="FILE", help="Where Prometheus reads a token of calltally, if one is asked for.")
    ] = "",
    data: Data = None,
    config: Config = None,
) -> None:
    """Write a scrape configuration, recording and alert rules with their tests, and a start for Alertmanager.

    The targets of the queues are those of the settings. The two configurations are left as they are if they are there.
    """
    from calltally.metrics.monitoring import FILLED_IN, files  # noqa: PLC0415  rarely needed

    settings = settings_at(data, config)
    found = files(
        target=target or str(settings.server.listen),
        alertmanager=alertmanager,
        token_file=token_file,
        queues=_queue_targets(settings),
    )
    folder.mkdir(parents=True, exist_ok=True)
    kept = [name for name in FILLED_IN if _is_changed(folder / name, found[name])]
    for name in found.keys() - set(kept):
        written(str(folder / name), [found[name].encode()])
    left = f" Left as they are, for people change them: {', '.join(kept)}. Delete them first to have them anew."
    typer.echo(f"{counted(len(found) - len(kept), 'file')} written to {folder}." + (left if kept else ""))


def _queue_targets(settings: "Settings") -> "list[QueueTarget]":
    """Return what the settings want of each queue."""
    from calltally.metrics.monitoring import QueueTarget  # noqa: PLC0415  rarely needed

    return [
        QueueTarget(
            name=queue.name,
            target_seconds=queue.target_seconds,
            short_abandon_seconds=queue.short_abandon_seconds,
            target_share=queue.target_share,
        )
        for queue in settings.queues
    ]


def _is_changed(file: Path, text: str) -> bool:
    """Whether a file is there and holds something else."""
    return file.exists() and file.read_text("utf-8") != text
