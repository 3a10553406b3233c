"""The section `[sources.asterisk]`: what it may hold, and what it says of a mistake."""

import tomllib
from collections.abc import Mapping

import pytest

from calltally.sources.asterisk import SOURCE
from calltally.sources.asterisk.settings import AsteriskSettings, settings_from


def test_the_sample_is_a_section_that_is_taken() -> None:
    section = tomllib.loads(SOURCE.sample)["sources"]["asterisk"]
    assert SOURCE.settings(section) == AsteriskSettings(queue_log="/var/log/asterisk/queue_log")


def test_the_lines_that_the_sample_comments_out_are_taken_too() -> None:
    lines = [line.removeprefix("# ") for line in SOURCE.sample.splitlines() if line.startswith("# ") and " = " in line]
    section = tomllib.loads("\n".join(lines))
    assert section.keys() == {"database_url", "time_zone"}
    assert settings_from(section).time_zone == "Europe/Berlin"


def test_nothing_is_needed() -> None:
    assert settings_from({}) == AsteriskSettings()


@pytest.mark.parametrize(
    ("section", "key", "example"),
    [
        ({"queuelog": "x"}, "queuelog", 'queue_log = "/var/log/asterisk/queue_log"'),
        ({"queue_log": 7}, "queue_log", 'queue_log = "/var/log/asterisk/queue_log"'),
        ({"queue_log": " "}, "queue_log", 'queue_log = "/var/log/asterisk/queue_log"'),
        ({"database_url": "oracle://pbx/asterisk"}, "database_url", 'database_url = "postgresql://'),
        ({"database_url": "postgresql:///asterisk"}, "database_url", 'database_url = "postgresql://'),
        ({"database_url": "mysql://pbx"}, "database_url", 'database_url = "postgresql://'),
        ({"database_url": "mysql://[pbx/asterisk"}, "database_url", 'database_url = "postgresql://'),
        ({"time_zone": "Mars/Olympus"}, "time_zone", 'time_zone = "Europe/Berlin"'),
        ({"time_zone": "../etc/passwd"}, "time_zone", 'time_zone = "Europe/Berlin"'),
    ],
)
def test_a_mistake_names_its_key_what_was_expected_and_an_example(
    section: Mapping[str, object], key: str, example: str
) -> None:
    with pytest.raises(ValueError, match="expected") as caught:
        settings_from(section)
    assert str(caught.value).startswith(f"{key}: ")
    assert example in str(caught.value)


def test_a_password_in_the_address_of_a_database_is_not_repeated() -> None:
    with pytest.raises(ValueError, match="database_url") as caught:
        settings_from({"database_url": "oracle://reader:hunter2@pbx/asterisk"})
    assert "hunter2" not in str(caught.value)
