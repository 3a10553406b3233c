"""`calltally database move`: everything from one database to another, whatever kind each of them is."""

import os
from typing import Annotated

import typer

from calltally.cli.output import counted
from calltally.cli.place import Config, Data, settings_at
from calltally.cli.progress import progress

_ENVIRONMENT = "env:"
_SETTINGS = "settings"
_ADDRESS = "An address as in `database.url`, `env:NAME` for one in a variable, or `settings` for that in the settings."


def move(
    source: Annotated[str, typer.Argument(metavar="FROM", help=f"What is moved. {_ADDRESS}")],
    target: Annotated[str, typer.Argument(metavar="TO", help="An empty database, named in the same ways.")],
    *,
    while_serving: Annotated[
        bool, typer.Option("--while-serving", help="Move even if a service uses FROM; what it then hears stays there.")
    ] = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Carry everything to another database and prove it; can be interrupted and run again."""
    from calltally.app.moving import MoveError, move_database  # noqa: PLC0415  loads the database

    addresses = [_address(name, data, config) for name in (source, target)]
    try:
        with progress("Moving") as tell:
            moved = move_database(*addresses, while_serving=while_serving, tell=tell)
    except MoveError as problem:
        typer.echo(f"calltally: {problem}", err=True)
        raise typer.Exit(1) from None
    rows = counted(sum(moved.rows.values()), "row")
    calls, messages = (counted(moved.rows[name], word) for name, word in (("calls", "call"), ("messages", "message")))
    again = "This went on with an earlier, interrupted move. " if moved.resumed else ""
    typer.echo(
        f"{again}Everything was carried over: {calls}, {messages}, {rows} in all. Each table has the same digest on "
        "both sides, and every figure agrees with its records. To use the new database, name it in `database.url`."
    )


def _address(name: str, data: Data, config: Config) -> str:
    if name == _SETTINGS:
        return settings_at(data, config).database_url
    if not name.startswith(_ENVIRONMENT):
        return name
    variable = name.removeprefix(_ENVIRONMENT)
    if variable not in os.environ:
        raise typer.BadParameter(f"there is no variable {variable}")
    return os.environ[variable]
