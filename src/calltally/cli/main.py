"""The command `calltally` and what it answers before any other command is asked for."""

from importlib.metadata import version
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False)


def _print_version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(f"calltally {version('calltally')}")
        raise typer.Exit


@app.callback()
def calltally(
    *,
    show_version: Annotated[
        bool,
        typer.Option("--version", callback=lambda value: _print_version(wanted=value), is_eager=True),
    ] = False,
) -> None:
    """Tell a team what happens on its phones, whatever phone system it uses."""
    del show_version  # its callback has answered


def run() -> None:
    """Run the command line as the installed program does."""
    app()
