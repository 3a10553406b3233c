"""What commands say and where an export goes: a file, whole or not at all, or standard output."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from stat import S_IMODE
from typing import Annotated

import typer

Output = Annotated[str, typer.Option("--output", "-o", metavar="FILE|-", help="Where to write; - is standard output.")]


def counted(count: int, word: str) -> str:
    """Return a count with its word, `1 call`, `2 calls`."""
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def written(output: str, lines: Iterable[bytes]) -> None:
    """Write lines; a file appears under its name when it is complete. One that it replaces passes its mode on.

    Raises:
        OSError: it cannot be written.
    """
    if output == "-":
        try:
            for line in lines:
                sys.stdout.buffer.write(line)
            sys.stdout.buffer.flush()
        except BrokenPipeError:  # whoever reads has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return
    target = Path(output)
    if target.exists() and not target.is_file():  # a pipe or a device is written as it is
        with target.open("wb") as stream:
            stream.writelines(lines)
        return
    draft = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        with draft.open("wb") as stream:
            stream.writelines(lines)
        if target.exists():
            draft.chmod(S_IMODE(target.stat().st_mode))
        draft.replace(target)
    except OSError as problem:  # of a file that the person here has named
        raise OSError(problem.errno, problem.strerror, output) from problem
    finally:
        draft.unlink(missing_ok=True)
