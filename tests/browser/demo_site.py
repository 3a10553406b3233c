"""The data folder of a small demo: a made-up company, its teams and groups, and some weeks of calls until now."""

import time
from pathlib import Path

from calltally.app import clock_us, open_parts
from calltally.demo.folder import prepare
from calltally.demo.history import Plan, history, in_batches
from calltally.demo.loading import save_names
from calltally.model.directory import Directory
from calltally.model.messages import RawMessage
from calltally.settings import load

DAYS = 40
CALLS = 4_000
_BATCH = 2_000


def fill_demo(folder: Path) -> None:
    """Make the folder of a demo and load its history."""
    plan = prepare(folder, Plan(calls=CALLS, days=DAYS, until_ms=clock_us() // 1000, seed=11))
    parts = open_parts(load(data=folder, environ={}))
    try:
        save_names(parts.store)
        ingest = parts.ingest()
        for batch in in_batches(history(plan), _BATCH):
            ingest.apply(batch)
    finally:
        parts.store.close()


def fill(folder: Path, directory: Directory, bodies: list[tuple[float, str]]) -> None:
    """Load groups and users, and pushes of sipgate, each so many minutes before now, into a folder with settings."""
    parts = open_parts(load(data=folder, environ={}))
    now_us = time.time_ns() // 1000
    try:
        with parts.store.write() as transaction:
            transaction.save_directory(directory)
        parts.ingest().apply(
            [
                RawMessage(
                    source="sipgate",
                    received_at_us=now_us - round(minutes * 60_000_000),
                    headers={},
                    body=body.encode(),
                )
                for minutes, body in bodies
            ]
        )
    finally:
        parts.store.close()
