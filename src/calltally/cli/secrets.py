"""`calltally password` and `calltally token`: who may look at pages and API from elsewhere."""

import secrets
from datetime import UTC, datetime
from typing import Annotated

import typer

from calltally.cli.asking import secret_asked
from calltally.cli.place import Config, Data, settings_at

tokens = typer.Typer(no_args_is_help=True, help="Tokens by which scripts use the API.")

_SHORTEST_PASSWORD = 8

TokenName = Annotated[str, typer.Option("--name", metavar="NAME", help="What the token is for.")]


def password(
    *,
    show: Annotated[bool, typer.Option("--print", help="Write the hash to standard output, not to the file.")] = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Ask for the password of pages and API, and put its hash into the settings file.

    It must have 8 characters or more. A running service asks for it from its next start on. Where standard input is no
    terminal, the password is its first line.
    """
    from argon2 import PasswordHasher  # noqa: PLC0415  only this command needs it

    from calltally.engine.settings_file import edited, text_of, write_private  # noqa: PLC0415  the same

    settings = settings_at(data, config)
    chosen = secret_asked("Password")
    if len(chosen) < _SHORTEST_PASSWORD:
        raise typer.BadParameter(f"the password must have {_SHORTEST_PASSWORD} characters or more")
    hashed = PasswordHasher().hash(chosen)
    if show:
        typer.echo(hashed)
        return
    write_private(settings.file, edited(text_of(settings.file), {("server", "password"): hashed}))
    typer.echo(f"The password is set in {settings.file}; it is asked for when the service starts next.")


@tokens.command()
def create(*, name: TokenName, data: Data = None, config: Config = None) -> None:
    """Make a token and show it, this once."""
    from calltally.cli.opening import clock_us, opened  # noqa: PLC0415  loads the database
    from calltally.engine.credentials import NameTakenError, Tokens  # noqa: PLC0415  the same

    if not name.strip() or not name.isprintable():
        raise typer.BadParameter("a token needs a name of one line", param_hint="--name")
    with opened(settings_at(data, config)) as parts:
        try:
            token = Tokens(parts.store, secrets.token_urlsafe).create(name.strip(), clock_us() // 1000)
        except NameTakenError as taken:
            typer.echo(f"calltally: {taken}", err=True)
            raise typer.Exit(1) from None
    typer.echo(token)
    typer.echo("Keep it; it cannot be shown again. Use: Authorization: Bearer <token>", err=True)


@tokens.command("list")
def list_(*, data: Data = None, config: Config = None) -> None:
    """List the names of all tokens."""
    from calltally.cli.opening import existing  # noqa: PLC0415  loads the database
    from calltally.engine.credentials import Tokens  # noqa: PLC0415  the same

    with existing(settings_at(data, config)) as parts:
        for token in Tokens(parts.store, secrets.token_urlsafe).listed():
            typer.echo(f"{datetime.fromtimestamp(token.created_at_ms // 1000, UTC):%Y-%m-%dT%H:%M:%SZ}  {token.name}")


@tokens.command()
def revoke(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The token's name.")],
    *,
    data: Data = None,
    config: Config = None,
) -> None:
    """Forget a token; it opens nothing from then on."""
    from calltally.cli.opening import existing  # noqa: PLC0415  loads the database
    from calltally.engine.credentials import Tokens  # noqa: PLC0415  the same

    with existing(settings_at(data, config)) as parts:
        if not Tokens(parts.store, secrets.token_urlsafe).revoke(name):
            typer.echo(f"calltally: There is no token called {name!r}.", err=True)
            raise typer.Exit(1)
    typer.echo(f"The token {name!r} is revoked.")
