"""Whoever opens the parts, the log tells nothing of people."""

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys
from pathlib import Path
import rich  # with which the library that logs would show the values of variables
import structlog
from calltally.app import existing_parts, open_parts
from calltally.settings import load

settings = load(data=Path(sys.argv[1]), environ={})
open_parts(settings).store.close()
parts = {"open": open_parts, "existing": existing_parts}[sys.argv[2]](settings)
body = "from=" + "49151" + "12345678"
try:
    raise ZeroDivisionError
except ZeroDivisionError:
    structlog.get_logger().exception("batch_split", messages=1)
parts.store.close()
"""


@pytest.mark.parametrize("way", ["open", "existing"])
def test_an_error_told_by_a_command_shows_no_number(tmp_path: Path, way: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path), way], capture_output=True, text=True, check=True
    )
    told = done.stdout + done.stderr
    assert "batch_split" in told
    assert "ZeroDivisionError" in told
    assert "12345678" not in told
