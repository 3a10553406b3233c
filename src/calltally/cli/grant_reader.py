"""`calltally database grant-reader`: a role that may read the reporting views, and nothing else."""

from typing import Annotated

import typer

from calltally.cli.asking import secret_asked
from calltally.cli.place import Config, Data, settings_at

PASSWORD_VARIABLE = "CALLTALLY_READER_PASSWORD"  # noqa: S105  the name of a variable


def grant_reader(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="The role's name: small letters, digits, underscores.")
    ] = "grafana",
    *,
    password: Annotated[
        str | None,
        typer.Option(
            metavar="PASSWORD", envvar=PASSWORD_VARIABLE, help="Better given by the variable than on the line."
        ),
    ] = None,
    database_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Sign in as one who may make roles; else database.url.")
    ] = None,
    data: Data = None,
    config: Config = None,
) -> None:
    """Make a role that may only read the views report_..., for Grafana and other tools. Can be run again.

    Without the variable the password is asked for; where standard input is no terminal, it is its first line.
    """
    from calltally.app.granting import grant, require_roles  # noqa: PLC0415  loads the database

    url = database_url or settings_at(data, config).database_url
    require_roles(url)
    chosen = password or secret_asked("Password of the role")
    if not chosen:
        raise typer.BadParameter("a role that signs in needs a password", param_hint=PASSWORD_VARIABLE)
    grant(url, name=name, password=chosen, tell=typer.echo)
    typer.echo(f"The role {name} may read the reporting views.")
