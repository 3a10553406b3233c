"""The dialog behind `calltally sipgate setup`: what it asks, shows and says."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import typer

from calltally.app import connected
from calltally.engine.setting_up import (
    Change,
    Dialog,
    Plan,
    RemoteError,
    answers_in,
    settings_changes,
    setup_of,
)
from calltally.engine.settings_file import SettingsFileError
from calltally.settings import data_folder, settings_file

NAME = "sipgate"
REALM = "sipgate-apps"
ADDRESS_SCOPES = ("settings:sipgateio:read", "settings:sipgateio:write")
CLIENT_SCOPES = ("authorization:oauth2:clients:read", "authorization:oauth2:clients:write")
DAILY_SCOPES = ("numbers:read", "groups:read", "users:read", "history:read", "rtcm:read")
"""What the service itself asks for, day by day; an OAuth2 client is given them when a person signs in."""

CALLED_WRONGLY = 2


def run(
    given: Mapping[str, str],
    *,
    data: Path | None,
    config: Path | None,
    keep_token: bool | None,
    yes: bool,
    dry_run: bool,
) -> None:
    """Hold the dialog with these answers given already; what goes wrong ends it with a sentence."""
    file = settings_file(config, data_folder(data, os.environ), os.environ)
    try:
        answers = asked(answers_in(file, NAME), dict(given), keep_token=keep_token, silent=yes)
        answers |= {key: answers[key].strip() for key in ("token_id", "token")}
        answers["public_url"] = answers["public_url"].strip().rstrip("/")
        dialog = Dialog(name=NAME, setup=setup_of(NAME), answers=answers, file=file, connect=connected)
        carried_out(dialog, yes=yes, dry_run=dry_run)
    except ValueError as problem:
        raise fail(str(problem), CALLED_WRONGLY) from problem
    except (RemoteError, SettingsFileError) as problem:
        raise fail(str(problem), 1) from problem


def carried_out(dialog: Dialog, *, yes: bool, dry_run: bool) -> None:
    """Look, show, ask and change."""
    plan = asyncio.run(dialog.survey())
    in_file = settings_changes(dialog)
    show(plan, in_file, dialog.file)
    if dry_run:
        typer.echo("Nothing was changed.")
        return
    if (plan.changes or in_file) and not (yes or typer.confirm("Make these changes?")):
        typer.echo("Nothing was changed.")
        raise typer.Exit(1)
    file_changed = asyncio.run(dialog.carry_out(plan))
    if not plan.changes and not file_changed:
        typer.echo("Everything is as it should be; nothing was changed.")
        return
    typer.echo(f"Done. The settings are in {dialog.file}.")
    if dialog.answers["access"] == "oauth":
        typer.echo(f"Start the service, then sign in once at {dialog.answers['public_url']}/auth")


def asked(known: dict[str, str], given: dict[str, str], *, keep_token: bool | None, silent: bool) -> dict[str, str]:
    """Return all answers: options first, then the person's, with what the settings file says as the proposal.

    Raises:
        ValueError: an answer is missing and nobody may be asked.
    """
    answers = known | given
    keeps = bool(known.get("token")) if keep_token is None else keep_token
    answers["access"] = "token" if keeps else "oauth"
    if silent:
        answers.setdefault("realm", REALM)
        for key in ("token_id", "token", "public_url"):
            if not answers.get(key):
                raise ValueError(f"--{key.replace('_', '-')} is missing; with --yes nothing is asked")
        return answers
    if "token_id" not in given or "token" not in given:
        scopes = ADDRESS_SCOPES + (DAILY_SCOPES if keeps else CLIENT_SCOPES)
        typer.echo(f"Make a personal access token in your sipgate account, with the scopes {', '.join(scopes)}.")
    if "token_id" not in given:
        answers["token_id"] = typer.prompt("Token id", default=known.get("token_id"))
    if "token" not in given:
        kept = known.get("token") if answers["token_id"] == known.get("token_id") else None
        answers["token"] = typer.prompt("Token", hide_input=True, default=kept, show_default=False)
    if "public_url" not in given:
        answers["public_url"] = typer.prompt("Public address of this service", default=known.get("public_url"))
    if not keeps and "realm" not in given:
        answers["realm"] = typer.prompt("Realm", default=known.get("realm", REALM))
    return answers


def show(plan: Plan, in_file: Sequence[Change], file: Path) -> None:
    """Show whose account it is and what will change, before and after."""
    typer.echo(f"sipgate account {plan.account}")
    for title, changes in (("at sipgate", plan.changes), (f"in {file}", in_file)):
        if not changes:
            typer.echo(f"Nothing to change {title}.")
            continue
        typer.echo(f"To change {title}:")
        for change in changes:
            typer.echo(f"  {change.what}\n    before: {change.before or '-'}\n    after:  {change.after or '-'}")


def fail(sentence: str, status: int) -> typer.Exit:
    """Say what is wrong, and return the end of the program."""
    typer.echo(f"calltally: {sentence}", err=True)
    return typer.Exit(status)
