"""`calltally verify`, `rebuild`, `prune` and `database upgrade`: figures proven, made again, and kept small."""

from typing import TYPE_CHECKING, Annotated

import typer

from calltally.cli.output import counted
from calltally.cli.place import Config, Data, settings_at
from calltally.cli.progress import progress

if TYPE_CHECKING:
    from calltally.store.asked import Difference

database = typer.Typer(no_args_is_help=True, help="Look after the database.")

_MOST_SHOWN = 50


def verify(*, data: Data = None, config: Config = None) -> None:
    """Recount everything and compare: offered = sum of outcomes, roll-ups = recount, records = journal."""
    from calltally.cli.opening import existing, rebuild_advice  # noqa: PLC0415  loads the database

    settings = settings_at(data, config)
    with existing(settings) as parts:
        advice = rebuild_advice(parts.store, settings.command)
        differences: list[Difference] = []
        if advice is None:
            with progress("Verifying") as tell:
                differences = parts.store.verify(lambda step: tell(0, None, step))
        if differences:  # a rebuild that began meanwhile explains them
            advice = rebuild_advice(parts.store, settings.command)
    if advice is not None:
        typer.echo(f"{advice} Until then there is nothing to prove.")
        raise typer.Exit(1)
    for difference in differences[:_MOST_SHOWN]:
        typer.echo(f"{difference.where}: expected {difference.expected}, found {difference.found}")
    if differences:
        typer.echo(
            f"{counted(len(differences), 'difference')}. "
            f"`{settings.command} rebuild` makes all figures again from the journal."
        )
        raise typer.Exit(1)
    typer.echo("Everything agrees.")


def rebuild(*, data: Data = None, config: Config = None) -> None:
    """Make all records and figures again from the journal."""
    from calltally.cli.opening import existing  # noqa: PLC0415  loads the database

    with existing(settings_at(data, config)) as parts, progress("Rebuilding") as tell:
        folded = parts.ingest().rebuild(lambda done: tell(done, None, counted(done, "call")))
    verb = "was made again from its" if folded == 1 else "were made again from their"
    typer.echo(f"{counted(folded, 'call')} {verb} messages.")


def prune(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Delete messages and records older than the retention says; figures over time stay."""
    from calltally.cli.opening import clock_us, existing  # noqa: PLC0415  loads the database
    from calltally.engine.duties import prune as pruned  # noqa: PLC0415  the same

    with existing(settings_at(data, config)) as parts:
        counts = pruned(parts.store, parts.retention, clock_us() // 1000, parts.zone, dry_run=dry_run)
    verb = "would be deleted" if dry_run else "were deleted"
    messages, calls, legs = (
        counted(count, word)
        for count, word in ((counts.messages, "message"), (counts.calls, "call"), (counts.legs, "leg"))
    )
    typer.echo(f"{messages}, {calls}, {legs} and {counted(counts.visits, 'queue visit')} {verb}.")


@database.callback()
def _database() -> None:
    pass


@database.command()
def upgrade(*, data: Data = None, config: Config = None) -> None:
    """Bring the database to the form that this version uses; opening it does so too."""
    from calltally.cli.opening import opened  # noqa: PLC0415  loads the database

    with opened(settings_at(data, config)):
        typer.echo("The database has the form that this version uses.")
