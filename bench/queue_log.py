"""Lines of a queue_log imported per second, by the command, into an empty database."""

import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from calltally.app import clock_us
from calltally.demo.history import Plan, history

CALLS = 400_000
"""Of which a tenth goes through the queues' log."""


def _write(file: Path) -> int:
    plan = Plan(calls=CALLS, days=120, until_ms=clock_us() // 1000, seed=5)
    lines = [
        (message.received_at_us, message.body)
        for day in history(plan)
        for message in day.messages
        if message.source == "asterisk"
    ]
    lines.sort()
    file.write_bytes(b"".join(body + b"\n" for _, body in lines))
    return len(lines)


def main() -> None:
    """Import once, import again, and print what the command says."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "queue_log"
        count = _write(log)
        for turn in ("first", "again"):
            began = time.monotonic()
            done = subprocess.run(
                [
                    sys.executable,
                    "-m",
                    "calltally",
                    "queue-log",
                    "import",
                    str(log),
                    "--data",
                    str(Path(folder) / "data"),
                ],
                capture_output=True,
                text=True,
                check=True,
            )
            seconds = time.monotonic() - began
            said = re.sub(r"\s+", " ", done.stdout + done.stderr).strip()
            print(f"{turn}: {count:,} lines in {seconds:.1f} s, {count / seconds:,.0f} lines/s; {said[-200:]}")
