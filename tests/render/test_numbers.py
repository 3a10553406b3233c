"""Numbers as people read them, in both languages."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calltally.render import numbers
from calltally.render.numbers import Unit
from calltally.render.words import Language, Words

EN, DE = Words(Language.EN), Words(Language.DE)
NBSP = "\u00a0"


@pytest.mark.parametrize(
    ("value", "english", "german"),
    [
        (0, "0", "0"),
        (999, "999", "999"),
        (17204, "17,204", "17.204"),
        (1234567, "1,234,567", "1.234.567"),
        (None, "-", "-"),
    ],
)
def test_a_count_has_its_thousands_parted(value: int | None, english: str, german: str) -> None:
    assert (numbers.count(value, Language.EN), numbers.count(value, Language.DE)) == (english, german)


@pytest.mark.parametrize(
    ("value", "english", "german"),
    [
        (0.905, "90.5", "90,5"),
        (1.0, "100.0", "100,0"),
        (0.0, "0.0", "0,0"),
        (12.3456, "1,234.6", "1.234,6"),
    ],
)
def test_a_share_has_one_decimal_and_its_unit_apart(value: float, english: str, german: str) -> None:
    shown = numbers.percent(value, Language.EN)
    assert (shown.text, shown.unit) == (english, "%")
    assert str(numbers.percent(value, Language.DE)) == f"{german}{NBSP}%"


@pytest.mark.parametrize(
    ("numerator", "denominator", "english", "german"),
    [
        (9918, 10960, f"90.5{NBSP}%", f"90,5{NBSP}%"),
        (3, 4, "3 of 4", "3 von 4"),
        (0, 19, "0 of 19", "0 von 19"),
        (10, 20, f"50.0{NBSP}%", f"50,0{NBSP}%"),
        (0, 0, "-", "-"),
        (None, 5, "-", "-"),
        (3, None, "-", "-"),
    ],
)
def test_a_rate_of_few_calls_is_shown_as_counts(
    numerator: int | None, denominator: int | None, english: str, german: str
) -> None:
    assert str(numbers.rate(numerator, denominator, EN)) == english
    assert str(numbers.rate(numerator, denominator, DE)) == german


@pytest.mark.parametrize(
    ("value_ms", "expected"),
    [
        (None, "-"),
        (0, "0:00"),
        (499, "0:00"),
        (500, "0:01"),
        (59_499, "0:59"),
        (59_500, "1:00"),
        (112_000, "1:52"),
        (3_599_499, "59:59"),
        (3_599_500, "1:00:00"),
        (6_729_000, "1:52:09"),
        (float("nan"), "-"),
        (float("inf"), "-"),
    ],
)
def test_a_duration_is_rounded_to_seconds(value_ms: float | None, expected: str) -> None:
    assert numbers.duration(value_ms) == expected


@pytest.mark.parametrize(
    ("value_ms", "expected"), [(999, "0:00"), (59_999, "0:59"), (3_600_000, "1:00:00"), (-5, "0:00")]
)
def test_a_running_time_counts_seconds_that_have_passed(value_ms: int, expected: str) -> None:
    assert numbers.elapsed(value_ms) == expected


@pytest.mark.parametrize(
    ("value_ms", "english", "german"),
    [(None, "-", "-"), (12, "12 ms", "12 ms"), (230, "0.2 s", "0,2 s"), (61_000, "61.0 s", "61,0 s")],
)
def test_a_lag_is_short(value_ms: int | None, english: str, german: str) -> None:
    assert (numbers.lag(value_ms, EN), numbers.lag(value_ms, DE)) == (english, german)


DIFFERENCES = [
    # value, before, unit, arrow, English, German
    (0.764, 0.815, Unit.SHARE, "▼", "5.1 points below last Friday", "5,1 Punkte unter letztem Freitag"),
    (0.815, 0.764, Unit.SHARE, "▲", "5.1 points above last Friday", "5,1 Punkte über letztem Freitag"),
    (17_204, 16_850, Unit.COUNT, "▲", "2.1 % above last Friday", "2,1 % über letztem Freitag"),
    (4, 6, Unit.COUNT, "▼", "2 fewer than last Friday", "2 unter letztem Freitag"),
    (23_000, 18_000, Unit.DURATION, "▲", "0:05 longer than last Friday", "0:05 über letztem Freitag"),
    (23_000, 23_200, Unit.DURATION, "", "as before", "wie zuvor"),
    (0.5, 0.5004, Unit.SHARE, "", "as before", "wie zuvor"),
    (5, 5, Unit.COUNT, "", "as before", "wie zuvor"),
    (5, None, Unit.COUNT, "", "nothing to compare with", "nichts zum Vergleichen"),
    (None, 5, Unit.COUNT, "", "nothing to compare with", "nichts zum Vergleichen"),
]


@pytest.mark.parametrize(("value", "before", "unit", "arrow", "english", "german"), DIFFERENCES)
def test_a_difference_says_how_much_and_against_what(
    value: float | None, before: float | None, unit: Unit, arrow: str, english: str, german: str
) -> None:
    in_english = numbers.difference(value, before, unit=unit, against="last Friday", words=EN)
    in_german = numbers.difference(value, before, unit=unit, against="letztem Freitag", words=DE)
    assert (in_english.arrow, in_english.text) == (arrow, english)
    assert (in_german.arrow, in_german.text) == (arrow, german)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("+491715550142", "+49 171 5550142"),
        ("+41445550812", "+41 44 555 08 12"),
        ("112", "112"),
        ("+9", "+9"),
        ("+", "+"),
        ("+49 30 1", "+49 30 1"),
        ("Anna\x00", "Anna\ufffd"),
        ("+\u0664\u0669", "+\u0664\u0669"),
        ("", ""),
    ],
)
def test_a_phone_number_is_international_and_never_breaks(number: str, expected: str) -> None:
    assert numbers.phone(number) == expected.replace(" ", NBSP)


def test_the_tables_of_phone_numbers_are_loaded_with_the_first_number_only() -> None:
    program = "import sys, calltally.render.numbers, calltally.render.charts; sys.exit('phonenumbers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@given(st.floats() | st.none(), st.sampled_from(Unit), st.sampled_from(Language))
def test_any_value_is_written_the_same_alone_and_in_a_column(
    value: float | None, unit: Unit, language: Language
) -> None:
    assert numbers.written([value], unit, language) == [str(numbers.shown(value, unit, language))]


@given(st.floats(min_value=-1e15, max_value=1e15), st.floats(min_value=-1e15, max_value=1e15), st.sampled_from(Unit))
def test_any_difference_has_words(value: float, before: float, unit: Unit) -> None:
    made = numbers.difference(value, before, unit=unit, against="x", words=DE)
    assert made.text
    assert (made.arrow == "▲") <= (value > before)


@given(st.text())
def test_any_text_can_stand_where_a_number_is_expected(text: str) -> None:
    assert " " not in numbers.phone(text)
