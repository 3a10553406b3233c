"""The programs that some tests need and a machine may lack: where they are, and the one command that brings them."""

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program that tests use.

    Attributes:
        find: where it is on this machine; `None` if it is missing.
        command: the one command that brings it.
    """

    find: Callable[[], str | None]
    command: str


def _chromium() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
    on_mac = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
    return next(filter(None, map(shutil.which, names)), str(on_mac) if on_mac.exists() else None)


def _tsc() -> str | None:
    return shutil.which(ROOT / "node_modules" / ".bin" / "tsc") if shutil.which("node") else None


def _postgresql() -> str | None:
    """Return the server, which Debian keeps out of the path; `initdb` lies beside it."""
    found = shutil.which("postgres")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((str(folder / "postgres") for folder in folders if (folder / "initdb").exists()), None)


def _daemon(name: str) -> str | None:
    """Return a program that Debian keeps out of the path of ordinary users."""
    return shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}{os.pathsep}/usr/sbin")


def _mariadb() -> str | None:
    return _daemon("mariadbd") if shutil.which("mariadb-install-db") else None


def _mmdebstrap() -> str | None:
    """Return what makes a Debian, if this user can be root for it without being asked."""
    return shutil.which("mmdebstrap") if os.geteuid() == 0 or _may_become_root() else None


def _may_become_root() -> bool:
    sudo = shutil.which("sudo")
    if sudo is None:
        return False
    return subprocess.run([sudo, "--non-interactive", "true"], check=False, capture_output=True).returncode == 0


def _grafana_schema() -> str | None:
    folder = ROOT / "node_modules"
    found = shutil.which(folder / ".bin" / "ts-json-schema-generator") if shutil.which("node") else None
    return found if (folder / "@grafana" / "schema").is_dir() else None


PROGRAMS = {
    "chromium": Program(
        find=_chromium,
        command="sudo apt-get install --no-install-recommends chromium fonts-dejavu-core fonts-liberation",
    ),
    "postgresql": Program(
        find=_postgresql,
        command="sudo apt-get install --no-install-recommends postgresql",
    ),
    "mariadb": Program(
        find=_mariadb,
        command="sudo apt-get install --no-install-recommends mariadb-server",
    ),
    "mmdebstrap": Program(
        find=_mmdebstrap,
        command="sudo apt-get install --no-install-recommends mmdebstrap, and root or sudo without a password",
    ),
    "nginx": Program(
        find=partial(_daemon, "nginx"),
        command="sudo apt-get install --no-install-recommends nginx-light",
    ),
    "caddy": Program(
        find=partial(shutil.which, "caddy"),
        command="sudo apt-get install --no-install-recommends caddy",
    ),
    "systemd-analyze": Program(
        find=partial(shutil.which, "systemd-analyze"),
        command="sudo apt-get install --no-install-recommends systemd",
    ),
    "prometheus": Program(
        find=partial(shutil.which, "prometheus"),
        command="sudo apt-get install --no-install-recommends prometheus",
    ),
    "promtool": Program(
        find=partial(shutil.which, "promtool"),
        command="sudo apt-get install --no-install-recommends prometheus",
    ),
    "prometheus-alertmanager": Program(
        find=partial(shutil.which, "prometheus-alertmanager"),
        command="sudo apt-get install --no-install-recommends prometheus-alertmanager",
    ),
    "amtool": Program(
        find=partial(shutil.which, "amtool"),
        command="sudo apt-get install --no-install-recommends prometheus-alertmanager",
    ),
    "tsc": Program(
        find=_tsc,
        command="sudo apt-get install --no-install-recommends nodejs npm && scripts/fetch-tsc",
    ),
    "grafana-schema": Program(
        find=_grafana_schema,
        command="sudo apt-get install --no-install-recommends nodejs npm && scripts/fetch-tsc",
    ),
}


def path_of(name: str) -> str:
    """Return the path of a program that the test has asked for with `@pytest.mark.needs(name)`.

    Raises:
        LookupError: it is not on this machine.
    """
    found = PROGRAMS[name].find()
    if found is None:
        raise LookupError(f"{name} is not on this machine; mark the test with @pytest.mark.needs({name!r})")
    return found
