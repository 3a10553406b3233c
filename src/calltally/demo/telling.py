"""Says how far the history is: a bar on a terminal, now and then a plain line elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from calltally.demo.loading import DONE, Progress

_PERCENT_BETWEEN_LINES = 5


@contextmanager
def told_to(stream: TextIO) -> Iterator[Callable[[Progress], None]]:
    """Give what tells a stream of progress until the block ends."""
    console = Console(file=stream)
    if not console.is_terminal:
        yield _lines(stream)
        return
    columns = (TextColumn("history"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    bar = Bar(*columns, TextColumn("{task.fields[said]}"), console=console, transient=True)
    with bar:
        task = bar.add_task("history", total=DONE, said="")

        def tell(progress: Progress) -> None:
            said = f"back to {progress.back_to}" if progress.back_to else ""
            bar.update(task, completed=progress.percent, said=said)

        yield tell
    if bar.finished:
        console.print("history loaded")


def _lines(stream: TextIO) -> Callable[[Progress], None]:
    told = -_PERCENT_BETWEEN_LINES

    def tell(progress: Progress) -> None:
        nonlocal told
        if progress.percent >= told + _PERCENT_BETWEEN_LINES or progress.percent == DONE > told:
            told = progress.percent
            stream.write(progress.text + "\n")
            stream.flush()

    return tell
