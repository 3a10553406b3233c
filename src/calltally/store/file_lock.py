"""A lock on a file beside the database file, which a killed process lets go of by itself."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from calltally.store.store import StoreError


@contextmanager
def held(file: Path, taken: str) -> Iterator[None]:
    """Hold a lock file, made if it is missing, while the block lasts.

    Args:
        file: the lock file; it stays.
        taken: what to say if another process holds it.

    Raises:
        StoreError: another process holds it, or it cannot be made or locked.
    """
    try:
        import fcntl  # noqa: PLC0415  it does not exist on Windows
    except ImportError:
        yield
        return
    try:
        lock = os.open(file, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as problem:
        raise StoreError(f"the file {file} cannot be made ({problem.strerror or problem})") from problem
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as problem:
            raise StoreError(taken) from problem
        except OSError as problem:
            raise StoreError(f"the file {file} cannot be locked ({problem.strerror or problem})") from problem
        yield
    finally:
        os.close(lock)
