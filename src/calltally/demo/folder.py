"""The folder of a demo: what it holds, and that it holds nothing but a demo."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec

from calltally.demo.company import settings_file, teams_file
from calltally.demo.history import Plan
from calltally.engine.teams import FILE_NAME as TEAMS_FILE
from calltally.model.command import VARIABLE
from calltally.settings import Settings, load

PLAN_FILE = "demo.json"
SETTINGS_FILE = "calltally.toml"
_HEEDED = ("CALLTALLY_SERVER__", VARIABLE)


class DemoError(Exception):
    """The demo cannot begin; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class _Known:
    """A plan as it is written down."""

    calls: int
    days: int
    until_ms: int
    seed: int
    zone: str


def prepare(folder: Path, wanted: Plan) -> Plan:
    """Make a folder ready and return its plan: the wanted one, or the one with which the folder began.

    Raises:
        DemoError: something else than a demo lives there, or it cannot be written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        known = plan_in(folder)
        if known is not None:
            return known
        if any(folder.iterdir()):
            raise DemoError(
                f"{folder} holds something else than a demo; name a folder that is empty or does not exist yet"
            )
        (folder / SETTINGS_FILE).write_text(settings_file(), "utf-8")
        (folder / TEAMS_FILE).write_text(teams_file(), "utf-8")
        (folder / PLAN_FILE).write_bytes(msgspec.json.encode(asdict(wanted)))
    except OSError as problem:
        raise DemoError(f"{folder} cannot be used for a demo: {problem.strerror}") from problem
    return wanted


def plan_in(folder: Path) -> Plan | None:
    """Return the plan of a demo's folder, `None` if there is none in it.

    Raises:
        DemoError: the plan cannot be read any more.
    """
    try:
        known = msgspec.json.decode((folder / PLAN_FILE).read_bytes(), type=_Known)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as problem:
        raise DemoError(f"{folder / PLAN_FILE} cannot be read any more; delete the folder to begin anew") from problem
    return Plan(calls=known.calls, days=known.days, until_ms=known.until_ms, seed=known.seed, zone=known.zone)


def settings_of(folder: Path, listen: str, environ: Mapping[str, str]) -> Settings:
    """Return the settings of a demo.

    Of the variables only those about the server count, so that made-up calls never reach a database of real ones, and
    the one that says how calltally was started.

    Raises:
        SettingsError: they cannot be used.
    """
    heeded = {name: value for name, value in environ.items() if name.startswith(_HEEDED)}
    return load(data=folder, config=folder / SETTINGS_FILE, listen=listen, environ=heeded)
