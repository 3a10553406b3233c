"""The section `[sources.asterisk]` of the settings."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

_EXAMPLES = {
    "queue_log": 'queue_log = "/var/log/asterisk/queue_log"',
    "database_url": 'database_url = "postgresql://reader:secret@pbx.example.org/asterisk"',
    "time_zone": 'time_zone = "Europe/Berlin"',
}
_DATABASES = {"postgresql", "mysql"}


@dataclass(frozen=True, slots=True, kw_only=True)
class AsteriskSettings:
    """Where the log of the queues is.

    Attributes:
        queue_log: path of the file that Asterisk writes; `None` if it writes none.
        database_url: the database whose table `queue_log` Asterisk or Wazo writes; `None` if there is none.
        time_zone: the zone of that table's times; `None` means UTC. A file's times need none.
    """

    queue_log: str | None = None
    database_url: str | None = None
    time_zone: str | None = None


def settings_from(section: Mapping[str, object]) -> AsteriskSettings:
    """Return the settings that a section holds.

    Raises:
        ValueError: a key or value is wrong; the sentence names it, what was expected, and an example.
    """
    known = {field.name for field in fields(AsteriskSettings)}
    for key in section:
        if key not in known:
            others = ", ".join(sorted(known - section.keys())) or "nothing more"
            raise ValueError(f"{key}: there is no such key; expected {others}, for example {_EXAMPLES['queue_log']}")
    return AsteriskSettings(
        queue_log=_text(section, "queue_log", "the path of a file"),
        database_url=_database_url(section),
        time_zone=_time_zone(section),
    )


def _text(section: Mapping[str, object], key: str, expected: str) -> str | None:
    value = section.get(key)
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise ValueError(f"{key}: found {value!r}; expected {expected}, for example {_EXAMPLES[key]}")
    return value


def _database_url(section: Mapping[str, object]) -> str | None:
    expected = "an address that begins with postgresql:// or mysql:// and names a server and a database"
    value = _text(section, "database_url", expected)
    if value is None:
        return None
    # The address may hold a password, so the sentence does not repeat it.
    problem = f"database_url: expected {expected}, for example {_EXAMPLES['database_url']}"
    try:
        parts = urlsplit(value)
        is_complete = parts.scheme in _DATABASES and bool(parts.hostname) and parts.path.strip("/") != ""
    except ValueError as error:
        raise ValueError(problem) from error
    if not is_complete:
        raise ValueError(problem)
    return value


def _time_zone(section: Mapping[str, object]) -> str | None:
    expected = "a name of the IANA time zone list"
    value = _text(section, "time_zone", expected)
    if value is None:
        return None
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(
            f"time_zone: found {value!r}; expected {expected}, for example {_EXAMPLES['time_zone']}"
        ) from error
    return value
