"""The page of all settings is what the program says today."""

from dataclasses import fields

from calltally.settings.document import page
from calltally.settings.problems import keys_of
from calltally.settings.sections import SECTIONS
from tests.programs import ROOT


def test_the_page_in_docs_equals_a_fresh_one() -> None:
    assert (ROOT / "docs" / "settings.md").read_text() == page()


def test_every_key_says_what_it_is_for() -> None:
    for section, kind in SECTIONS.items():
        assert set(keys_of(section)) == {field.name for field in fields(kind)}
