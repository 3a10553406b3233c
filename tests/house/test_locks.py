"""The lock files: exact versions with hashes, no word about where they were made, and the same versions in both."""

import re
import tomllib

import pytest

from tests.programs import ROOT

LOCKS = ("requirements.lock", "requirements-dev.lock")
REQUIREMENT = re.compile(r"(?P<name>[a-z0-9][a-z0-9.-]*)==(?P<version>[^ ;]+)(?: ; [^\\]+)? \\")
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}(?: \\)?")


def _versions(lock: str) -> dict[str, str]:
    matches = map(REQUIREMENT.fullmatch, (ROOT / lock).read_text(encoding="utf-8").splitlines())
    return {match["name"]: match["version"] for match in matches if match}


def _names(requirements: list[str | dict[str, str]]) -> set[str]:
    return {re.split(r"[<>=;\[ ]", text)[0].lower() for text in requirements if isinstance(text, str)}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_nothing_but_exact_versions_and_their_hashes(lock: str) -> None:
    lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()
    assert lines
    assert [line for line in lines if not REQUIREMENT.fullmatch(line) and not HASH.fullmatch(line)] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_a_hash(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert not re.search(r"^\S.*\n(?!    --hash=)", text, re.MULTILINE)


def test_what_is_tested_is_what_is_installed() -> None:
    runtime, development = map(_versions, LOCKS)
    assert runtime.items() <= development.items()


def test_the_locks_hold_every_package_that_the_project_names() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    runtime, development = map(_versions, LOCKS)
    groups = project["dependency-groups"]
    assert _names(project["project"]["dependencies"]) | _names(groups["build"]) <= runtime.keys()
    assert _names(groups["dev"]) <= development.keys()
