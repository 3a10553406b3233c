"""Starts the real service in a process of its own, and reads what it costs."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

TICKS = os.sysconf("SC_CLK_TCK")
READY_SECONDS = 30.0

OPEN_SIPGATE = """\
[site]
name = "Bench"
time_zone = "Europe/Berlin"

[sources.sipgate]
check_signature = false
"""


@dataclass(frozen=True, slots=True)
class Service:
    """A running service."""

    process: subprocess.Popen[bytes]
    port: int
    data: Path

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def cpu_seconds(self) -> float:
        """Return the processor time used so far by all its threads."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def resident_mb(self) -> float:
        """Return the memory that belongs to it alone and shared pages it uses, in MB (VmRSS)."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        return 0.0

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """End it politely."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=30)


def free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(data: Path, port: int, settings: str = OPEN_SIPGATE) -> tuple[Service, float]:
    """Start the service on a data folder; return it and the seconds until it was ready."""
    data.mkdir(parents=True, exist_ok=True)
    (data / "calltally.toml").write_text(settings)
    began = time.monotonic()
    log = (data / "service.log").open("ab")
    # As in an installation, which holds what Python compiles: without that each start would compile all of calltally.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    process = subprocess.Popen(
        [sys.executable, "-m", "calltally", "serve", "--data", str(data), "--listen", f"127.0.0.1:{port}"],
        stdout=log,
        stderr=log,
        env=environment,
    )
    log.close()
    service = Service(process, port, data)
    wait_ready(service, began)
    return service, time.monotonic() - began


def wait_ready(service: Service, began: float) -> None:
    """Return when the service says that it is ready."""
    while time.monotonic() - began < READY_SECONDS:
        if service.process.poll() is not None:
            raise RuntimeError(f"the service ended at once:\n{(service.data / 'service.log').read_text()[-2000:]}")
        try:
            with urlopen(f"{service.url}/readyz", timeout=1) as answer:  # noqa: S310  an address of ours
                if answer.status == 200:  # noqa: PLR2004  OK
                    return
        except (URLError, OSError):
            time.sleep(0.01)
    raise RuntimeError("the service did not become ready")


@contextmanager
def running(data: Path, settings: str = OPEN_SIPGATE) -> Iterator[Service]:
    """Give a running service, and stop it at the end."""
    service, _ = start(data, free_port(), settings)
    try:
        yield service
    finally:
        service.stop()
