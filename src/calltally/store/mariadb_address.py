"""Reads the address of a MariaDB database: what its driver needs to connect, and how the server is called in texts."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL

from calltally.store.store import StoreError

CONNECT_SECONDS: Final = 5
EXAMPLE: Final = "mysql://calltally:password@127.0.0.1:3306/calltally"
_PORT: Final = 3306
_FILES: Final = ("ssl_ca", "ssl_cert", "ssl_key")
_FLAGS: Final = ("ssl_verify_cert", "ssl_verify_identity")
_FURTHER: Final = ("unix_socket", *_FILES, *_FLAGS)
_YES_OR_NO: Final = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a database is.

    Attributes:
        server: host and port, or the socket, as texts call it.
        database: its name.
        user: who connects.
        arguments: what the driver takes to connect, the password among it.
    """

    server: str
    database: str
    user: str
    arguments: Mapping[str, Any]


def address_from(url: URL) -> Address:
    """Return the address in a URL `mysql://user:password@host:port/database?unix_socket=&ssl_ca=...`.

    Raises:
        StoreError: something is missing, or is not understood.
    """
    if not url.database or not url.username:
        raise StoreError(f"the database address names no user or no database; expected for example {EXAMPLE}")
    further = {name: value if isinstance(value, str) else value[-1] for name, value in url.query.items()}
    unknown = sorted(set(further).difference(_FURTHER))
    if unknown:
        known = ", ".join(_FURTHER)
        raise StoreError(f"the database address says {unknown[0]!r}, which is not known; known are {known}")
    host, port = url.host or "127.0.0.1", url.port or _PORT
    socket = further.get("unix_socket")
    return Address(
        server=socket or (f"[{host}]:{port}" if ":" in host else f"{host}:{port}"),
        database=url.database,
        user=url.username,
        arguments={
            "host": host,
            "port": port,
            "unix_socket": socket,
            "user": url.username,
            # The driver would take a text for Latin-1; the server takes UTF-8.
            "password": (url.password or "").encode(),
            "database": url.database,
            "charset": "utf8mb4",
            "connect_timeout": CONNECT_SECONDS,
            **(_secured(further) or _open_to_nobody(host, socket)),
        },
    )


def _open_to_nobody(host: str, socket: str | None) -> dict[str, Any]:
    """Return the driver's arguments for a connection that does not leave this machine, or else tries to be secret.

    To be ready for it takes the driver 20 ms each time.
    """
    if host == "localhost":
        return {"ssl_disabled": True}
    try:
        stays = socket is not None or ip_address(host).is_loopback
    except ValueError:
        stays = False
    return {"ssl_disabled": True} if stays else {}


def _secured(further: Mapping[str, str]) -> dict[str, Any]:
    """Return the driver's arguments for a connection that nobody between can read."""
    found: dict[str, Any] = {}
    for name in _FILES:
        if name in further:
            if not Path(further[name]).is_file():
                raise StoreError(f"the file {further[name]} that the database address names as {name} is not there")
            found[name] = further[name]
    for name in _FLAGS:
        if name in further:
            answer = _YES_OR_NO.get(further[name].lower())
            if answer is None:
                raise StoreError(f"the database address says {name}={further[name]}; expected true or false")
            found[name] = answer
    if "ssl_ca" in found:
        # Whoever names the authority wants the server's certificate to be one of it.
        found.setdefault("ssl_verify_cert", True)
    return found
