"""`calltally prometheus write`: what Prometheus and Alertmanager need to watch this site."""

from pathlib import Path
from typing import Annotated

import typer

from calltally.cli.output import counted, written
from calltally.cli.place import Config, Data, settings_at

app = typer.Typer(no_args_is_help=True, help="Files for Prometheus and Alertmanager.")


@app.callback()
def _prometheus() -> None:
    pass


@app.command()
def write(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the files go; those of the same name go.")],
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

    The targets of the queues are those of the settings.
    """
    from calltally.metrics.monitoring import QueueTarget, files  # noqa: PLC0415  rarely needed

    settings = settings_at(data, config)
    queues = [
        QueueTarget(
            name=queue.name,
            target_seconds=queue.target_seconds,
            short_abandon_seconds=queue.short_abandon_seconds,
            target_share=queue.target_share,
        )
        for queue in settings.queues
    ]
    found = files(
        target=target or str(settings.server.listen), alertmanager=alertmanager, token_file=token_file, queues=queues
    )
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in found.items():
        written(str(folder / name), [text.encode()])
    typer.echo(f"{counted(len(found), 'file')} written to {folder}.")
