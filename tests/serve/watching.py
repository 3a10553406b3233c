"""A real Prometheus and a real Alertmanager on loopback, and the receiver that alerts are delivered to."""

import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Final, cast

import httpx2

from tests.programs import path_of
from tests.running import environment, free_port

PATIENCE_SECONDS: Final = 60
ASK_SECONDS: Final = 0.1

Alert = Mapping[str, object]


def until(ask: Callable[[], bool], what: str) -> None:
    """Ask again and again until it is so.

    Raises:
        AssertionError: it was not so in time.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not ask():
        assert time.monotonic() < deadline, f"{what} did not happen"
        time.sleep(ASK_SECONDS)


@dataclass(slots=True)
class Receiver:
    """What a person's chat would be: takes the webhooks of Alertmanager."""

    url: str
    alerts: "SimpleQueue[Alert]" = field(default_factory=SimpleQueue)

    def next_of(self, name: str, status: str) -> Alert:
        """Return the next alert of a name and status; others are passed over."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        heard: list[object] = []
        while True:
            try:
                alert = self.alerts.get(timeout=max(0.0, deadline - time.monotonic()))
            except Empty:
                raise AssertionError(f"{name} was not heard, but {heard}") from None
            labels = cast("Mapping[str, str]", alert["labels"])
            heard.append((labels["alertname"], alert["status"]))
            if heard[-1] == (name, status):
                return alert


@contextmanager
def receiver() -> Iterator[Receiver]:
    """Give a receiver that listens."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            for alert in json.loads(self.rfile.read(length))["alerts"]:
                heard.alerts.put(alert)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        heard = Receiver(f"http://127.0.0.1:{server.server_port}/")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield heard
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def _program(name: str, arguments: Sequence[str], url: str, folder: Path) -> Iterator[None]:
    """Run a server until the block ends, from when it is ready."""
    said = folder / f"{name}.log"
    with said.open("wb") as stream:
        process = subprocess.Popen(
            [path_of(name), *arguments], cwd=folder, stdout=stream, stderr=subprocess.STDOUT, env=environment()
        )
    try:
        until(lambda: process.poll() is not None or _is_ready(url), f"{name} is ready")
        assert process.poll() is None, said.read_text()
        yield
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _is_ready(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/-/ready", timeout=5).status_code == 200
    except httpx2.TransportError:
        return False


@dataclass(frozen=True, slots=True)
class Watcher:
    """A running Prometheus."""

    url: str

    def ask(self, query: str) -> list[float]:
        """Return the values of an instant query."""
        answer = httpx2.get(f"{self.url}/api/v1/query", params={"query": query}, timeout=PATIENCE_SECONDS).json()
        assert answer["status"] == "success", answer
        return [float(result["value"][1]) for result in answer["data"]["result"]]


@contextmanager
def alertmanager(folder: Path, port: int) -> Iterator[None]:
    """Run Alertmanager with the file `alertmanager.yml` of a folder."""
    arguments = [
        "--config.file=alertmanager.yml",
        "--storage.path=alerts",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    with _program("prometheus-alertmanager", arguments, f"http://127.0.0.1:{port}", folder):
        yield


@contextmanager
def prometheus(folder: Path) -> Iterator[Watcher]:
    """Run Prometheus with the file `prometheus.yml` of a folder."""
    port = free_port()
    arguments = [
        "--config.file=prometheus.yml",
        "--storage.tsdb.path=series",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    ]
    with _program("prometheus", arguments, f"http://127.0.0.1:{port}", folder):
        yield Watcher(f"http://127.0.0.1:{port}")
