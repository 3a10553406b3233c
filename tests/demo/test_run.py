"""The demo as a person starts it: it says its address, fills its folder, and leaves nothing behind."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

COMMAND = (
    "import sys; from pathlib import Path; from calltally.demo.run import start;"
    " sys.exit(start(data=Path(sys.argv[2]) if len(sys.argv) > 2 else None, listen=sys.argv[1],"
    " calls=300, days=6, seed=1, live=True))"
)
ENDED_SECONDS = 20


@contextmanager
def demo(tmp_path: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Start a demo whose throw-away folder lies in `tmp_path`."""
    environ = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", COMMAND, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environ,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def lines_until(process: subprocess.Popen[str], word: str) -> list[str]:
    """Return what a process says up to the first line with a word in it."""
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if word in line:
            return lines
    pytest.fail(f"ended without saying {word!r}: {''.join(lines)}")


def address_in(lines: list[str]) -> str:
    return lines[-1].split("demo: ")[1].strip()


def test_it_says_its_address_loads_its_history_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with demo(tmp_path, "127.0.0.1:0") as process:
        address = address_in(lines_until(process, "calltally demo: "))
        assert len(list(tmp_path.glob("calltally-demo-*"))) == 1
        with urlopen(f"{address}readyz") as answer:  # noqa: S310  our own address
            assert answer.status == 200
        lines_until(process, "history 100 %")
        process.terminate()
        rest, _ = process.communicate(timeout=ENDED_SECONDS)
        assert process.returncode == 0, rest
        assert "Traceback" not in rest
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_it_also_ends_in_the_middle_and_when_its_terminal_is_closed(tmp_path: Path, number: int) -> None:
    with demo(tmp_path, "127.0.0.1:0") as process:
        lines_until(process, "calltally demo: ")
        process.send_signal(number)
        rest, _ = process.communicate(timeout=ENDED_SECONDS)
        assert process.returncode == 0, rest
        assert "Traceback" not in rest
    assert list(tmp_path.iterdir()) == []


def test_a_named_folder_is_kept_and_gone_on_with(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    for _ in range(2):
        with demo(tmp_path, "127.0.0.1:0", str(folder)) as process:
            lines_until(process, "history 100 %")
            process.terminate()
            process.communicate(timeout=ENDED_SECONDS)
            assert process.returncode == 0
    assert {"calltally.db", "calltally.toml", "demo.json", "teams.json"} <= {path.name for path in folder.iterdir()}
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_the_second_process_ends_also_if_the_first_is_killed(tmp_path: Path) -> None:
    with demo(tmp_path, "127.0.0.1:0") as process:
        lines_until(process, "history 100 %")
        process.kill()
        # The pipe ends when its last writer does, and the second process is one.
        process.communicate(timeout=ENDED_SECONDS)


def test_a_taken_port_is_a_sentence_with_the_way_out(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        with demo(tmp_path, taken) as process:
            said, _ = process.communicate(timeout=ENDED_SECONDS)
            assert process.returncode == 1
    assert said.startswith(f"calltally: the demo cannot be served at {taken}")
    assert "--listen 127.0.0.1:8081" in said
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []
