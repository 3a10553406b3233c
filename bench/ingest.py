"""How many durable pushes a second of one core buys: HTTP, journal, fold, roll-ups and board together.

The service's own processor time counts; what a database server uses besides is said separately. Where two processors
are the two threads of one core, each runs slower while the other works, so a second of processor time says less than a
second of a core; `--one-core` has sender and service share one processor, so that its neighbour is free.
"""

import argparse
import os
import statistics
import sys
import tempfile
from pathlib import Path

from bench.load import send
from bench.pushes import interleaved, request
from bench.servers import add_arguments, place
from bench.service import OPEN_SIPGATE, running

CALLS = 20_000
ROUNDS = 3


def main() -> None:
    """Print the figures of several rounds and their median."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_arguments(parser)
    parser.add_argument("--calls", type=int, default=CALLS, help="in each round; a call is three pushes")
    parser.add_argument("--one-core", action="store_true", help="sender and service share one processor")
    arguments = parser.parse_args(sys.argv[2:])
    if arguments.one_core:
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    requests = [request(body) for body in interleaved(max(arguments.calls // 20, 1), 400, seed=1)]
    per_cpu: list[float] = []
    per_second: list[float] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        place(arguments.database, arguments.data or Path(folder)) as database,
        running(Path(folder) / "service", database.settings(OPEN_SIPGATE)) as service,
    ):
        send(requests, service.port)
        for number in range(ROUNDS):
            round_requests = [request(body) for body in interleaved(arguments.calls, 400, seed=10 + number)]
            before, server_before = service.cpu_seconds(), database.cpu_seconds()
            report = send(round_requests, service.port, connections=1_000)
            cpu = service.cpu_seconds() - before
            server = database.cpu_seconds() - server_before
            per_cpu.append(report.answered / cpu)
            per_second.append(report.answered / report.seconds)
            print(
                f"round {number + 1}: {report.answered:,} durable pushes in {report.seconds:.2f} s"
                f" ({per_second[-1]:,.0f}/s), {cpu:.2f} CPU s ({per_cpu[-1]:,.0f} per CPU second)"
                + (f" and {server:.2f} CPU s of the server" if database.pid else "")
                + f", refused {report.refused}"
            )
    print(f"median: {statistics.median(per_second):,.0f}/s, {statistics.median(per_cpu):,.0f} per CPU second")
