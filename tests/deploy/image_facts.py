"""`python -m tests.deploy.image_facts`: builds the image without a container engine and prints what is true of it.

A program of its own, because it needs root: for mmdebstrap, chroot and namespaces. One JSON object on standard output.
"""

import json
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.deploy.building import Image, build
from tests.programs import ROOT

_RUN_SECONDS: Final = 120
# Its own network with nothing but loopback, a root that is read-only, memory for what may be written.
_ISOLATED: Final = """
set -eu
mount --bind {tree} {tree}
mount -o remount,bind,ro {tree}
mount -t tmpfs -o mode=1777 tmpfs {tree}/tmp
mount -t tmpfs -o mode=0700,uid=10001,gid=10001 tmpfs {tree}/data
mount -t proc proc {tree}/proc
{python} -c {loopback_up}
{serve} 1>&2 &
service=$!
healthy=1
for attempt in $(seq 1 100); do
    if {healthcheck} 2>/dev/null; then healthy=0; break; fi
    if ! kill -0 $service; then break; fi
    sleep 0.2
done
kill -TERM $service || true
ended=0
wait $service || ended=$?
after=0
{healthcheck} 2>/dev/null || after=$?
written=$({list_data} | tr '\\n' ' ')
echo "$healthy $ended $after $written"
"""
_LOOPBACK_UP: Final = """
import fcntl, socket, struct
with socket.socket() as any_socket:
    fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh", b"lo", 1 | 0x40))
"""


def served(image: Image) -> dict[str, object]:
    """Start the service as an engine would, ask for its health, end it, and return how all of this went."""
    script = _ISOLATED.format(
        tree=shlex.quote(str(image.tree)),
        python=shlex.quote(sys.executable),
        loopback_up=shlex.quote(_LOOPBACK_UP),
        serve=shlex.join(
            image.entered(*image.entrypoint, *image.command, env={"CALLTALLY_SERVER__PUBLISHED_AT": "127.0.0.1"})
        ),
        healthcheck=shlex.join(image.entered(*image.healthcheck)),
        list_data=shlex.join(image.entered("ls", "/data")),
    )
    isolated = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "sh", "-c", script]
    done = subprocess.run(isolated, capture_output=True, text=True, timeout=_RUN_SECONDS, check=False)
    if done.returncode:
        return {"failed": done.stdout + done.stderr}
    healthy, ended, after, *written = done.stdout.split()
    return {
        "healthy": int(healthy) == 0,
        "exit_status": int(ended),
        "healthy_afterwards": int(after) == 0,
        "data": written,
        "said": done.stderr,
    }


def facts(image: Image) -> dict[str, object]:
    """Return what is true of an image."""
    unguarded = image.run(*image.entrypoint, *image.command)
    tree = Path(f"{image.tree}/opt/calltally")
    return {
        "python": image.run("python", "--version").stdout.strip(),
        "version": image.run(*image.entrypoint, "--version").stdout.strip(),
        "uid": image.run("id", "--user").stdout.strip(),
        "has_pip": image.run("python", "-m", "pip", "--version").returncode == 0,
        "may_write": [name for name in ("/", "/opt/calltally", "/usr") if _may_write(image, name)],
        "unguarded_status": unguarded.returncode,
        "unguarded_said": unguarded.stderr,
        "simulator_status": image.run("python", "-m", "calltally.demo.posting").returncode,
        "is_compiled": any((tree / "lib").glob("python*/site-packages/calltally/__pycache__/*.pyc")),
        "megabytes": sum(path.lstat().st_size for path in tree.rglob("*")) // 1_000_000,
        "served": served(image),
    }


def _may_write(image: Image, folder: str) -> bool:
    return image.run("touch", f"{folder}/written").returncode == 0


def main() -> None:
    """Build and print."""
    os.umask(0o022)
    with tempfile.TemporaryDirectory(prefix="calltally-image-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # the image's user must be able to enter its tree
        found = facts(build((ROOT / "Dockerfile").read_text(encoding="utf-8"), folder))
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
