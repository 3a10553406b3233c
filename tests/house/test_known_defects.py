"""Each defect of the known sipgate service has a test that names it: `test_d07_...` is about the seventh."""

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
DEFECTS = 30
NAME = re.compile(r"^def test_d(\d\d)_", re.MULTILINE)


def test_every_known_defect_is_named_by_a_test() -> None:
    named = {int(number) for file in TESTS.rglob("test_*.py") for number in NAME.findall(file.read_text("utf-8"))}
    assert named == set(range(1, DEFECTS + 1))
