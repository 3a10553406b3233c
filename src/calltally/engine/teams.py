"""The site's teams: from teams.json in the data folder, read again when it changes, and from the settings file.

The file is a list of `{"name": ..., "numbers": [...]}`. A team with fewer than two numbers is left out with a warning.
A file that cannot be used changes nothing: the teams read last stay, and `problems` says what is wrong.
"""

import json
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from calltally.engine.own_numbers import own_number
from calltally.model.directory import OTHER, Team

log = structlog.get_logger(__name__)

FILE_NAME = "teams.json"
FEWEST_NUMBERS = 2
_LARGEST_FILE = 4 * 1024 * 1024
_LOOK_AGAIN_SECONDS = 1.0


class TeamsError(ValueError):
    """Teams that cannot be used; the text says which and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedNumbers:
    """A team as somebody wrote it, numbers in their order."""

    name: str
    numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _State:
    stamp: tuple[int, int, int] | None
    written: tuple[NamedNumbers, ...]
    teams: tuple[Team, ...]
    problems: tuple[str, ...]


class Teams:
    """The teams of this moment. Its methods may be called from any thread."""

    def __init__(
        self, *, file: Path, fixed: Sequence[NamedNumbers], country: str, clock_seconds: Callable[[], float]
    ) -> None:
        """Take the file, the teams of the settings, the site's country and a clock that only rises."""
        self._file = file
        self._fixed = tuple(fixed)
        self._country = country
        self._clock = clock_seconds
        self._looked_at = clock_seconds()
        self._told: tuple[str, ...] = ()
        self._state = self._state_of((), None, ())
        self._look()

    def current(self) -> tuple[Team, ...]:
        """Return the teams, the same tuple until something changes. Looks at the file at most once a second.

        What is wrong with them goes to the log once: whoever asks nothing about teams is told nothing of them.
        """
        state = self._fresh()
        if state.problems != self._told:
            self._told = state.problems
            for sentence in state.problems:
                log.warning("teams_not_usable", reason=sentence)
        return state.teams

    def problems(self) -> tuple[str, ...]:
        """Return what is wrong with the file or was left out, as sentences; empty if all is well."""
        return self._fresh().problems

    def written(self) -> tuple[NamedNumbers, ...]:
        """Return the teams of the file as they are written there, for a page that edits them."""
        return self._fresh().written

    def save(self, teams: Sequence[NamedNumbers]) -> None:
        """Write the file anew, whole or not at all, and use it at once.

        Raises:
            TeamsError: a name is empty, used twice or reserved, or a team has fewer than two numbers.
            OSError: the file cannot be written.
        """
        tidy = [NamedNumbers(name=team.name.strip(), numbers=_tidy(team.numbers)) for team in teams]
        read = _checked([{"name": team.name, "numbers": list(team.numbers)} for team in tidy])
        _, problems = self._usable(read)
        if problems:
            raise TeamsError(" ".join(problems))
        content = json.dumps([{"name": t.name, "numbers": t.numbers} for t in tidy], ensure_ascii=False, indent=2)
        aside = self._file.with_name(f".{self._file.name}.{os.getpid()}")
        try:
            with aside.open("w", encoding="utf-8") as output:
                output.write(content + "\n")
                output.flush()
                os.fsync(output.fileno())
            aside.replace(self._file)
        finally:
            aside.unlink(missing_ok=True)
        self._look()

    def _fresh(self) -> _State:
        now = self._clock()
        if now - self._looked_at >= _LOOK_AGAIN_SECONDS:
            self._looked_at = now
            self._look()
        return self._state

    def _look(self) -> None:
        before = self._state
        try:
            stamp = _stamp(self._file)
            if stamp == before.stamp:
                return
            written = _read(self._file) if stamp else ()
        except (OSError, TeamsError) as problem:
            stamp, written = None, before.written
            sentence = f"{self._file} is not used: {problem} The teams read before it stay in use."
            state = self._state_of(written, stamp, (sentence,))
        else:
            state = self._state_of(written, stamp, ())
        self._state = before if state == before else state

    def _state_of(
        self, written: tuple[NamedNumbers, ...], stamp: tuple[int, int, int] | None, problems: tuple[str, ...]
    ) -> _State:
        names = {team.name for team in written}
        chosen = (*written, *(team for team in self._fixed if team.name not in names))
        teams, left_out = self._usable(chosen)
        return _State(stamp=stamp, written=written, teams=teams, problems=(*problems, *left_out))

    def _usable(self, written: Iterable[NamedNumbers]) -> tuple[tuple[Team, ...], tuple[str, ...]]:
        teams: list[Team] = []
        problems: list[str] = []
        for team in written:
            numbers = frozenset(own_number(number, self._country) for number in team.numbers)
            if len(numbers) < FEWEST_NUMBERS:
                problems.append(f"The team {team.name!r} is left out: it has fewer than two numbers.")
            else:
                teams.append(Team(name=team.name, numbers=numbers))
        return tuple(teams), tuple(problems)


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except FileNotFoundError:
        return None
    return (found.st_mtime_ns, found.st_size, found.st_ino)


def _read(file: Path) -> tuple[NamedNumbers, ...]:
    with file.open("rb") as opened:
        content = opened.read(_LARGEST_FILE + 1)
    if len(content) > _LARGEST_FILE:
        raise TeamsError("it is larger than 4 MiB.")
    try:
        told = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as broken:
        raise TeamsError(f"it is no JSON ({broken}).") from None
    return _checked(told)


def _checked(told: object) -> tuple[NamedNumbers, ...]:
    example = '[{"name": "Support", "numbers": ["+4930123450", "+4930123451"]}]'
    if not isinstance(told, list):
        raise TeamsError(f"a list of teams is expected, for example {example}.")
    teams: list[NamedNumbers] = []
    for position, entry in enumerate(told, start=1):
        name = entry.get("name") if isinstance(entry, dict) else None
        numbers = entry.get("numbers") if isinstance(entry, dict) else None
        if not isinstance(name, str) or not name.strip() or not name.isprintable():
            raise TeamsError(f"team {position} has no name; expected something like {example}.")
        if not isinstance(numbers, list) or not all(map(_is_text, numbers)):
            raise TeamsError(f"the numbers of team {name!r} are no list of texts; expected something like {example}.")
        if name.strip() == OTHER:
            raise TeamsError(f"no team can be called {OTHER!r}: that is the name of all calls in no team.")
        if any(name.strip() == team.name for team in teams):
            raise TeamsError(f"two teams are called {name.strip()!r}.")
        teams.append(NamedNumbers(name=name.strip(), numbers=_tidy(numbers)))
    return tuple(teams)


def _is_text(number: object) -> bool:
    """Whether this can be written anywhere: JSON allows halves of characters, which nothing else does."""
    return isinstance(number, str) and not any("\ud800" <= character <= "\udfff" for character in number)


def _tidy(numbers: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(number.strip() for number in numbers if number.strip()))
