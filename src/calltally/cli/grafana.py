"""`calltally grafana write`: data sources and dashboards for Grafana."""

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from calltally.cli.output import counted
from calltally.cli.place import Config, Data, settings_at
from calltally.model.command import as_started, command_of

_NO_SOURCE: Final = (
    "Only the dashboard of Prometheus is among them: Grafana has no data source of its own for SQLite. "
    "`calltally database move` carries everything to PostgreSQL or MariaDB."
)

app = typer.Typer(no_args_is_help=True, help="Dashboards for Grafana.")


class DatabaseKind(StrEnum):
    """The databases that Grafana can be given dashboards for."""

    POSTGRESQL = "postgresql"
    MARIADB = "mariadb"
    SQLITE = "sqlite"


@app.callback()
def _grafana() -> None:
    pass


@app.command()
def write(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write; files of the same name are replaced.")],
    *,
    database_kind: Annotated[
        DatabaseKind | None,
        typer.Option(metavar="KIND", help=f"For {', '.join(DatabaseKind)}, whatever the settings say."),
    ] = None,
    calltally_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Address of calltally's pages, for links; else server.public_url.")
    ] = None,
    provisioned_at: Annotated[
        str, typer.Option(metavar="PATH", help="Where Grafana will find the folder.")
    ] = "/etc/grafana/provisioning",
    data: Data = None,
    config: Config = None,
) -> None:
    """Write a folder of provisioning: data sources, and the dashboards for the database of the settings."""
    from calltally.grafana.provisioning import DEFAULT_ADDRESS, KINDS, files  # noqa: PLC0415  slow to load

    if database_kind is None:
        settings = settings_at(data, config)
        scheme = settings.database_url.partition(":")[0].partition("+")[0]
        kind = {"mysql": "mariadb"}.get(scheme, scheme)
        address = calltally_url or settings.public_url
    else:
        kind, address = database_kind.value, calltally_url or DEFAULT_ADDRESS
    texts = files(kind, address=address.rstrip("/"), provisioned_at=provisioned_at)
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    typer.echo(f"{counted(len(texts), 'file')} written to {folder}.")
    if kind not in KINDS:
        typer.echo(as_started(_NO_SOURCE, command_of(os.environ)), err=True)
