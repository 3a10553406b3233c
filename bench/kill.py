"""Ends the service with `kill -9` at random moments under load; counts what is lost and what is there twice.

With several processes on one database server the pushes of each call go to all of them in turn, and one of them, drawn
by chance, is killed in each round.
"""

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.load import Report, send
from bench.pushes import interleaved, request
from bench.servers import Place, add_arguments, place
from bench.service import OPEN_SIPGATE, Service, free_port, start

CALLS_A_ROUND = 2_500
READY_BAR_SECONDS = 2.0


@dataclass(slots=True, kw_only=True)
class Running:
    """The processes of a measurement, and what came of it so far."""

    folders: Sequence[Path]
    settings: str
    ports: Sequence[int] = ()
    services: dict[int, Service] = field(default_factory=dict)
    ready: list[float] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)

    def start_missing(self) -> None:
        """Start every process that does not run."""
        for number, folder in enumerate(self.folders):
            if number not in self.services:
                self.services[number], seconds = start(folder, self.ports[number], self.settings)
                self.ready.append(seconds)

    def round(self, seed: int, chance: random.Random) -> str:
        """Send pushes to all processes, kill one of them meanwhile, and say what came back."""
        self.start_missing()
        bodies = list(interleaved(CALLS_A_ROUND, 200, seed=seed))
        shares = [bodies[number :: len(self.folders)] for number in range(len(self.folders))]
        reports: dict[int, Report] = {}
        sending = [
            threading.Thread(target=self._send, args=(number, share, reports)) for number, share in enumerate(shares)
        ]
        for thread in sending:
            thread.start()
        time.sleep(chance.uniform(0.02, 1.5))
        killed = chance.randrange(len(self.folders))
        self.services.pop(killed).kill()
        for thread in sending:
            thread.join()
        for number, report in reports.items():
            self.acknowledged += [shares[number][at].decode() for at in report.acknowledged]
        return ", ".join(str(len(reports[number].acknowledged)) for number in sorted(reports))

    def _send(self, number: int, bodies: Sequence[bytes], reports: dict[int, Report]) -> None:
        reports[number] = send([request(body) for body in bodies], self.ports[number], deadline=20)

    def stop(self) -> None:
        """Start what was killed once more, and end everything in order."""
        self.start_missing()
        for service in self.services.values():
            service.stop()


def _output(data: Path, *command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "calltally", *command, "--data", str(data)], capture_output=True, text=True, check=True
    )
    return done.stdout


def _verified(data: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "calltally", "verify", "--data", str(data)], capture_output=True, text=True, check=False
    )
    return f"exit {done.returncode}: {(done.stdout + done.stderr).strip().splitlines()[-1]}"


def main() -> None:
    """Kill as often as asked, then compare; exits 1 if anything is lost, doubled, wrong or too late."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_arguments(parser)
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--processes", type=int, default=1, help="on one database server")
    arguments = parser.parse_args(sys.argv[2:])
    if arguments.processes > 1 and arguments.database == "sqlite":
        parser.error("several processes need a database server")
    with (
        tempfile.TemporaryDirectory() as folder,
        place(arguments.database, arguments.data or Path(folder)) as database,
    ):
        sys.exit(_measure(arguments, Path(folder), database))


def _measure(arguments: argparse.Namespace, folder: Path, database: Place) -> int:
    chance = random.Random(arguments.seed)  # noqa: S311  not for secrets
    folders = [folder / f"service{number}" for number in range(arguments.processes)]
    running = Running(folders=folders, settings=database.settings(OPEN_SIPGATE), ports=[free_port() for _ in folders])
    for number in range(arguments.times):
        told = running.round(1_000 + number, chance)
        print(f"{number + 1}: slowest start so far {max(running.ready):.2f} s, acknowledged {told}", flush=True)
    running.stop()
    data = folders[0]
    stored = Counter(json.loads(line)["body"] for line in _output(data, "messages", "export").splitlines())
    verified = _verified(data)
    calls = _output(data, "calls", "export")
    _output(data, "rebuild")
    is_same = _output(data, "calls", "export") == calls
    lost = sum(1 for body in running.acknowledged if stored[body] == 0)
    doubled = sum(1 for count in stored.values() if count > 1)
    usual, slowest = statistics.median(running.ready), max(running.ready)
    print(
        f"kills {arguments.times} of {arguments.processes}, acknowledged {len(running.acknowledged):,},"
        f" stored {sum(stored.values()):,}, lost {lost}, doubled {doubled},"
        f" starts {usual:.2f} s, the slowest {slowest:.2f} s,"
        f" verify {verified}, a rebuild gives {'the same calls' if is_same else 'OTHER CALLS'}"
    )
    return (
        1 if lost or doubled or slowest > READY_BAR_SECONDS or not verified.startswith("exit 0") or not is_same else 0
    )
