"""A database of one million calls in one year, made once and kept for the measurements that need it."""

import sys
import time
from pathlib import Path

from calltally.app import clock_us, open_parts
from calltally.demo.company import directory, teams_file
from calltally.demo.history import Plan, history, in_batches
from calltally.engine.teams import FILE_NAME
from calltally.settings import load

CALLS = 1_000_000
DAYS = 365
BATCH = 5_000
SETTINGS = """\
[site]
name = "Bench"
time_zone = "Europe/Berlin"

[sources.sipgate]
check_signature = false
"""


def build(data: Path, calls: int = CALLS) -> None:
    """Fill a data folder; a folder that is filled already is left alone."""
    done = data / "filled"
    if done.exists():
        return
    data.mkdir(parents=True, exist_ok=True)
    (data / "calltally.toml").write_text(SETTINGS)
    (data / FILE_NAME).write_text(teams_file())
    parts = open_parts(load(data=data, environ={}))
    ingest = parts.ingest()
    with parts.store.write() as transaction:
        transaction.save_directory(directory())
    plan = Plan(calls=calls, days=DAYS, until_ms=clock_us() // 1000, seed=11, zone="Europe/Berlin")
    began, cpu, count = time.monotonic(), time.process_time(), 0
    for batch in in_batches(history(plan), BATCH):
        ingest.apply(batch)
        count += len(batch)
        if count % (BATCH * 40) < BATCH:
            print(f"  {count:,} messages, {count / (time.process_time() - cpu):,.0f} per CPU second", flush=True)
    parts.store.close()
    done.write_text("yes")
    print(f"{count:,} messages in {time.monotonic() - began:.0f} s, {time.process_time() - cpu:.0f} CPU s")


if __name__ == "__main__":
    build(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else CALLS)  # noqa: PLR2004  program, folder, calls
