"""`./run`: what it lists, when it installs, what it starts, and what it says where Python is missing."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.programs import ROOT

SHELL_FILES = ["run", *sorted(f"scripts/{path.name}" for path in (ROOT / "scripts").iterdir() if not path.suffix)]
# Stands where .venv/bin/python and .venv/bin/calltally stand: says how it was started, and succeeds.
PROGRAM = '#!/bin/sh\necho "$(basename "$0") $*" >>"$(dirname "$0")/started"\n'
PREPARED = ["python -m pip", "python -m pip", "python -m com"]


def _started(checkout: Path) -> list[str]:
    log = checkout / ".venv" / "bin" / "started"
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    log.unlink(missing_ok=True)
    return [line for line in lines if not line.startswith("python -c")]


def _run(checkout: Path, *arguments: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [checkout / "run", *arguments],
        cwd=checkout.parent,
        env={**os.environ, "PATH": str(path or checkout / "programs")},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a checkout on a machine that has a shell, and neither Python nor uv."""
    folder = tmp_path / "a checkout"
    shutil.copytree(ROOT / "scripts", folder / "scripts")
    for name in ("run", "pyproject.toml", "requirements.lock", "requirements-dev.lock"):
        shutil.copy(ROOT / name, folder)
    (folder / "programs").mkdir()
    for name in ("sh", "cat", "cmp", "dirname", "basename", "rm", "uname", "id"):
        found = shutil.which(name)
        assert found
        (folder / "programs" / name).symlink_to(found)
    return folder


@pytest.fixture
def with_environment(checkout: Path) -> Path:
    """Return a checkout with a .venv that holds nothing known yet."""
    (checkout / ".venv" / "bin").mkdir(parents=True)
    for name in ("python", "calltally"):
        program = checkout / ".venv" / "bin" / name
        program.write_text(PROGRAM, encoding="utf-8")
        program.chmod(0o755)
    return checkout


@pytest.mark.parametrize("name", SHELL_FILES)
def test_a_shell_file_can_be_read_by_a_plain_shell_and_is_executable(name: str) -> None:
    shell = shutil.which("sh")
    assert shell
    subprocess.run([shell, "-n", ROOT / name], check=True)
    assert os.access(ROOT / name, os.X_OK)


def test_run_alone_lists_what_it_can_do_and_installs_nothing(checkout: Path) -> None:
    done = _run(checkout)
    assert done.returncode == 0
    assert all(f"./run {word}" in done.stdout for word in ("demo", "serve", "check", "test"))
    assert not (checkout / ".venv").exists()


def test_run_without_python_says_how_to_get_it_and_exits_2(checkout: Path) -> None:
    done = _run(checkout, "demo")
    assert done.returncode == 2
    assert "calltally needs Python 3.11 or later" in done.stderr
    assert done.stdout == ""


def test_run_installs_by_hash_then_starts_calltally_with_the_arguments_as_they_are(with_environment: Path) -> None:
    assert _run(with_environment, "calls", "export", "--output", "a b").returncode == 0
    first, second, compiled, started = _started(with_environment)
    assert "--require-hashes" in first
    assert first.endswith("/requirements.lock")
    assert "--no-deps --no-build-isolation --editable" in second
    assert compiled.startswith("python -m compileall")
    assert started == "calltally calls export --output a b"


def test_run_installs_again_only_when_a_lock_has_changed(with_environment: Path) -> None:
    _run(with_environment, "check")
    _started(with_environment)
    _run(with_environment, "check")
    assert _started(with_environment) == ["calltally check"]
    with (with_environment / "requirements.lock").open("a", encoding="utf-8") as lock:
        lock.write("# a new version of something\n")
    _run(with_environment, "check")
    assert [line[:13] for line in _started(with_environment)] == [*PREPARED, "calltally che"]


def test_an_environment_made_for_the_tests_serves_the_other_commands_too(with_environment: Path) -> None:
    _run(with_environment, "test", "tests/fold", "-q")
    *installed, tested = _started(with_environment)
    assert installed[0].endswith("/requirements-dev.lock")
    assert tested == "python -m pytest tests/fold -q"
    _run(with_environment, "serve")
    assert _started(with_environment) == ["calltally serve"]


def test_a_checkout_that_was_moved_is_prepared_again(with_environment: Path) -> None:
    _run(with_environment, "check")
    _started(with_environment)
    moved = with_environment.rename(with_environment.with_name("moved"))
    _run(moved, "check", path=moved / "programs")
    assert [line[:13] for line in _started(moved)] == [*PREPARED, "calltally che"]


@pytest.mark.parametrize(
    ("release", "command"),
    [
        ("ID=debian\nVERSION_ID=12\n", "apt-get install -y python3-venv"),
        ('ID=ubuntu\nID_LIKE=debian\nVERSION_ID="24.04"\n', "apt-get install -y python3-venv"),
        ('ID=ubuntu\nID_LIKE=debian\nVERSION_ID="22.04"\n', "apt-get install -y python3.11-venv"),
        ("ID=linuxmint\nID_LIKE='ubuntu debian'\n", "apt-get install -y python3-venv"),
        ("ID=fedora\nVERSION_ID=43\n", "dnf install -y python3"),
        ('ID="rocky"\nID_LIKE="rhel centos fedora"\nVERSION_ID="9.6"\n', "dnf install -y python3.11"),
        ("ID=arch\n", "pacman -S --needed python"),
        ("ID=alpine\nVERSION_ID=3.22\n", "apk add python3"),
        ("ID=debian\nVERSION_ID=11\n", "install Python 3.11 or later (with venv and pip) the way"),
        ("ID=plan9\n", "install Python 3.11 or later (with venv and pip) the way"),
    ],
)
def test_each_system_gets_its_one_command(tmp_path: Path, release: str, command: str) -> None:
    (tmp_path / "os-release").write_text(release, encoding="utf-8")
    said = subprocess.run(
        [ROOT / "scripts" / "explain-python", tmp_path / "os-release"], check=True, capture_output=True, text=True
    ).stdout
    lines = [line.strip() for line in said.splitlines() if line.startswith("    ")]
    assert len(lines) == 1
    assert re.sub(r"^(sudo|doas) ", "", lines[0]).startswith(command)


def test_the_readme_begins_with_the_demo_and_the_tests() -> None:
    blocks = re.findall(r"```\w*\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert blocks[0].split() == ["./run", "demo"]
    assert blocks[1].split() == ["./run", "test"]


def test_continuous_integration_runs_the_test_command_of_the_readme() -> None:
    bash = shutil.which("bash")
    assert bash
    subprocess.run([bash, "-n", ROOT / ".ci" / "run"], check=True)
    assert (ROOT / ".ci" / "run").read_text(encoding="utf-8").endswith("\nCALLTALLY_TEST_STRICT=1 ./run test\n")


def test_calltally_hears_by_which_name_it_was_started(with_environment: Path) -> None:
    program = with_environment / ".venv" / "bin" / "calltally"
    program.write_text('#!/bin/sh\necho "as $CALLTALLY_COMMAND"\n', encoding="utf-8")
    ended = _run(with_environment, "check")
    assert ended.stdout.splitlines()[-1] == f"as {with_environment / 'run'}"
