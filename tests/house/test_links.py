"""Links between the pages of the project lead somewhere: to a file that is tracked, and to a heading in it."""

import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from tests.programs import ROOT

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
ELSEWHERE = re.compile(r"[a-z]+:")
CASES = [
    # heading                           anchor
    ("# Behind a proxy", "behind-a-proxy"),
    ("### `asa`: Average speed of answer", "asa-average-speed-of-answer"),
    ("## `[[teams]]`", "teams"),
    ("## What it does, and why", "what-it-does-and-why"),
]


@cache
def _files() -> frozenset[Path]:
    """Return every file that is tracked or could be committed as it is."""
    git = shutil.which("git")
    assert git, "these tests ask git which files belong to the project"
    listed = subprocess.run(
        [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True
    )
    return frozenset(ROOT / name for name in listed.stdout.decode().split("\0") if name)


def _text(page: Path) -> str:
    """Return a page without its blocks of code."""
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def _anchor(heading: str) -> str:
    """Return how a page is linked to at a heading."""
    words = re.sub(r"[^\w\s-]", "", heading.lstrip("#").strip().lower())
    return re.sub(r"\s", "-", words)


@cache
def _anchors(page: Path) -> frozenset[str]:
    return frozenset(_anchor(line) for line in _text(page).splitlines() if line.startswith("#"))


def _problem(page: Path, link: str) -> str | None:
    """Return what is wrong with a link of a page, if anything is."""
    if ELSEWHERE.match(link):
        return None
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    if target not in _files():
        return f"{link} is no file of the project"
    if anchor and anchor not in _anchors(target):
        return f"{link} names no heading of {target.relative_to(ROOT)}"
    return None


@pytest.mark.parametrize(("heading", "anchor"), CASES)
def test_an_anchor_is_made_of_its_heading(heading: str, anchor: str) -> None:
    assert _anchor(heading) == anchor


@pytest.mark.parametrize("link", ["docs/nothing.md", "CHANGELOG.md#no-such-heading", "#nor-this-one", "docs"])
def test_a_link_that_leads_nowhere_is_found(link: str) -> None:
    assert _problem(ROOT / "README.md", link)


def test_every_link_between_pages_leads_somewhere() -> None:
    pages = sorted(path for path in _files() if path.suffix == ".md" and path.is_file())
    found = [(page, link) for page in pages for link in LINK.findall(_text(page))]
    assert len(found) > 50, "the pattern no longer finds links"
    problems = [f"{page.relative_to(ROOT)}: {problem}" for page, link in found if (problem := _problem(page, link))]
    assert not problems


def test_every_page_of_docs_is_linked_from_its_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    pages = {path.name for path in _files() if path.parent == ROOT / "docs" and path.suffix == ".md"}
    assert not [name for name in sorted(pages - {"README.md"}) if f"]({name})" not in index]
