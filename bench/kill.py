"""Ends the service with `kill -9` at random moments under load; counts what is lost and what is there twice."""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from bench.load import Report, send
from bench.pushes import interleaved, request
from bench.service import free_port, start

CALLS_A_ROUND = 2_500
READY_BAR_SECONDS = 2.0


def _exported(data: Path) -> Counter[str]:
    command = [sys.executable, "-m", "calltally", "messages", "export", "--data", str(data)]
    bodies: Counter[str] = Counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as export:
        for line in export.stdout or ():
            bodies[json.loads(line)["body"]] += 1
    return bodies


def _run(command: str, data: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "calltally", command, "--data", str(data)], capture_output=True, text=True, check=False
    )
    return f"exit {done.returncode}: {(done.stdout + done.stderr).strip().splitlines()[-1]}"


def main() -> None:
    """Kill as often as asked, then compare; exits 1 if anything is lost or doubled or too late."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args(sys.argv[2:])
    chance = random.Random(arguments.seed)  # noqa: S311  not for secrets
    acknowledged: list[str] = []
    ready: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        data, port = Path(folder), free_port()
        for number in range(arguments.times):
            bodies = list(interleaved(CALLS_A_ROUND, 200, seed=1_000 + number))
            service, seconds = start(data, port)
            ready.append(seconds)
            reports: list[Report] = []
            requests = [request(body) for body in bodies]
            sending = threading.Thread(target=lambda: reports.append(send(requests, port, deadline=20)))  # noqa: B023
            sending.start()
            time.sleep(chance.uniform(0.02, 0.6))
            service.kill()
            sending.join()
            acknowledged += [bodies[place].decode() for place in reports[0].acknowledged]
            print(f"{number + 1}: ready after {seconds:.2f} s, {len(reports[0].acknowledged)} acknowledged")
        service, seconds = start(data, port)
        ready.append(seconds)
        service.stop()
        stored = _exported(data)
        verified = _run("verify", data)
    lost = sum(1 for body in acknowledged if stored[body] == 0)
    doubled = sum(1 for count in stored.values() if count > 1)
    print(
        f"kills {arguments.times}, acknowledged {len(acknowledged):,}, stored {sum(stored.values()):,},"
        f" lost {lost}, doubled {doubled}, slowest start {max(ready):.2f} s, verify {verified}"
    )
    sys.exit(1 if lost or doubled or max(ready) > READY_BAR_SECONDS or not verified.startswith("exit 0") else 0)
