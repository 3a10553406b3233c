"""The command `calltally`.

Exit status: 0 done, 1 failed, 2 called wrongly. What goes wrong is told in sentences on standard error.
"""

import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated

import typer

from calltally.cli import (
    grafana,
    grant_reader,
    messages,
    move,
    prometheus,
    queue_log,
    running,
    secrets,
    sipgate_setup,
    upkeep,
)
from calltally.cli.check import check
from calltally.cli.exports import app_of
from calltally.cli.helping import plain
from calltally.cli.place import Config, Data, require_file
from calltally.model.command import as_started, command_of
from calltally.render.records import Kind

_OWNER_ONLY = 0o077
_FOR_OTHERS = frozenset({"grafana", "prometheus"})
"""Commands whose files another program reads, under a user of its own; all other files are for their owner only."""

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
for command in (running.serve, running.demo, check, upkeep.verify, upkeep.rebuild, upkeep.prune, secrets.password):
    app.command()(command)
app.add_typer(messages.app, name="messages")
app.add_typer(queue_log.app, name="queue-log")
for kind in Kind:
    app.add_typer(app_of(kind), name=kind.value)
app.add_typer(secrets.tokens, name="token")
app.add_typer(sipgate_setup.app, name="sipgate")
app.add_typer(grafana.app, name="grafana")
app.add_typer(prometheus.app, name="prometheus")
upkeep.database.command()(move.move)
upkeep.database.command()(grant_reader.grant_reader)
app.add_typer(upkeep.database, name="database")


def _print_version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(f"calltally {version('calltally')}")
        raise typer.Exit


@app.callback()
def calltally(
    ctx: typer.Context,
    *,
    show_version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=lambda value: _print_version(wanted=value),
            is_eager=True,
            help="Show the version.",
        ),
    ] = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Tell a team what happens on its phones, whatever phone system it uses."""
    del show_version  # its callback has answered
    if ctx.invoked_subcommand not in _FOR_OTHERS:
        before = os.umask(0)
        ctx.call_on_close(lambda: os.umask(before))
        os.umask(before | _OWNER_ONLY)
    if ctx.invoked_subcommand != "sipgate":  # which makes the file
        require_file(config)
    # An option before the command holds for the command, and for whatever the command starts.
    for variable, chosen in (("CALLTALLY_DATA", data), ("CALLTALLY_CONFIG", config)):
        if chosen is not None:
            os.environ[variable] = str(chosen)


def run(arguments: Sequence[str] | None = None) -> None:
    """Run the command line as the installed program does, which always ends by SystemExit."""
    command = typer.main.get_command(app)
    plain(command)
    try:
        command(arguments, prog_name=command_of(os.environ))
    except Exception as failed:
        sentence = _sentence(failed)
        if sentence is None:
            raise
        sys.stderr.write(f"calltally: {sentence}\n")
        sys.exit(1)


def _sentence(failed: Exception) -> str | None:
    """Return what to tell of a failure that is no fault of calltally's own, else `None`."""
    from calltally.app.starting import StartError  # noqa: PLC0415  slow to load, and rarely needed
    from calltally.engine.settings_file import SettingsFileError  # noqa: PLC0415  slow to load, and rarely needed
    from calltally.settings import SettingsError  # noqa: PLC0415  the same
    from calltally.store.store import StoreError  # noqa: PLC0415  the same

    if isinstance(failed, (SettingsError, SettingsFileError, StartError, StoreError)):
        return as_started(str(failed), command_of(os.environ))
    if isinstance(failed, OSError):
        name = f"{failed.filename}: " if failed.filename else ""
        return f"{name}{failed.strerror or failed}"
    return None
