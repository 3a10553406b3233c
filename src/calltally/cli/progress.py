"""Tells how far long work is: a bar on a terminal, now and then a plain line elsewhere. Always on standard error."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

_SECONDS_BETWEEN_LINES = 10.0

Tell = Callable[[int, int | None, str], None]
"""Takes how much is done, of how much in all (`None` if that is not known), and what to say beside it."""


@contextmanager
def progress(title: str) -> Iterator[Tell]:
    """Show progress until the block ends."""
    if not sys.stderr.isatty():
        yield _lines(title)
        return
    from rich.console import Console  # noqa: PLC0415  slow to load, and for terminals only
    from rich.progress import (  # noqa: PLC0415  the same
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.fields[said]}"), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None, said="")

        def tell(done: int, total: int | None, said: str) -> None:
            bar.update(task, completed=done, total=total, said=said)

        yield tell


def _lines(title: str) -> Tell:
    told_at = monotonic()

    def tell(done: int, total: int | None, said: str) -> None:
        nonlocal told_at
        if monotonic() - told_at < _SECONDS_BETWEEN_LINES:
            return
        told_at = monotonic()
        share = f" {100 * done // total} %" if total else ""
        sys.stderr.write(f"{title}{share}: {said}\n")

    return tell
