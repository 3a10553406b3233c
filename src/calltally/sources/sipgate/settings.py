"""The section `[sources.sipgate]` of the settings: what it may hold, and what is wrong with it if something is."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from calltally.sources.sipgate.keys import OFFICIAL_KEY, public_key_from

Network = IPv4Network | IPv6Network

OFFICIAL_API: Final = "https://api.sipgate.com/v2"
OFFICIAL_LOGIN: Final = "https://login.sipgate.com"
NEW_REALM: Final = "sipgate-apps"
PUSH_ADDRESSES: Final = ("217.116.118.254", "212.9.46.32")
"""Where sipgate's pushes come from (push-api.sipgate.net). Examples for `peers`; nothing is enforced by default."""

_MOST_HOURS = 24 * 31


@dataclass(frozen=True, slots=True, kw_only=True)
class SipgateSettings:
    """How pushes are checked, and how sipgate's REST interface is reached.

    Attributes:
        public_key: PEM text of the key that pushes are signed with.
        secret: path segment behind `/in/sipgate/`; empty if there is none.
        user, password: HTTP Basic authentication of pushes; empty if there is none.
        peers: networks that pushes may come from; empty if any may.
        token_id, token: a personal access token. client_id, client_secret, realm: or an OAuth2 client.
        api_url, login_url: where sipgate is; another address for a stand-in.
        max_call_hours: a leg of which nothing was heard for so long is closed, its end unknown.
    """

    public_key: str = OFFICIAL_KEY
    check_signature: bool = True
    secret: str = field(default="", repr=False)
    user: str = ""
    password: str = field(default="", repr=False)
    peers: tuple[Network, ...] = ()
    token_id: str = ""
    token: str = field(default="", repr=False)
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    realm: str = NEW_REALM
    api_url: str = OFFICIAL_API
    login_url: str = OFFICIAL_LOGIN
    max_call_hours: int = 12


def settings_from(section: Mapping[str, object]) -> SipgateSettings:
    """Return the settings of a section.

    Raises:
        ValueError: a key is unknown or its value cannot be used; the text names the key, what was expected, an example.
    """
    readers = _READERS
    for key in section:
        if key not in readers:
            raise ValueError(
                f"{key}: there is no such key; expected one of {', '.join(sorted(readers))}, "
                'for example secret = "q7Hc2mVx4TzLr9"'
            )
    values = {key: readers[key](key, value) for key, value in section.items() if value is not None}
    _join_key_file(values)
    _needs_both(values, "user", "password")
    _needs_both(values, "token_id", "token")
    _needs_both(values, "client_id", "client_secret")
    return SipgateSettings(**values)  # type: ignore[arg-type]  # each reader gives the type of its field


def _needs_both(values: Mapping[str, object], one: str, other: str) -> None:
    for present, absent in ((one, other), (other, one)):
        if values.get(present) and not values.get(absent):
            raise ValueError(f"{absent}: missing; {present} is set, and only both together let anybody in")


def _join_key_file(values: dict[str, object]) -> None:
    file = values.pop("public_key_file", None)
    if not file:
        return
    if "public_key" in values:
        raise ValueError("public_key_file: public_key is set too; expected one of the two")
    try:
        text = Path(str(file)).read_text(encoding="ascii", errors="replace")
    except OSError as problem:
        raise ValueError(
            f"public_key_file: {file} cannot be read ({problem.strerror}); expected a PEM file, "
            'for example public_key_file = "/etc/calltally/sipgate.pem"'
        ) from problem
    values["public_key"] = _public_key("public_key_file", text)


def _wrong(key: str, value: object, expected: str, example: str) -> ValueError:
    shown = "a value" if key in {"secret", "password", "token", "client_secret"} else repr(value)
    return ValueError(f"{key}: found {shown}, expected {expected}, for example {key} = {example}")


def _text(example: str) -> Callable[[str, object], str]:
    def read(key: str, value: object) -> str:
        if not isinstance(value, str) or not value.isprintable() or value != value.strip():
            raise _wrong(key, value, "a text without blanks at its ends", example)
        return value

    return read


def _user(key: str, value: object) -> str:
    name = _text('"sipgate"')(key, value)
    if ":" in name:
        raise _wrong(key, value, "a name without a colon", '"sipgate"')
    return name


def _secret(key: str, value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9._~!$*+,;=:@-]{0,200}", value):
        raise _wrong(key, value, "up to 200 letters, digits or the signs - . _ ~", '"q7Hc2mVx4TzLr9"')
    return value


def _flag(key: str, value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    raise _wrong(key, value, "true or false", "true")


def _hours(key: str, value: object) -> int:
    hours = int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value
    if not isinstance(hours, int) or isinstance(hours, bool) or not 1 <= hours <= _MOST_HOURS:
        raise _wrong(key, value, f"a whole number of hours from 1 to {_MOST_HOURS}", "12")
    return hours


def _address(example: str) -> Callable[[str, object], str]:
    def read(key: str, value: object) -> str:
        try:
            parts = urlsplit(value) if isinstance(value, str) else None
        except ValueError:
            parts = None
        if not isinstance(value, str) or parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
            raise _wrong(key, value, "an address that begins with https:// or http://", example)
        return value.rstrip("/")

    return read


def _peers(key: str, value: object) -> tuple[Network, ...]:
    texts = value.split(",") if isinstance(value, str) else value
    example = f'["{PUSH_ADDRESSES[0]}", "{PUSH_ADDRESSES[1]}"]'
    if not isinstance(texts, list | tuple) or not all(isinstance(text, str) for text in texts):
        raise _wrong(key, value, "a list of addresses or networks", example)
    try:
        return tuple(ip_network(text.strip()) for text in texts if text.strip())
    except ValueError as problem:
        raise _wrong(key, value, f"a list of addresses or networks ({problem})", example) from problem


def _public_key(key: str, value: object) -> str:
    example = '"""-----BEGIN PUBLIC KEY----- ... -----END PUBLIC KEY-----"""'
    if not isinstance(value, str):
        raise _wrong(key, value, "a public key as PEM text", example)
    try:
        public_key_from(value)
    except ValueError as problem:
        raise ValueError(f"{key}: {problem}, for example public_key = {example}") from problem
    return value


def _file(key: str, value: object) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise _wrong(key, value, "the name of a PEM file", '"/etc/calltally/sipgate.pem"')
    return value


_READERS: Final[Mapping[str, Callable[[str, object], object]]] = {
    "public_key": _public_key,
    "public_key_file": _file,
    "check_signature": _flag,
    "secret": _secret,
    "user": _user,
    "password": _text('"correct horse battery staple"'),
    "peers": _peers,
    "token_id": _text('"token-ABC123"'),
    "token": _text('"01234567-89ab-cdef-0123-456789abcdef"'),
    "client_id": _text('"1234567-0-01234567-89ab-cdef-0123-456789abcdef:sipgate-apps"'),
    "client_secret": _text('"01234567-89ab-cdef-0123-456789abcdef"'),
    "realm": _text(f'"{NEW_REALM}"'),
    "api_url": _address(f'"{OFFICIAL_API}"'),
    "login_url": _address(f'"{OFFICIAL_LOGIN}"'),
    "max_call_hours": _hours,
}


def longest_call_hours(settings: object) -> int:
    """Return after how many hours without a word an open call is given up."""
    return settings.max_call_hours if isinstance(settings, SipgateSettings) else SipgateSettings().max_call_hours


def takes_unsigned(settings: object) -> bool:
    """Return whether pushes are taken in without a look at their signatures."""
    return isinstance(settings, SipgateSettings) and not settings.check_signature
