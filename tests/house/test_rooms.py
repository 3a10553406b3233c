"""The borders between the rooms: what the tables of decisions 0001 and 0003 allow passes, all else is stopped."""

import os
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.programs import ROOT

MODULES = (
    *(
        "app",
        "cli.main",
        "engine.ingest",
        "fold.calls",
        "grafana.calls",
        "inlets.webhook",
        "metrics.catalog",
        "model.calls",
    ),
    *("render.charts", "serve.api", "settings", "sources.source", "sources.asterisk.parse", "sources.sipgate.parse"),
    *("store.store", "store.sqlite", "demo.history", "demo.run"),
)
WORDS = {"settings", "sources.source", "store.store"}
ALLOWED = {
    "model.calls": {"dataclasses", "datetime", "enum"},
    "fold.calls": {"model.calls"},
    "metrics.catalog": {"model.calls"},
    "sources.source": {"model.calls"},
    "sources.sipgate.parse": {"model.calls", "sources.source"},
    "sources.asterisk.parse": {"model.calls", "sources.source"},
    "inlets.webhook": {"sources.source", "engine.ingest"},
    "store.store": {"model.calls", "metrics.catalog"},
    "store.sqlite": {"model.calls", "metrics.catalog", "store.store", "sqlite3"},
    "engine.ingest": {"model.calls", "fold.calls", "metrics.catalog", "sources.source", "store.store", "asyncio"},
    "render.charts": {"model.calls", "metrics.catalog"},
    "grafana.calls": {"model.calls", "metrics.catalog"},
    "serve.api": {"engine.ingest", "render.charts", "metrics.catalog", "model.calls", *WORDS},
    "cli.main": {
        "engine.ingest",
        "render.charts",
        "metrics.catalog",
        "model.calls",
        "app",
        "demo.run",
        *WORDS,
        "grafana.calls",
    },
    "settings": {"model.calls"},
    "demo.history": {"model.calls", "engine.ingest", "settings", "sources.source", "store.store"},
    "demo.run": {"model.calls", "engine.ingest", "settings", "sources.source", "store.store", "app"},
    "app": set(MODULES) - {"app"},
}
# One breach for each room and word of the table, and for what the table says of the standard library.
FORBIDDEN = [
    *((room, other) for room in MODULES for other in MODULES if room != other and other not in ALLOWED[room]),
    ("model.calls", "sqlite3"),
    ("model.calls", "msgspec"),
    ("fold.calls", "logging"),
    ("metrics.catalog", "asyncio"),
    ("render.charts", "structlog"),
    ("serve.api", "sqlalchemy"),
]
WITHIN_ONE_ROOM = {("store.store", "store.sqlite"), ("demo.history", "demo.run"), ("demo.run", "demo.history")}


def _contracts() -> list[str]:
    table = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    return [contract["name"] for contract in table["contracts"]]


def _lint(folder: Path, imports: Iterable[tuple[str, str]]) -> subprocess.CompletedProcess[str]:
    """Return what the import linter says of a package in `folder` with these imports and the project's contracts."""
    lines: dict[str, list[str]] = {module: ['"""A room."""'] for module in MODULES}
    for importer, imported in imports:
        lines[importer].append(f"import {'calltally.' if imported in MODULES else ''}{imported}")
    for module, text in lines.items():
        path = folder.joinpath("calltally", *module.split(".")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(text) + "\n", encoding="utf-8")
    for parent in {path.parent for path in folder.glob("calltally/**/*.py")} | {folder / "calltally"}:
        (parent / "__init__.py").touch()
    (folder / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_the_table_of_rooms_allows_passes(tmp_path: Path) -> None:
    done = _lint(tmp_path, [(room, other) for room, others in ALLOWED.items() for other in others])
    assert done.returncode == 0, done.stdout
    assert f"Contracts: {len(_contracts())} kept, 0 broken." in done.stdout


def test_every_contract_can_be_broken_and_then_lint_fails(tmp_path: Path) -> None:
    done = _lint(tmp_path, FORBIDDEN)
    assert done.returncode == 1
    assert f"Contracts: 0 kept, {len(_contracts())} broken." in done.stdout


@pytest.mark.parametrize(("importer", "imported"), [breach for breach in FORBIDDEN if breach not in WITHIN_ONE_ROOM])
def test_no_import_that_the_table_leaves_out_goes_unseen(all_breaches: str, importer: str, imported: str) -> None:
    whole = imported if imported not in MODULES else f"calltally.{imported}"
    assert f"calltally.{importer} -> {whole} " in all_breaches


@pytest.fixture(scope="module")
def all_breaches(tmp_path_factory: pytest.TempPathFactory) -> str:
    return _lint(tmp_path_factory.mktemp("rooms"), FORBIDDEN).stdout
