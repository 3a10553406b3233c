"""Connects calltally to a phone system step by step: look, show, ask, change, write the settings."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import TypeAlias

from calltally.engine.converse import Fetch, converse
from calltally.engine.settings_file import KeyPath, edited, said, text_of, write_private
from calltally.sources.source import Change, Plan, Remote, RemoteError, Setup, Source

__all__ = [
    "Change",
    "Connect",
    "Dialog",
    "Plan",
    "RemoteError",
    "answers_in",
    "settings_changes",
    "setup_of",
]

Connect: TypeAlias = Callable[[Remote], AbstractAsyncContextManager[Fetch]]

GROUP = "calltally.sources"
FOR_OAUTH = ("client_id", "client_secret", "realm")
FOR_TOKEN = ("token_id", "token")
SECRET = frozenset({"client_secret", "token", "secret"})


def setup_of(name: str) -> Setup:
    """Return the setup of an installed source.

    Raises:
        LookupError: there is no such source, or it has no setup.
    """
    for entry in entry_points(group=GROUP, name=name):
        source: Source = entry.load()
        if source.setup is not None:
            return source.setup
    raise LookupError(f"no phone system called {name!r} with a setup is installed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialog:
    """One run of a setup: what was answered, and the settings file that it will write.

    Attributes:
        name: the source's name, which is its section in the settings.
        answers: as `Setup` takes them; what the settings file says already fills the gaps.
    """

    name: str
    setup: Setup
    answers: Mapping[str, str]
    file: Path
    connect: Connect

    async def survey(self) -> Plan:
        """Look at the account; nothing is changed.

        Raises:
            ValueError: an answer cannot be right.
            RemoteError: the phone system did not let us look.
        """
        async with self.connect(self.setup.remote(self.answers)) as fetch:
            return await converse(self.setup.survey(self.answers), fetch)

    async def carry_out(self, plan: Plan) -> bool:
        """Make the changes, then write the settings file; return whether the file changed.

        Raises:
            RemoteError: the phone system refused; the settings file is as it was.
            SettingsFileError: the file could not be written.
        """
        async with self.connect(self.setup.remote(self.answers)) as fetch:
            keys = await converse(plan.carry_out(), fetch)
        old = text_of(self.file)
        new = edited(old, self._file_changes(keys))
        if new != old or self._open_to_others():
            write_private(self.file, new)
        return new != old

    def _open_to_others(self) -> bool:
        """Return whether others than its owner may read the file, which holds secrets."""
        return self.file.exists() and bool(self.file.stat().st_mode & 0o077)

    def _file_changes(self, keys: Mapping[str, str]) -> dict[KeyPath, str | None]:
        """Return what the settings file is to say: one way in, and the other taken out."""
        section = ("sources", self.name)
        changes: dict[KeyPath, str | None] = {("server", "public_url"): self.answers["public_url"]}
        changes |= {(*section, key): None for key in (*FOR_OAUTH, *FOR_TOKEN) if key not in keys}
        changes |= {(*section, key): self.answers[key] for key in ("api_url", "secret") if self.answers.get(key)}
        return changes | {(*section, key): value for key, value in keys.items()}


def answers_in(file: Path, name: str) -> dict[str, str]:
    """Return the answers that the settings file gives already.

    Raises:
        SettingsFileError: the file cannot be read.
    """
    text = text_of(file)
    public_url = said(text, ("server",)).get("public_url", "")
    return said(text, ("sources", name)) | ({"public_url": public_url} if public_url else {})


def settings_changes(dialog: Dialog) -> list[Change]:
    """Return what the settings file will say, as far as it is known before anything was done; secrets are not shown."""
    old = answers_in(dialog.file, dialog.name)
    keys = FOR_TOKEN if dialog.answers.get("access") == "token" else FOR_OAUTH
    section = f"sources.{dialog.name}"
    changes = [_settings_change("server.public_url", "public_url", old, dialog.answers["public_url"])]
    changes += [
        _settings_change(f"{section}.{key}", key, old, dialog.answers.get(key) or old.get(key) or "as sipgate gives it")
        for key in (*keys, "api_url", "secret")
        if key in keys or dialog.answers.get(key)
    ]
    gone = [key for key in (*FOR_OAUTH, *FOR_TOKEN) if key not in keys and key in old]
    changes += [_settings_change(f"{section}.{key}", key, old, "") for key in gone]
    return [change for change in changes if change.before != change.after]


def _settings_change(what: str, key: str, old: Mapping[str, str], after: str) -> Change:
    before = old.get(key, "")
    if key in SECRET and before != after:
        before, after = "(secret)" if before else "", "(secret, new)" if after else ""
    return Change(what=what, before=before, after=after)
