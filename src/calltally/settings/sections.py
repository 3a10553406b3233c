"""The settings themselves: a frozen dataclass for each section, with meaning, expectation and example of each key.

`Key` is what errors and the page docs/settings.md are made of, so that both always say the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, with_config

from calltally.model.command import INSTALLED
from calltally.settings.values import (
    Address,
    address_from,
    country_from,
    database_url_from,
    host_from,
    hours_from,
    network_from,
    password_hash_from,
    public_url_from,
    text_from,
    zone_from,
)


@dataclass(frozen=True, slots=True)
class Key:
    """What a key of the settings is for.

    Attributes:
        help: what it does, one sentence.
        expected: what it may hold, to follow the word "expected".
        example: a value as it stands in the file.
    """

    help: str
    expected: str
    example: str


_CLOSED = ConfigDict(extra="forbid")
_NUMBERS_ARE_TEXT = ConfigDict(extra="forbid", coerce_numbers_to_str=True)
_Text = Annotated[str, AfterValidator(text_from)]


@with_config(_CLOSED)
@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The place whose calls are counted."""

    name: Annotated[_Text, Key("The name in the head of every page.", "a text of one line", '"Help desk"')] = (
        "calltally"
    )
    time_zone: Annotated[
        str,
        AfterValidator(zone_from),
        Key(
            "The zone in which a day begins and ends. The zone of the machine is never used.",
            "a name of the IANA time zone list, such as Europe/Berlin or UTC",
            '"Europe/Berlin"',
        ),
    ] = "UTC"
    country: Annotated[
        str,
        AfterValidator(country_from),
        Key("The country of numbers that are written without one.", "a country code of two letters", '"DE"'),
    ] = "DE"
    language: Annotated[
        Literal["en", "de"] | None,
        Key("The language of the pages; without it, the one each browser asks for.", 'either "en" or "de"', '"de"'),
    ] = None
    opening_hours: Annotated[
        tuple[Annotated[str, AfterValidator(hours_from)], ...],
        Key(
            "When the site is open, in its own zone; a day may have several lines.",
            'a list of texts like "mon-fri 08:00-18:00"',
            '["mon-thu 08:00-18:00", "fri 08:00-16:00"]',
        ),
    ] = ()


@with_config(_CLOSED)
@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where the service is found, and who may look."""

    listen: Annotated[
        Address,
        BeforeValidator(address_from),
        Key("The address and port on which pages, API and webhooks are served.", "HOST:PORT", '"127.0.0.1:8080"'),
    ] = Address("127.0.0.1", 8080)  # noqa: RUF009  a frozen value
    published_at: Annotated[
        Annotated[str, AfterValidator(host_from)] | None,
        Key(
            "Where a container's port is published: in place of listen, it decides who can reach the service.",
            "an address or name of a machine, without a port",
            '"127.0.0.1"',
        ),
    ] = None
    public_url: Annotated[
        Annotated[str, AfterValidator(public_url_from)] | None,
        Key(
            "The address under which phone systems and people reach the service from outside.",
            "an address that begins with https:// or http://",
            '"https://calls.example.org"',
        ),
    ] = None
    trusted_proxies: Annotated[
        tuple[Annotated[str, AfterValidator(network_from)], ...],
        Key(
            "Proxies in front of calltally; what their X-Forwarded-For says of the sender is believed.",
            "a list of addresses or networks",
            '["127.0.0.1", "10.0.0.0/8"]',
        ),
    ] = ()
    password: Annotated[
        Annotated[str, AfterValidator(password_hash_from)] | None,
        Key(
            "Hash of the password that opens pages and API; `calltally password` asks for one and writes it here.",
            "an argon2 hash as `calltally password --print` shows it; never the password itself",
            '"$argon2id$v=19$m=65536,t=3,p=4$..."',
        ),
    ] = None
    open: Annotated[
        bool,
        Key("Serve everyone who can reach the address, without a password, on purpose.", "true or false", "true"),
    ] = False

    @property
    def reached_at(self) -> Address:
        """The address at which others reach the service: where it listens, or where its container is published."""
        return Address(self.published_at, self.listen.port) if self.published_at else self.listen


@with_config(_CLOSED)
@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """Where everything is kept."""

    url: Annotated[
        Annotated[str, AfterValidator(database_url_from)] | None,
        Key(
            "The database; without it, calltally.db in the data folder.",
            "an address that begins with postgresql://, mysql:// or sqlite://",
            '"postgresql://calltally:password@127.0.0.1:5432/calltally"',
        ),
    ] = None


@with_config(_NUMBERS_ARE_TEXT)
@dataclass(frozen=True, slots=True, kw_only=True)
class TeamSetting:
    """A named set of the site's own numbers; teams.json in the data folder and the settings page do the same."""

    name: Annotated[_Text, Key("The team's name.", "a text of one line", '"Support"')]
    numbers: Annotated[
        tuple[_Text, ...],
        Key(
            "Its numbers, two or more; with fewer it is left out, with a warning.",
            "a list of numbers",
            '["+4930123450", "+4930123451"]',
        ),
    ]


@with_config(_CLOSED)
@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSetting:
    """What is expected of one queue."""

    name: Annotated[_Text, Key("The queue's name as its phone system writes it.", "a text of one line", '"sales"')]
    id: Annotated[int | None, Key("Its id for clients that ask by number.", "a whole number", "3")] = None
    tenant: Annotated[_Text | None, Key("The tenant it belongs to.", "a text of one line", '"north"')] = None
    target_seconds: Annotated[
        int, Field(ge=0, le=86_400), Key("Calls should be answered within this time.", "seconds, 0 to 86400", "20")
    ] = 20
    short_abandon_seconds: Annotated[
        int,
        Field(ge=0, le=86_400),
        Key("Callers who give up sooner do not count against the service level.", "seconds, 0 to 86400", "5"),
    ] = 5
    target_share: Annotated[
        float,
        Field(ge=0, le=1, allow_inf_nan=False),
        Key("The share of calls that should reach the target.", "a share between 0 and 1", "0.8"),
    ] = 0.8


@with_config(_NUMBERS_ARE_TEXT)
@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSetting:
    """Who stands behind an agent number in a queue's log."""

    number: Annotated[_Text, Key("The agent's number or member name in the log.", "a text of one line", '"1001"')]
    id: Annotated[
        int | None, Key("Its id; Local/id-7@agentcallback in the log then means this agent.", "a whole number", "7")
    ] = None
    tenant: Annotated[_Text | None, Key("The tenant the agent belongs to.", "a text of one line", '"north"')] = None
    name: Annotated[_Text | None, Key("The name to show.", "a text of one line", '"Anna Berg"')] = None


@with_config(_CLOSED)
@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long things are kept; sums without numbers or names are kept for ever."""

    journal_days: Annotated[
        int, Field(ge=1, le=36_500), Key("Days to keep messages as received.", "a whole number from 1", "30")
    ] = 30
    records_months: Annotated[
        int, Field(ge=1, le=1_200), Key("Months to keep single calls.", "a whole number from 1", "13")
    ] = 13


@with_config(_CLOSED)
@dataclass(frozen=True, slots=True, kw_only=True)
class Privacy:
    """What is shown of people. No keys yet."""


@with_config(_CLOSED)
@dataclass(frozen=True, slots=True, kw_only=True)
class Alerts:
    """When to call for attention. No keys yet."""


@with_config(_CLOSED)
@dataclass(frozen=True, slots=True, kw_only=True)
class Prometheus:
    """What is served at /metrics."""

    max_label_values: Annotated[
        int,
        Field(ge=1, le=1_000),
        Key(
            "How many queues have series of their own; those beyond are counted together as other.",
            "a whole number, 1 to 1000",
            "50",
        ),
    ] = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything an operator can choose, checked.

    Attributes:
        data: the data folder; it need not be there yet.
        file: the settings file; it need not be there if nobody named it.
        sources: what each source made of its section, by the name that records and journal use.
        notices: sentences an operator should read at every start.
        command: what the operator types before the name of a command, `calltally` or `./run`.
    """

    data: Path
    file: Path
    site: Site = field(default_factory=Site)
    server: Server = field(default_factory=Server)
    database: Database = field(default_factory=Database)
    sources: Mapping[str, object] = field(default_factory=dict)
    teams: tuple[TeamSetting, ...] = ()
    queues: tuple[QueueSetting, ...] = ()
    agents: tuple[AgentSetting, ...] = ()
    retention: Retention = field(default_factory=Retention)
    privacy: Privacy = field(default_factory=Privacy)
    alerts: Alerts = field(default_factory=Alerts)
    prometheus: Prometheus = field(default_factory=Prometheus)
    notices: tuple[str, ...] = ()
    command: str = INSTALLED

    @property
    def database_url(self) -> str:
        """The address of the database, the embedded one in the data folder if none is set."""
        return self.database.url or f"sqlite:///{(self.data / 'calltally.db').absolute()}"

    @property
    def public_url(self) -> str:
        """The address of the service for others, its own address if none is set."""
        return self.server.public_url or f"http://{self.server.listen}"

    @property
    def outside_url(self) -> str | None:
        """The address that a phone system elsewhere can be told; `None` if none is set, or one of this machine only."""
        public = self.server.public_url
        host = urlsplit(public).hostname if public else None
        return public if host and not Address(host, 0).is_loopback else None


SECTIONS: Mapping[str, type] = {
    "site": Site,
    "server": Server,
    "database": Database,
    "teams": TeamSetting,
    "queues": QueueSetting,
    "agents": AgentSetting,
    "retention": Retention,
    "privacy": Privacy,
    "alerts": Alerts,
    "prometheus": Prometheus,
}
LISTED = frozenset({"teams", "queues", "agents"})
"""Sections that are written as `[[name]]`, once for each."""
