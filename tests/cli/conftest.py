"""How tests call the command line: as a person or script does, in a data folder that is not there yet."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from calltally.cli.main import run

Ended = tuple[int, str, str]
"""The exit status, standard output, standard error."""

Called = Callable[..., Ended]
"""Takes the arguments, and as `given` what stands on standard input."""


class Standard:
    """Standard input with some bytes in it."""

    def __init__(self, content: bytes) -> None:
        self.buffer = io.BytesIO(content)

    def isatty(self) -> bool:
        """Return that no person sits here."""
        return False

    def readline(self) -> str:
        """Return the next line as text."""
        return self.buffer.readline().decode()


@pytest.fixture
def called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Called:
    monkeypatch.setenv("CALLTALLY_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("CALLTALLY_CONFIG", "")

    def call(*arguments: str, given: str = "") -> Ended:
        monkeypatch.setattr("sys.stdin", Standard(given.encode()))
        with pytest.raises(SystemExit) as ended:
            run(arguments)
        out, err = capfdbinary.readouterr()
        status = ended.value.code
        return (status if isinstance(status, int) else 0, out.decode(), err.decode())

    return call
