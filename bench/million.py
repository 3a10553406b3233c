"""A database of one million calls in one year, made once and kept for the measurements that need it.

It is made in SQLite, and moved from there to a database server where one is asked for.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.servers import Place, add_arguments, place
from calltally.app import clock_us, open_parts
from calltally.app.moving import Moved, move_database
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


@contextmanager
def filled(kind: str, data: Path, calls: int = CALLS) -> Iterator[Place]:
    """Give a database of a kind with these calls; what was made in this folder before is used again."""
    data = data.absolute()
    build(data, calls)
    with place(kind, data) as database:
        done = data / f"moved-to-{kind}"
        if kind != "sqlite" and not done.exists():
            moved(f"sqlite:///{data / 'calltally.db'}", database)
            done.write_text("yes")
        yield database


def moved(source: str, target: Place) -> Moved:
    """Move a database, and print what it cost."""
    began, cpu, server = time.monotonic(), time.process_time(), target.cpu_seconds()
    result = move_database(source, target.url, while_serving=False, tell=lambda _done, _of, _said: None)
    rows = sum(result.rows.values())
    seconds = time.monotonic() - began
    print(
        f"moved to {target.kind}: {rows:,} rows of {result.rows['calls']:,} calls in {seconds:.0f} s"
        f" ({rows / seconds:,.0f} rows/s, proof included), {time.process_time() - cpu:.0f} CPU s"
        f" and {target.cpu_seconds() - server:.0f} of the server",
        flush=True,
    )
    return result


def main() -> None:
    """Make the database, and say where it is."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_arguments(parser)
    parser.add_argument("--calls", type=int, default=CALLS)
    arguments = parser.parse_args(sys.argv[2:])
    with (
        tempfile.TemporaryDirectory() as folder,
        filled(arguments.database, arguments.data or Path(folder), arguments.calls) as database,
    ):
        print(f"{database.kind} is filled")
