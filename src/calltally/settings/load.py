"""Reads settings from one TOML file and `CALLTALLY_*` variables, and says everything that is wrong with them at once.

A variable is stronger than the file, an option of the command line stronger than both.
"""

import json
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from pydantic import BaseModel, ConfigDict, ValidationError

from calltally.model.command import command_of
from calltally.settings.given_sources import Sections, SourceCheck, installed, validated
from calltally.settings.problems import KeyPath, Problem, SettingsError, holds_secret, problem_of
from calltally.settings.sections import (
    AgentSetting,
    Alerts,
    Database,
    Privacy,
    Prometheus,
    QueueSetting,
    Retention,
    Server,
    Settings,
    Site,
    TeamSetting,
)

PREFIX = "CALLTALLY_"
FILE_NAME = "calltally.toml"
_NAMED_BY_CASE = 3  # deeper names are the source's own, such as the keys of LiveKit, and keep their case


class _Sections(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    site: Site = Site()
    server: Server = Server()
    database: Database = Database()
    sources: dict[str, object] = {}
    teams: tuple[TeamSetting, ...] = ()
    queues: tuple[QueueSetting, ...] = ()
    agents: tuple[AgentSetting, ...] = ()
    retention: Retention = Retention()
    privacy: Privacy = Privacy()
    alerts: Alerts = Alerts()
    prometheus: Prometheus = Prometheus()


def data_folder(named: Path | None, environ: Mapping[str, str]) -> Path:
    """Return the data folder: as named, else `CALLTALLY_DATA`, else calltally in the user's own data folder."""
    if named:
        return named
    if environ.get("CALLTALLY_DATA"):
        return Path(environ["CALLTALLY_DATA"])
    users = environ.get("XDG_DATA_HOME")
    return (Path(users) if users else Path.home() / ".local" / "share") / "calltally"


def settings_file(named: Path | None, data: Path, environ: Mapping[str, str]) -> Path:
    """Return the settings file: as named, else `CALLTALLY_CONFIG`, else calltally.toml in the data folder."""
    return named or Path(environ.get("CALLTALLY_CONFIG") or data / FILE_NAME)


def load(
    *,
    data: Path | None = None,
    config: Path | None = None,
    listen: str | None = None,
    environ: Mapping[str, str],
    source_named: Callable[[str], SourceCheck | None] = installed,
) -> Settings:
    """Return the settings, checked in full.

    Args:
        data: the data folder, if the command line named it.
        config: the settings file, if the command line named it.
        listen: the address, if the command line named it.
        environ: the variables of the process.
        source_named: the check of a source's section, by the source's name.

    Raises:
        SettingsError: something cannot be used; lists everything that is wrong.
    """
    folder = data_folder(data, environ)
    file = settings_file(config, folder, environ)
    must_be = bool(config or environ.get("CALLTALLY_CONFIG"))
    in_file = _told_by(file, "--config" if config else "variable CALLTALLY_CONFIG", must_be=must_be)
    given = _given(file, in_file, environ, listen)
    sources = given.tables.get("sources")
    checked, problems = validated(sources if isinstance(sources, Mapping) else {}, source_named, given.where)
    sections = _sections(given, problems)
    names = (name for name in _Sections.model_fields if name != "sources")
    parts = {name: getattr(sections, name) for name in names}
    return Settings(
        data=folder,
        file=file,
        sources=checked,
        notices=_notices(sections, given.tables),
        command=command_of(environ),
        **parts,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """What the file, the variables and the command line say together.

    Attributes:
        file: the settings file.
        in_file: what it says alone.
        tables: what all of them say, as nested tables.
        origins: which variable or option said a key.
    """

    file: Path
    in_file: Sections
    tables: Sections
    origins: Mapping[KeyPath, str]

    def where(self, path: KeyPath) -> str:
        """Return who said the value at a path."""
        around = (self.origins.get(path[:length]) for length in range(len(path), 0, -1))
        within = (
            said_by for key, said_by in self.origins.items() if key[: len(path)] == path and path[0] not in self.in_file
        )
        return next((said_by for said_by in (*around, *within) if said_by), str(self.file))


def _given(file: Path, in_file: Sections, environ: Mapping[str, str], listen: str | None) -> _Given:
    """Return what is said in all, the stronger above the weaker."""
    said, origins = variables(environ)
    tables = _merged(in_file, said)
    if listen:
        tables = _merged(tables, {"server": {"listen": listen}})
        origins["server", "listen"] = "--listen"
    return _Given(file=file, in_file=in_file, tables=tables, origins=origins)


def _sections(given: _Given, problems: Sequence[Problem]) -> _Sections:
    """Return the sections, but refuse them if anything is wrong with them, or with what was looked at before."""
    try:
        sections = _Sections.model_validate(given.tables)
    except ValidationError as invalid:
        found = invalid.errors(include_url=False)
        wrong = [problem_of(error, error["loc"], given.where(error["loc"])) for error in found]
        raise SettingsError([*problems, *wrong]) from None
    if problems:
        raise SettingsError(problems)
    return sections


def secret_in(file: Path) -> bool:
    """Return whether a settings file, which can be read, holds something that nobody else may read."""
    return holds_secret(_told_by(file, "", must_be=False))


def variables(environ: Mapping[str, str]) -> tuple[Sections, dict[KeyPath, str]]:
    """Return what `CALLTALLY_SECTION__KEY` variables say, as nested tables, and which variable said each key.

    A text that begins with a bracket is read as JSON; an empty variable says nothing.
    """
    tables: Sections = {}
    origins: dict[KeyPath, str] = {}
    for variable, text in sorted(environ.items()):
        parts = variable.removeprefix(PREFIX).split("__")
        is_key = len(parts) > 1 or parts[0].lower() in _Sections.model_fields
        if not variable.startswith(PREFIX) or not is_key or not text:
            continue
        path = tuple(part.lower() for part in parts[:_NAMED_BY_CASE]) + tuple(parts[_NAMED_BY_CASE:])
        value: object = _decoded(text)
        for part in reversed(path):
            value = {part: value}
        tables = _merged(tables, cast("Sections", value))
        origins[path] = f"variable {variable}"
    return tables, origins


def _decoded(text: str) -> object:
    if not text.startswith(("[", "{")):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _merged(below: Mapping[str, object], above: Mapping[str, object]) -> Sections:
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        merged[key] = _merged(under, value) if isinstance(under, Mapping) and isinstance(value, Mapping) else value
    return merged


def _told_by(file: Path, named_by: str, *, must_be: bool) -> Sections:
    def refusal(found: str, expected: str, where: str = str(file)) -> SettingsError:
        return SettingsError([Problem(where=where, key="the settings file", found=found, expected=expected)])

    try:
        return tomllib.loads(file.read_bytes().decode() + "\n")
    except FileNotFoundError:
        if not must_be:
            return {}
        raise refusal(f"no file at {file}", "the path of a settings file", named_by) from None
    except OSError as unreadable:
        raise refusal(str(unreadable.strerror), "a file that can be read") from unreadable
    except UnicodeDecodeError as broken:
        raise refusal(f"byte {broken.start + 1} is no UTF-8", "a text file in UTF-8") from None
    except tomllib.TOMLDecodeError as broken:
        example = 'name = "value" under [section]: texts in quotes, true and false without'
        problem = Problem(where=str(file), key="the settings file", found=str(broken), expected="TOML", example=example)
        raise SettingsError([problem]) from None


def _notices(sections: _Sections, given: Mapping[str, object]) -> tuple[str, ...]:
    site = given.get("site")
    notices = []
    if not (isinstance(site, Mapping) and "time_zone" in site):
        notices.append('site.time_zone is not set: days begin and end in UTC. Example: time_zone = "Europe/Berlin"')
    if sections.server.open:
        notices.append(
            f"server.open = true: everyone who reaches {sections.server.reached_at} sees all calls, without a password."
        )
    return tuple(notices)


def require_guard(server: Server) -> None:
    """Refuse to serve other machines without a password, unless that is said to be on purpose.

    Raises:
        SettingsError: the address, or where its container is published, is not loopback, and neither a password nor
            `open = true` is set.
    """
    if server.reached_at.is_loopback or server.password or server.open:
        return
    key, value = ("published_at", server.published_at) if server.published_at else ("listen", str(server.listen))
    problem = Problem(
        where="the settings",
        key="server.password",
        found=f"no password, while server.{key} = {value!r} can be reached by other machines",
        expected="a password, set by the command `calltally password`; or server.open = true to let everyone in; "
        "or an address that only this machine reaches",
        example='listen = "127.0.0.1:8080"   (under [server])',
    )
    raise SettingsError([problem])
