"""The Statistics page with all its panels at one million calls, through HTTP, and the memory of the service at rest."""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import quote
from urllib.request import urlopen

from bench.million import CALLS, SETTINGS, filled
from bench.servers import add_arguments
from bench.service import running
from calltally.demo.company import TEAMS

METRICS = (
    "calls",
    "inbound_calls",
    "outbound_calls",
    "internal_calls",
    "answered_inbound_calls",
    "unanswered_inbound_calls",
    "answered_outbound_calls",
    "unanswered_outbound_calls",
    "answer_rate",
    "outbound_answer_rate",
    "asa",
    "average_talk_time",
    "voicemail_calls",
    "voicemail_share",
)
PAGES = (
    ("Statistics, 30 days by day", "/statistics?span=30d&unit=day"),
    ("Statistics, 30 days by hour", "/statistics?span=30d&unit=hour"),
    ("Statistics, 365 days by day", "/statistics?span=365d&unit=day"),
    ("Statistics, 365 days by week, one team", f"/statistics?span=365d&unit=week&team={quote(TEAMS[0][0])}"),
    ("Live", "/"),
    ("Calls, newest", "/calls"),
    ("Calls, longest wait of 365 days", "/calls?span=365d&order=longest_wait"),
    (
        f"API, {len(METRICS)} metrics by hour over 30 days",
        f"/api/v1/query?metrics={','.join(METRICS)}&since=-30d&every=1h",
    ),
)
ROUNDS = 5


def _took(url: str) -> tuple[float, int]:
    began = time.perf_counter()
    with urlopen(url, timeout=120) as answer:  # noqa: S310  an address of ours
        size = len(answer.read())
    return time.perf_counter() - began, size


def main() -> None:
    """Print first and middle times of each page, and the memory before and after."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_arguments(parser)
    parser.add_argument("--calls", type=int, default=CALLS)
    arguments = parser.parse_args(sys.argv[2:])
    with tempfile.TemporaryDirectory() as folder:
        data = arguments.data or Path(folder)
        with (
            filled(arguments.database, data, arguments.calls) as database,
            running(data, database.settings(SETTINGS)) as service,
        ):
            time.sleep(5)
            print(f"memory at rest: {service.resident_mb():.0f} MB")
            for name, path in PAGES:
                times = [_took(service.url + path) for _ in range(ROUNDS)]
                cold, size = times[0]
                middle = statistics.median(seconds for seconds, _ in times)
                print(f"{name}: first {cold * 1000:.0f} ms, median {middle * 1000:.0f} ms, {size / 1024:.0f} KiB")
            print(f"memory after: {service.resident_mb():.0f} MB")
