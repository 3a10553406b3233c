"""Files and functions stay short enough to be read in one go."""

import ast
from pathlib import Path

import pytest

from tests.programs import ROOT

FOLDERS = ("src", "tests", "bench", "scripts")
LONGEST_FILE = 400
LONGEST_FUNCTION = 40


def too_long(file: Path) -> list[str]:
    """Return what is longer in a file than it may be, with its length in lines."""
    text = file.read_text(encoding="utf-8")
    lengths = [(file.name, text.count("\n"), LONGEST_FILE)]
    lengths += [
        (node.name, (node.end_lineno or node.lineno) - node.lineno + 1, LONGEST_FUNCTION)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return [f"{name}: {length}" for name, length, longest in lengths if length > longest]


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_file_and_no_function_is_too_long(folder: str) -> None:
    files = sorted((ROOT / folder).rglob("*.py"))
    assert files
    assert {str(file): long for file in files if (long := too_long(file))} == {}


def test_a_long_function_and_a_long_file_are_found(tmp_path: Path) -> None:
    function, module = tmp_path / "function.py", tmp_path / "module.py"
    function.write_text("def short():\n    pass\n\n\ndef long():\n" + "    pass\n" * LONGEST_FUNCTION)
    module.write_text("pass\n" * (LONGEST_FILE + 1))
    assert too_long(function) == ["long: 41"]
    assert too_long(module) == ["module.py: 401"]
