"""What to say about settings that cannot be used: where, which key, what was found, what was expected, an example."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import get_args, get_type_hints

from pydantic_core import ErrorDetails

from calltally.settings.sections import LISTED, SECTIONS, Key

KeyPath = tuple[str | int, ...]

_SECRET = re.compile(r"password|secret|token|key", re.IGNORECASE)
_NOT_SECRET = re.compile(r"public_key|public_key_file|token_id")
_CREDENTIALS = re.compile(r"(://[^/@\s]*:)[^/@\s]+@")
_LONGEST = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        where: the file, `variable NAME` or the option that said it.
        key: the key with its section, `site.time_zone`; entries of lists count from 1.
        found: what was written there, with secrets hidden; `None` if nothing was.
        expected: what should stand there.
        example: a line as it could stand there; `None` if there is none to give.
        is_sentence: `expected` is a whole sentence, in which a source says what is wrong with its section.
    """

    where: str
    key: str
    found: str | None
    expected: str
    example: str | None = None
    is_sentence: bool = False

    def __str__(self) -> str:
        wanted = f"  problem:  {self.expected}" if self.is_sentence else f"  expected: {self.expected}"
        lines = [f"{self.where}: {self.key}", f"  found:    {self.found or 'nothing'}", wanted]
        return "\n".join(lines + ([f"  example:  {self.example}"] if self.example else []))


class SettingsError(Exception):
    """Settings that cannot be used; the text lists every problem."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        count = "One setting" if len(self.problems) == 1 else f"{len(self.problems)} settings"
        super().__init__("\n\n".join([f"{count} cannot be used.", *map(str, self.problems)]))


def shown(path: KeyPath, value: object) -> str:
    """Return a value for people to read: short, on one line, and hidden if its key speaks of a secret."""
    if any(_SECRET.search(part) and not _NOT_SECRET.fullmatch(part) for part in map(str, path)):
        return "(hidden)"
    text = json.dumps(_unsecret(value), ensure_ascii=False, default=str)
    text = _CREDENTIALS.sub(r"\1***@", text)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."


def _unsecret(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: "(hidden)" if _SECRET.search(str(key)) else _unsecret(kept) for key, kept in value.items()}
    return [_unsecret(kept) for kept in value] if isinstance(value, list) else value


def holds_secret(given: Mapping[str, object]) -> bool:
    """Return whether settings as they were written hold something that nobody else may read."""
    return any(_is_secret(str(key), value) for key, value in given.items())


def _is_secret(key: str, value: object) -> bool:
    if isinstance(value, Mapping):
        return bool(value) if _SECRET.search(key) else holds_secret(value)
    if isinstance(value, list):
        return any(_is_secret(key, each) for each in value)
    if not isinstance(value, str) or not value:
        return False
    is_named_so = _SECRET.search(key) is not None and not _NOT_SECRET.fullmatch(key)
    return is_named_so or _CREDENTIALS.search(value) is not None


def dotted(path: KeyPath) -> str:
    """Return a path as it is written: `server.listen`, `queues[2].name`."""
    text = ""
    for part in path:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
    return text


@cache
def keys_of(section: str) -> Mapping[str, Key]:
    """Return the keys of a section in the order of its declaration."""
    hints = get_type_hints(SECTIONS[section], include_extras=True) if section in SECTIONS else {}
    keys = {name: [told for told in get_args(hint) if isinstance(told, Key)] for name, hint in hints.items()}
    return {name: told[0] for name, told in keys.items() if told}


def header_of(section: str) -> str:
    """Return the line above a section's keys."""
    return f"[[{section}]]" if section in LISTED else f"[{section}]"


def problem_of(error: ErrorDetails, path: KeyPath, where: str) -> Problem:
    """Return in our words what pydantic found at a path."""
    section = str(path[0])
    names = [part for part in path[1:] if isinstance(part, str)]
    if error["type"] in {"unexpected_keyword_argument", "extra_forbidden"}:
        return unknown_key(path, error["input"], where)
    if not names or names[0] not in keys_of(section):
        return Problem(
            where=where,
            key=dotted(path),
            found=shown(path, error["input"]),
            expected=f"a table under {header_of(section)} for each of them" if section in LISTED else "a table",
            example=header_of(section),
        )
    key = keys_of(section)[names[0]]
    return Problem(
        where=where,
        key=dotted(path),
        found=None if error["type"] == "missing" else shown(path, error["input"]),
        expected=key.expected,
        example=f"{names[0]} = {key.example}   (under {header_of(section)})",
    )


def unknown_key(path: KeyPath, value: object, where: str, known: Sequence[str] = ()) -> Problem:
    """Return the problem of a key that nobody asks for, with the nearest one that exists."""
    if not known:
        known = [*SECTIONS, "sources"] if len(path) == 1 else list(keys_of(str(path[0])))
    near = get_close_matches(str(path[-1]), known, n=1)
    choice = f"one of {', '.join(known)}" if known else "no key, for this section has none yet"
    return Problem(
        where=where,
        key=dotted(path),
        found=f"the unknown key {path[-1]!r} with the value {shown(path, value)}",
        expected=f"{near[0]} (did you mean that?), or {choice}" if near else choice,
        example=_example_of(path, (near or known or [""])[0]),
    )


def _example_of(path: KeyPath, name: str) -> str | None:
    """Return how a key that exists is written in place of one that does not; `None` if there is none."""
    if len(path) == 1:
        return header_of(name)
    section = str(path[0])
    if section == "sources":
        return f"[sources.{name}]" if name else None
    key = keys_of(section).get(name)
    return f"{name} = {key.example}   (under {header_of(section)})" if key else None
