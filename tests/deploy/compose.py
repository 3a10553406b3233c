"""Reads compose.yaml as Docker Compose does: variables filled in, services chosen by profile."""

import re
from collections.abc import Collection, Mapping
from functools import cache
from typing import Any, Final, cast

import yaml

from tests.programs import ROOT

FILE: Final = ROOT / "compose.yaml"
EXAMPLE: Final = ROOT / ".env.example"
_VARIABLE: Final = re.compile(r"\$\{(\w+)(?:(:-|:\?)([^}]*))?\}")

Service = Mapping[str, Any]


class NotSetError(Exception):
    """A variable that must be set is not."""


@cache
def text() -> str:
    """Return the file without its comments."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith("#"))


def variables() -> set[str]:
    """Return the names of all variables that the file asks for."""
    return {found[1] for found in _VARIABLE.finditer(text())}


def example() -> dict[str, str]:
    """Return what .env.example sets."""
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def filled(values: Mapping[str, str]) -> dict[str, Any]:
    """Return the file's content with its variables filled in.

    Raises:
        NotSetError: one is missing that has to be there.
    """

    def value(found: re.Match[str]) -> str:
        name, rule, rest = found.groups()
        if not values.get(name) and rule == ":?":
            raise NotSetError(f"{name} {rest}")
        return values.get(name) or (rest if rule == ":-" else "")

    def whole(node: object) -> object:
        if isinstance(node, dict):
            return {key: whole(under) for key, under in node.items()}
        if isinstance(node, list):
            return [whole(under) for under in node]
        return _VARIABLE.sub(value, node) if isinstance(node, str) else node

    return cast("dict[str, Any]", whole(yaml.safe_load(text())))


def with_passwords() -> dict[str, str]:
    """Return the example with every password set to its own name in lower case."""
    return {name: value or (name.lower() if name.endswith("_PASSWORD") else "") for name, value in example().items()}


@cache
def services() -> Mapping[str, Service]:
    """Return all services as they are with the example's values and passwords."""
    found: Mapping[str, Service] = filled(with_passwords())["services"]
    return found


def started(profiles: Collection[str]) -> set[str]:
    """Return the names of the services that start with these profiles and no others."""
    return {name for name, service in services().items() if set(service["profiles"]) & set(profiles)}
