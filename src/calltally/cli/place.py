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


def settings_at(data: Path | None, config: Path | None, listen: str | None = None) -> "Settings":
    """Return the checked settings of this call.

    Raises:
        SettingsError: they cannot be used.
    """
    from calltally.settings import load  # noqa: PLC0415  slow to load, and --help does not need it

    return load(data=data, config=config, listen=listen, environ=os.environ)
