"""Where a command works: the data folder and the settings file, as options that stand before or after the command."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from calltally.settings import Settings

Data = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="The data folder; else the variable CALLTALLY_DATA.")
]
Config = Annotated[
    Path | None,
    typer.Option(
        "--config", metavar="FILE", help="The settings file; else CALLTALLY_CONFIG, else calltally.toml there."
    ),
]
Listen = Annotated[str | None, typer.Option("--listen", metavar="HOST:PORT", help="The address to serve at.")]


def require_file(config: Path | None) -> None:
    """Refuse a settings file that is named but not there."""
    if config is not None and not config.exists():
        raise typer.BadParameter(f"there is no file {config}", param_hint="--config")


def require_address(listen: str) -> None:
    """Refuse what is no address to serve at."""
    from calltally.settings import address_from  # noqa: PLC0415  slow to load, and --help does not need it

    try:
        address_from(listen)
    except ValueError:
        raise typer.BadParameter(
            f"expected HOST:PORT, such as 127.0.0.1:8080, not {listen!r}", param_hint="--listen"
        ) from None


def settings_at(data: Path | None, config: Path | None, listen: str | None = None) -> "Settings":
    """Return the checked settings of this call.

    Raises:
        typer.BadParameter: an option names no file, or no address.
        SettingsError: they cannot be used.
    """
    from calltally.settings import load  # noqa: PLC0415  slow to load, and --help does not need it

    require_file(config)
    if listen is not None:
        require_address(listen)
    return load(data=data, config=config, listen=listen, environ=os.environ)
