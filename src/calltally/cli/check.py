"""`calltally check`: tries everything that the service needs, and says what to do."""

import typer

from calltally.cli.output import counted
from calltally.cli.place import Config, Data, settings_at


def check(*, data: Data = None, config: Config = None) -> None:
    """Try settings, folder, database, credentials, sources, teams, address and clock, and say what to do."""
    from calltally.cli.trial import findings  # noqa: PLC0415  loads the database

    settings = settings_at(data, config)
    problems = 0
    for finding in findings(settings):
        _show(finding.subject, finding.problem, finding.detail)
        problems += finding.problem is not None
    if problems:
        typer.echo(f"\n{counted(problems, 'problem')} found.")
        raise typer.Exit(1)
    typer.echo("\nEverything is ready.")


def _show(subject: str, problem: str | None, detail: str) -> None:
    if problem is None:
        typer.echo(f"ok       {subject}: {detail}")
        return
    lines = problem.splitlines()
    typer.echo("\n".join([f"PROBLEM  {subject}: {lines[0]}", *(f"         {line}" for line in lines[1:])]))
