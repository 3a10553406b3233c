"""The Dockerfile: hadolint finds nothing in it, it says what a careful image says, and its steps make a working image.

The last is done without a container engine, in a fresh Debian (tests/deploy/building.py says what that leaves out).
"""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from calltally import __version__
from tests.deploy.dockerfile import Stage, stages
from tests.programs import ROOT

DOCKERFILE = ROOT / "Dockerfile"
IGNORED = ROOT / ".dockerignore"
_SECONDS = 900


@pytest.fixture(scope="module")
def both() -> tuple[Stage, Stage]:
    """Return the stage that builds and the one that is shipped."""
    build, shipped = stages(DOCKERFILE.read_text(encoding="utf-8"))
    return build, shipped


def test_hadolint_finds_nothing() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    found = subprocess.run([hadolint, DOCKERFILE], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout) == (0, "")


def test_the_base_is_a_python_that_calltally_runs_on_pinned_by_its_tag(both: tuple[Stage, Stage]) -> None:
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["requires-python"]
    for stage in both:
        tag = re.fullmatch(r"python:3\.(\d+)-slim-(\w+)", stage.base)
        assert tag, stage.base
        assert int(tag[1]) >= int(needed.removeprefix(">=3."))


def test_what_is_fetched_has_a_hash(both: tuple[Stage, Stage]) -> None:
    for step in both[0].all("RUN"):
        for command in step.text.split("&&"):
            if " wheel " in command or " install " in command:
                assert "--no-index" in command or "--require-hashes" in command


def test_the_shipped_stage_fetches_nothing(both: tuple[Stage, Stage]) -> None:
    text = " ".join(step.text for step in both[1].all("RUN"))
    assert not re.search(r"\b(pip|apt|apt-get|curl|wget)\b", text)


def test_the_service_is_nobody_special(both: tuple[Stage, Stage]) -> None:
    user, _, group = both[1].last("USER").text.partition(":")
    assert int(user) >= 1000
    assert int(group) >= 1000


def test_the_data_lies_in_a_volume_that_is_the_data_folder(both: tuple[Stage, Stage]) -> None:
    (volume,) = both[1].last("VOLUME").words
    assert both[1].last("ENV").pairs["CALLTALLY_DATA"] == volume


def test_the_health_check_asks_the_port_that_is_served(both: tuple[Stage, Stage]) -> None:
    port = both[1].last("EXPOSE").text
    assert both[1].last("ENV").pairs["CALLTALLY_SERVER__LISTEN"] == f"0.0.0.0:{port}"
    assert f"'127.0.0.1', {port}" in both[1].last("HEALTHCHECK").text
    assert "/readyz" in both[1].last("HEALTHCHECK").text


def test_no_variable_of_the_image_is_a_secret(both: tuple[Stage, Stage]) -> None:
    names = {name for stage in both for step in stage.all("ENV") for name in step.pairs}
    names |= {step.text.partition("=")[0] for stage in both for step in stage.all("ARG")}
    assert not [name for name in names if re.search("PASSWORD|TOKEN|SECRET|KEY", name)]


def test_the_labels_say_what_it_is(both: tuple[Stage, Stage]) -> None:
    labels = both[1].last("LABEL").pairs
    assert labels["org.opencontainers.image.title"] == "calltally"
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert both[1].last("ARG").text == f"VERSION={__version__}"


def test_exactly_what_the_dockerfile_copies_gets_into_a_build(both: tuple[Stage, Stage]) -> None:
    copied = {
        name
        for stage in both
        for step in stage.all("COPY")
        if "from" not in step.flags
        for name in step.text.split()[:-1]
    }
    lines = IGNORED.read_text(encoding="utf-8").splitlines()
    assert "*" in lines
    assert {line.removeprefix("!") for line in lines if line.startswith("!")} == copied
    assert all((ROOT / name).exists() for name in copied)


@pytest.fixture(scope="module")
def built() -> dict[str, Any]:
    """Return what is true of the image that the Dockerfile's steps make."""
    variables = [f"{name}={value}" for name, value in os.environ.items() if name.startswith("PIP_")]
    as_root = [] if os.geteuid() == 0 else ["sudo", "--non-interactive", "env", "PYTHONDONTWRITEBYTECODE=1", *variables]
    command = [*as_root, sys.executable, "-m", "tests.deploy.image_facts"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=_SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    facts: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return facts


@pytest.mark.needs("mmdebstrap")
def test_the_steps_make_an_image_that_serves_is_healthy_and_ends_in_order(
    built: dict[str, Any], both: tuple[Stage, Stage]
) -> None:
    assert built["version"] == f"calltally {__version__}"
    assert built["python"].startswith(f"Python {both[1].base.partition(':')[2].partition('-')[0]}.")
    served = built["served"]
    assert served.get("failed") is None, served
    assert (served["healthy"], served["exit_status"]) == (True, 0), served["said"]
    assert not served["healthy_afterwards"]
    assert "calltally.db" in served["data"]


@pytest.mark.needs("mmdebstrap")
def test_the_image_holds_no_way_to_change_itself(built: dict[str, Any], both: tuple[Stage, Stage]) -> None:
    assert built["uid"] == both[1].last("USER").text.partition(":")[0]
    assert built["may_write"] == []
    assert not built["has_pip"]
    assert built["is_compiled"], "with a read-only root every start would compile everything anew"


@pytest.mark.needs("mmdebstrap")
def test_an_image_of_which_nobody_knows_who_reaches_it_asks_for_a_password(built: dict[str, Any]) -> None:
    assert built["unguarded_status"] == 1
    assert "calltally password" in built["unguarded_said"]


@pytest.mark.needs("mmdebstrap")
def test_the_image_can_also_play_the_demo(built: dict[str, Any]) -> None:
    assert built["simulator_status"] == 2  # called without an address
