"""Carries out the Dockerfile without a container engine: each stage in a fresh Debian made by mmdebstrap.

What an engine would do and this does not: layers and their cache, cgroups, seccomp, capabilities. The base image is
Debian's own Python of the same release instead of python:*-slim. Everything else is what the file says: the commands,
in their order, as their user, with their variables, and nothing else of this machine but the way to the package index.
"""

import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.deploy.dockerfile import Stage, Step, filled, stages
from tests.programs import ROOT

_PACKAGES: Final = "ca-certificates,python3,python3-venv"
_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_BUILD_SECONDS: Final = 600
_NETWORK: Final = ("/etc/resolv.conf", "/etc/hosts", "/etc/pip.conf", "/etc/ssl/certs/ca-certificates.crt")


@dataclass(slots=True, kw_only=True)
class Image:
    """A tree of files and what is known of how to run it."""

    tree: Path
    env: dict[str, str] = field(default_factory=lambda: {"PATH": _PATH})
    folder: str = "/"
    user: str = "0:0"
    volumes: list[str] = field(default_factory=list)
    healthcheck: Sequence[str] = ()
    entrypoint: Sequence[str] = ()
    command: Sequence[str] = ()

    def entered(self, *command: str, env: Mapping[str, str] | None = None) -> list[str]:
        """Return what runs a command in the tree as the image's user, with the image's variables alone."""
        variables = [f"{name}={value}" for name, value in {**self.env, **(env or {})}.items()]
        entering = ["chroot", f"--userspec={self.user}", str(self.tree), "/usr/bin/env", "-i"]
        return [*entering, f"--chdir={self.folder}", *variables, *command]

    def run(self, *command: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command in the tree as its user, and return how it went."""
        isolated = ["unshare", "--fork", "--pid", "--kill-child", f"--mount-proc={self.tree / 'proc'}"]
        return subprocess.run(
            [*isolated, *self.entered(*command, env=env)],
            capture_output=True,
            text=True,
            timeout=_BUILD_SECONDS,
            check=False,
        )


def debian(release: str, tree: Path) -> None:
    """Make a fresh Debian with its own Python, which is called `python` in it as in the official image."""
    command = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={_PACKAGES}", release, str(tree)]
    subprocess.run(command, check=True, timeout=_BUILD_SECONDS)
    (tree / "usr/local/bin/python").symlink_to("/usr/bin/python3")
    for name in _NETWORK:
        if Path(name).exists():
            shutil.copy(name, tree / name.removeprefix("/"))


def build(text: str, folder: Path) -> Image:
    """Return the image of the last stage; every stage lies in a folder of its own.

    Raises:
        AssertionError: a step fails; what it said is in the message.
    """
    found = stages(text)
    release = found[-1].base.rpartition("-")[2]
    base = folder / "base"
    debian(release, base)
    made: dict[str, Image] = {}
    for number, stage in enumerate(found):
        tree = folder / f"stage-{number}"
        subprocess.run(["/bin/cp", "--archive", "--reflink=auto", str(base), str(tree)], check=True)
        made[stage.name] = _built(stage, Image(tree=tree), made)
    return made[found[-1].name]


def _built(stage: Stage, image: Image, made: Mapping[str, Image]) -> Image:
    arguments: dict[str, str] = {}
    for step in stage.steps:
        if step.word == "RUN":
            _run(step, image)
        elif step.word == "COPY":
            _copy(step, image, made)
        elif step.word == "ENV":
            image.env |= {name: filled(value, image.env | arguments) for name, value in step.pairs.items()}
        elif step.word == "ARG":
            arguments |= step.pairs
        else:
            _note(step, image)
    return image


def _note(step: Step, image: Image) -> None:
    if step.word == "USER":
        image.user = step.text
    elif step.word == "WORKDIR":
        image.folder = step.text
        (image.tree / step.text.removeprefix("/")).mkdir(parents=True, exist_ok=True)
    elif step.word == "VOLUME":
        image.volumes += step.words
    elif step.word == "HEALTHCHECK":
        image.healthcheck = Step(word="CMD", flags={}, text=step.text.removeprefix("CMD").strip()).words
    elif step.word == "ENTRYPOINT":
        image.entrypoint = step.words
    elif step.word == "CMD":
        image.command = step.words


def _run(step: Step, image: Image) -> None:
    index = {name: value for name, value in os.environ.items() if name.startswith("PIP_") and "FIND_LINKS" not in name}
    done = image.run("/bin/sh", "-c", step.text, env=index)
    assert done.returncode == 0, f"RUN {step.text}\n{done.stdout}\n{done.stderr}"


def _copy(step: Step, image: Image, made: Mapping[str, Image]) -> None:
    *sources, target = shlex.split(step.text)
    from_tree = made[step.flags["from"]].tree if "from" in step.flags else ROOT
    kept_out = None if "from" in step.flags else shutil.ignore_patterns("__pycache__")  # as .dockerignore has it
    to = image.tree / os.path.join(image.folder, target).removeprefix("/")  # noqa: PTH118  an absolute target wins
    for name in sources:
        source = from_tree / name.removeprefix("/")
        if source.is_dir():
            shutil.copytree(source, to, symlinks=True, dirs_exist_ok=True, ignore=kept_out)
        else:
            file = to / source.name if target.endswith("/") else to
            file.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, file)
