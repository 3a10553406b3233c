"""A second service on the same data, or at the same address, ends with a sentence and writes nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

from calltally.app.starting import StartError, listening, sole_service
from calltally.settings import Address
from tests.running import running_service


def test_a_folder_is_held_by_one_service_and_free_afterwards(tmp_path: Path) -> None:
    with sole_service(tmp_path), pytest.raises(StartError, match="--data"), sole_service(tmp_path):
        pass
    with sole_service(tmp_path):
        pass


def test_a_taken_or_foreign_address_is_a_sentence() -> None:
    with listening(Address("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
        with pytest.raises(StartError, match=rf"127\.0\.0\.1:{port} already; choose another"):
            listening(Address("127.0.0.1", port))
    with pytest.raises(StartError, match="Nothing can listen at 192"):
        listening(Address("192.0.2.1", 8080))


def test_a_second_service_writes_no_outage_into_the_data_of_the_first(tmp_path: Path) -> None:
    with running_service(tmp_path / "data") as first:
        command = [
            sys.executable,
            "-m",
            "calltally",
            "serve",
            "--data",
            str(tmp_path / "data"),
            "--listen",
            "127.0.0.1:0",
        ]
        second = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert second.returncode == 1
        assert "Another calltally serves the data" in second.stderr
        with first.client() as client:
            gaps = client.get("/api/v1/query?metrics=calls&since=-1d").json()["gaps"]
            assert [gap["reason"] for gap in gaps] == ["nothing was heard yet"]


def test_a_service_that_is_told_to_end_while_it_starts_ends_at_once() -> None:
    """A process that leaves the signal to the system is ended by it, or does not hear of it as a container's first."""
    program = """
import os, signal
from calltally.app.starting import ending_at_once

heard = []
signal.signal(signal.SIGTERM, lambda *_: heard.append("by another"))
with ending_at_once():
    signal.raise_signal(signal.SIGTERM)
assert heard == ["by another"]
signal.signal(signal.SIGTERM, signal.SIG_DFL)
with ending_at_once():
    pass
assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
with ending_at_once():
    os.kill(os.getpid(), signal.SIGTERM)
    signal.pause()
"""
    done = subprocess.run([sys.executable, "-c", program], check=False, timeout=20)
    assert done.returncode == 0
