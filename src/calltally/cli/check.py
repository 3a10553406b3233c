"""`calltally check`: tries everything that the service needs, and says what to do."""

import typer

from calltally.cli.output import counted
from calltally.cli.place import Config, Data, settings_at


def check(*, data: Data = None, config: Config = None) -> None:
    """Try settings, folder, database, credentials, sources, teams, address and clock, and say what to do."""
    from calltally.cli.trial import findings  # noqa: PLC0415  loads the database

    settings = settings_at(data, config)
    problems = warnings = 0
    for finding in findings(settings):
        if finding.problem is not None:
            problems += 1
            _show("PROBLEM", finding.subject, finding.problem)
        elif finding.warning is not None:
            warnings += 1
            _show("WARNING", finding.subject, finding.warning)
        else:
            _show("ok", finding.subject, finding.detail)
    if problems:
        typer.echo(f"\n{counted(problems, 'problem')} found.")
        raise typer.Exit(1)
    typer.echo("\nEverything is ready." + (f" {counted(warnings, 'warning')}: see above." if warnings else ""))


def _show(word: str, subject: str, found: str) -> None:
    first, *more = found.splitlines() or [""]
    typer.echo("\n".join([f"{word:<8} {subject}: {first}", *(f"         {line}" for line in more)]))
