"""What single settings may hold: each function turns what was written into a value, or says no by a ValueError."""

import re
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")
_HOURS = re.compile(
    r"(mon|tue|wed|thu|fri|sat|sun)(-(mon|tue|wed|thu|fri|sat|sun))? "
    r"([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)"
)
_LAST_PORT = 65_535
_DATABASE = re.compile(r"(sqlite|postgresql(\+psycopg)?|(mysql|mariadb)(\+pymysql)?)://")


@dataclass(frozen=True, slots=True)
class Address:
    """Where the service listens; port 0 takes any free port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether only programs of this machine can reach the address."""
        if self.host == "localhost":
            return True
        return _is_ip(self.host) and ip_address(self.host).is_loopback


def _is_ip(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def address_from(value: object) -> Address:
    """Return the address that `127.0.0.1:8080`, `[::1]:8080` or `calltally.lan:8080` names."""
    if isinstance(value, Address):
        return value
    host, colon, port = str(value).rpartition(":")
    host = host.removeprefix("[").removesuffix("]") if host.startswith("[") else host
    if not colon or not (port.isascii() and port.isdigit()) or int(port) > _LAST_PORT:
        raise ValueError("no HOST:PORT")
    if not _is_ip(host) and not _HOST.fullmatch(host):
        raise ValueError("no host")
    return Address(host, int(port))


def host_from(value: str) -> str:
    """Return a name or address of a machine, without brackets."""
    host = value.removeprefix("[").removesuffix("]") if value.startswith("[") else value
    if not _is_ip(host) and not _HOST.fullmatch(host):
        raise ValueError("no host")
    return host


def network_from(value: str) -> str:
    """Return an address or network as it is compared later, `10.0.0.0/8`."""
    return str(ip_network(value, strict=False))


def public_url_from(value: str) -> str:
    """Return the address under which others reach the service, without a slash at its end."""
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError("no absolute address")
    if parts.port is not None and not 0 < parts.port <= _LAST_PORT:
        raise ValueError("no port")
    return value.rstrip("/")


def zone_from(value: str) -> str:
    """Return the name of a time zone that the zone data knows."""
    if value not in available_timezones():
        raise ValueError("no such zone")
    return ZoneInfo(value).key


def country_from(value: str) -> str:
    """Return a two letter country code in capitals."""
    if not re.fullmatch(r"[A-Za-z]{2}", value):
        raise ValueError("no country code")
    return value.upper()


def hours_from(value: str) -> str:
    """Return one line of opening hours, `mon-fri 08:00-18:00`."""
    written = value.strip().lower()
    if not _HOURS.fullmatch(written):
        raise ValueError("no opening hours")
    opens, closes = written.split(" ")[1].split("-")
    if opens >= closes:
        raise ValueError("closes before it opens")
    return written


def database_url_from(value: str) -> str:
    """Return the address of a database of a kind that this release knows."""
    if not _DATABASE.match(value):
        raise ValueError("no address of a database")
    return value


def password_hash_from(value: str) -> str:
    """Return an argon2 hash; a password itself never stands in a file."""
    if not value.startswith("$argon2"):
        raise ValueError("no argon2 hash")
    return value


def text_from(value: str) -> str:
    """Return a text of one line that is not empty."""
    written = value.strip()
    if not written or not written.isprintable():
        raise ValueError("empty, or more than one line")
    return written
