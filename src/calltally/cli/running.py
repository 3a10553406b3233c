"""`calltally serve` and `calltally demo`."""

import gc
from typing import Annotated

import typer

from calltally.cli.helping import number
from calltally.cli.place import Config, Data, Listen, require_address, settings_at

_YEAR_DAYS = 365
_YEAR_CALLS = 200_000


def serve(*, data: Data = None, config: Config = None, listen: Listen = None) -> None:
    """Serve pages, API and webhooks until SIGTERM or Ctrl-C."""
    gc.disable()  # while everything is loaded, of which nothing is garbage; the service enables it
    from calltally.settings import require_guard  # noqa: PLC0415  slow to load, and --help does not need it

    settings = settings_at(data, config, listen)
    require_guard(settings.server)
    for notice in settings.notices:
        typer.echo(f"Note: {notice}", err=True)
    from calltally import app  # noqa: PLC0415  the same

    app.serve(settings, ready=lambda address: typer.echo(f"calltally serves at {address}"))


def demo(
    *,
    data: Data = None,
    listen: Annotated[str, typer.Option(metavar="HOST:PORT", help="The address to serve at.")] = "127.0.0.1:8080",
    calls: Annotated[
        int, typer.Option(metavar="NUMBER", callback=number(0), help="Calls that sipgate tells of; queues add a tenth.")
    ] = _YEAR_CALLS,
    days: Annotated[
        int, typer.Option(metavar="NUMBER", callback=number(1, 3650), help="How many days it has, up to 3650.")
    ] = _YEAR_DAYS,
    seed: Annotated[int, typer.Option(metavar="NUMBER", help="Another number makes another history.")] = 1,
    live: Annotated[bool, typer.Option("--live/--no-live", help="Whether made-up calls go on.")] = True,
) -> None:
    """Show calltally with a year of made-up calls and living ones, in a throw-away folder unless --data names one."""
    require_address(listen)
    from calltally.demo.run import start  # noqa: PLC0415  the same

    raise typer.Exit(start(data=data, listen=listen, calls=calls, days=days, seed=seed, live=live))
