"""`calltally sipgate setup`: connects calltally to a sipgate account."""

from typing import Annotated

import typer

from calltally.cli.place import Config, Data

app = typer.Typer(no_args_is_help=True, help="Connect calltally to sipgate.")


@app.callback()
def sipgate() -> None:
    """Connect calltally to sipgate."""


@app.command()
def setup(  # noqa: PLR0913  each is an option of the command
    *,
    data: Data = None,
    config: Config = None,
    token_id: Annotated[
        str | None, typer.Option(metavar="ID", help="Id of a personal access token, token-ABC123.")
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(metavar="TOKEN", envvar="SIPGATE_TOKEN", help="The token itself; better given by the variable."),
    ] = None,
    public_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Address at which sipgate reaches this service.")
    ] = None,
    realm: Annotated[
        str | None, typer.Option(metavar="NAME", help="Realm of the OAuth2 client, sipgate-apps unless yours is old.")
    ] = None,
    secret: Annotated[
        str | None, typer.Option(metavar="WORD", help="A word for the address that only sipgate and you know.")
    ] = None,
    api_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Another address of sipgate's interface, for a stand-in.")
    ] = None,
    keep_token: Annotated[
        bool | None,
        typer.Option("--keep-token/--oauth", help="Keep the token for daily use, or create an OAuth2 client."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing; change what is to be changed.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be changed, and change nothing.")] = False,
) -> None:
    """Give sipgate the address of this service, and calltally the way into sipgate. Can be run again."""
    from calltally.cli.setup_dialog import run  # noqa: PLC0415  slow to load, and only this command needs it

    options = {"token_id": token_id, "token": token, "public_url": public_url, "realm": realm}
    given = {key: value for key, value in (options | {"secret": secret, "api_url": api_url}).items() if value}
    run(given, data=data, config=config, keep_token=keep_token, yes=yes, dry_run=dry_run)
