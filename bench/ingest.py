"""How many durable pushes a second of one core buys: HTTP, journal, fold, roll-ups and board together."""

import statistics
import tempfile
from pathlib import Path

from bench.load import send
from bench.pushes import interleaved, request
from bench.service import running

CALLS = 20_000
ROUNDS = 3


def main() -> None:
    """Print the figures of several rounds and their median."""
    requests = [request(body) for body in interleaved(CALLS, 400, seed=1)]
    per_cpu: list[float] = []
    per_second: list[float] = []
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as service:
        send(requests[:3_000], service.port)
        for number in range(ROUNDS):
            round_requests = [request(body) for body in interleaved(CALLS, 400, seed=10 + number)]
            before = service.cpu_seconds()
            report = send(round_requests, service.port, connections=1_000)
            cpu = service.cpu_seconds() - before
            per_cpu.append(report.answered / cpu)
            per_second.append(report.answered / report.seconds)
            print(
                f"round {number + 1}: {report.answered:,} durable pushes in {report.seconds:.2f} s"
                f" ({per_second[-1]:,.0f}/s), {cpu:.2f} CPU s ({per_cpu[-1]:,.0f} per CPU second),"
                f" refused {report.refused}"
            )
    print(f"median: {statistics.median(per_second):,.0f}/s, {statistics.median(per_cpu):,.0f} per CPU second")
