"""What a reader looks for, in whatever way they write it, becomes what records hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calltally.engine.answers import Selection
from calltally.serve.web.searching import search_text, searched

CASES = [
    # written                looked for
    ("+49 171 5550142", "+491715550142"),
    ("+49 (0)171 555-0142", "+491715550142"),
    ("0049 171 5550142", "+491715550142"),
    ("0171/5550142", "+491715550142"),
    ("0171 555", "+49171555"),
    ("(0171) 555", "+49171555"),
    ("5550142", "5550142"),
    ("55 50 142", "5550142"),
    ("491715550142", "491715550142"),
    ("104", "104"),
    ("0", "0"),
    ("00", "00"),
    ("Anna Arndt", "Anna Arndt"),
    ("  Anna   Arndt ", "Anna Arndt"),
    ("Agent/1005", "Agent/1005"),
    ("w0", "w0"),
    ("+", "+"),
    ("--", "--"),
]


@pytest.mark.parametrize(("written", "wanted"), CASES)
def test_a_number_is_looked_for_as_records_hold_it(written: str, wanted: str) -> None:
    assert search_text(written, "DE") == wanted


def test_the_country_of_the_site_says_what_a_national_number_is() -> None:
    assert search_text("020 7946 0018", "GB") == "+442079460018"


@pytest.mark.parametrize("word", ["withheld", "Unterdrückt", "ANONYMOUS"])
def test_the_word_for_a_withheld_number_finds_such_calls(word: str) -> None:
    assert searched(Selection(text=word), "DE") == Selection(caller_withheld=True)


@given(st.text(max_size=60))
def test_any_text_can_be_looked_for(written: str) -> None:
    assert search_text(written, "DE").strip() == search_text(written, "DE")
