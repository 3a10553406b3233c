"""From where a request may come: which names this service answers to, and which pages may change something here.

A browser sends the name that it was told in `Host`, and the page that asked in `Origin`. A page of somebody else whose
name suddenly leads to this machine, or which posts a form here, gives itself away by these two.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

_DEFAULT_PORTS = {"http": ":80", "https": ":443"}
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the service is found.

    Attributes:
        listen_host: the host part of `server.listen`, or where the port of a container is published.
        machine: the name of this machine, without a domain.
        needs_password: a password guards pages and API.
        is_open: everyone may look, on purpose.
        command: what the operator types before the name of a command.
        is_in_container: the containers beside this one may look too; they call it by the name of its machine.
    """

    listen_host: str
    public_url: str | None
    machine: str
    needs_password: bool
    is_open: bool
    command: str = "calltally"
    is_in_container: bool = False

    @property
    def is_tls(self) -> bool:
        """Whether people reach the service by https."""
        return bool(self.public_url and self.public_url.startswith("https://"))


def host_of(header: str) -> str:
    """Return the name or address in a Host header, without port, brackets and final dot."""
    name = header.strip().lower()
    name = name[1:].partition("]")[0] if name.startswith("[") else name.partition(":")[0]
    return name.removesuffix(".")


def is_loopback(host: str) -> bool:
    """Whether a name or address can only mean the machine itself."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def stranger(place: Place, headers: Mapping[str, str]) -> str | None:
    """Return why a request without a login is not answered, as a sentence; `None` if it may be.

    Where a password is asked for, a wrong name gains nothing, for no cookie is sent with it.
    """
    if place.needs_password or "host" not in headers:
        return None
    host = host_of(headers["host"])
    if is_loopback(place.listen_host) and not place.is_open:
        is_neighbour = place.is_in_container and host == place.machine.lower()
        if (is_loopback(host) or is_neighbour) and not _came_from_afar(headers):
            return None
        return (
            "Without a password, calltally shows its pages on this machine only. Set one by the command "
            "`calltally password`, or let everyone in by server.open = true."
        )
    public = urlsplit(place.public_url).hostname if place.public_url else None
    known = {place.listen_host.lower(), public, place.machine.lower()}
    if is_loopback(host) or _is_address(host) or host in known or host.partition(".")[0] == place.machine.lower():
        return None
    return (
        f"calltally does not know the name {host[:80]!r}. If it is reached by this name, set server.public_url to it."
    )


def _came_from_afar(headers: Mapping[str, str]) -> bool:
    """Whether a proxy says that the one who asks is not on this machine."""
    hops = ",".join(headers[name] for name in ("x-forwarded-for", "x-real-ip") if name in headers)
    return "forwarded" in headers or any(not is_loopback(hop.strip()) for hop in hops.split(",") if hop.strip())


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def is_change(method: str) -> bool:
    """Whether a request of this method may change something."""
    return method not in _SAFE_METHODS


def is_own_page(place: Place, headers: Mapping[str, str]) -> bool:
    """Whether a change is asked for by a page of this service, or by a program that is no browser."""
    origin = headers.get("origin")
    if origin is None:
        return headers.get("sec-fetch-site", "none") in {"none", "same-origin"}
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    if parts.scheme not in _DEFAULT_PORTS or not parts.netloc:
        return False
    own = {_plain(parts.scheme, headers.get("host", ""))}
    if place.public_url:
        public = urlsplit(place.public_url)
        own |= {_plain(public.scheme, public.netloc)} if public.scheme == parts.scheme else set()
    return _plain(parts.scheme, parts.netloc) in own


def _plain(scheme: str, netloc: str) -> str:
    return netloc.lower().removesuffix(_DEFAULT_PORTS[scheme])
