"""The real service in a process of its own, as an operator starts it: for tests of sockets, signals or limits."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from calltally.model.messages import RawMessage
from calltally.store.open import open_store

READY_SECONDS = 30
ENDED_SECONDS = 20
ZONE = "Europe/Berlin"
FORM = "application/x-www-form-urlencoded"
SETTINGS = f"""
[site]
name = "Nordlicht"
time_zone = "{ZONE}"
country = "DE"
[sources.sipgate]
check_signature = false
"""


@dataclass(slots=True, kw_only=True)
class Service:
    """A running service. `said` grows with what it writes to standard output and error, line by line.

    `is_killed`: a test has ended it by force, so nothing is asked of its end.
    """

    host: str
    port: int
    data: Path
    process: subprocess.Popen[str]
    said: list[str] = field(default_factory=list)
    ready: threading.Event = field(default_factory=threading.Event)
    is_killed: bool = False

    @property
    def url(self) -> str:
        """The address, without a slash at its end."""
        return f"http://{self.host}:{self.port}"

    def client(self) -> httpx2.Client:
        """Return an HTTP client of this service, to be closed."""
        return httpx2.Client(base_url=self.url, timeout=30)

    def connect(self, seconds: float = 10) -> socket.socket:
        """Return a plain connection whose calls give up after some seconds."""
        return socket.create_connection((self.host, self.port), timeout=seconds)

    def journal(self, since_us: int | None = None) -> list[RawMessage]:
        """Return the messages in the journal, in the order of receipt, read by another process than the service."""
        store = open_store(str(self.data / "calltally.db"), zone=ZONE)
        with closing(store):
            return [entry.message for entry in store.journal(since_us=since_us, until_us=None, source=None)]

    def bodies(self, since_us: int | None = None) -> Counter[bytes]:
        """Return how often each body is in the journal."""
        return Counter(message.body for message in self.journal(since_us))

    def listen(self) -> None:
        """Read what the service says until it ends."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line)
            if "calltally serves at" in line:
                self.ready.set()
        self.ready.set()

    def stop(self) -> None:
        """End it by SIGTERM; it must be gone in time, with status 0 and without a traceback in what it said."""
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(ENDED_SECONDS)
        assert status == 0, "".join(self.said)
        assert not [line for line in self.said if "Traceback" in line], "".join(self.said)

    def kill(self) -> None:
        """End it by force, as a crash of the machine would."""
        self.is_killed = True
        self.process.kill()
        self.process.wait(ENDED_SECONDS)


def free_port() -> int:
    """Return a port on which nobody listens at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def environment() -> dict[str, str]:
    """Return the variables of this process without those that calltally heeds."""
    return {name: value for name, value in os.environ.items() if not name.startswith("CALLTALLY_")}


@contextmanager
def running_service(data: Path, settings: str = SETTINGS, *, port: int | None = None) -> Iterator[Service]:
    """Run the service on a data folder, at a free port if none is named, until the block ends; it must end well."""
    data.mkdir(exist_ok=True)
    (data / "calltally.toml").write_text(settings, encoding="utf-8")
    port = port or free_port()
    arguments = ["serve", "--data", str(data), "--listen", f"127.0.0.1:{port}"]
    with subprocess.Popen(
        [sys.executable, "-m", "calltally", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env={**environment(), "PYTHONUNBUFFERED": "1"},
    ) as process:
        service = Service(host="127.0.0.1", port=port, data=data, process=process)
        listener = threading.Thread(target=service.listen, daemon=True)
        listener.start()
        try:
            assert service.ready.wait(READY_SECONDS), "".join(service.said)
            with service.client() as http:
                assert http.get("/readyz").status_code == 200, "".join(service.said)
            yield service
            if not service.is_killed:
                service.stop()
        finally:
            process.kill()
            listener.join()
