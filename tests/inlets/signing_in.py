"""What tests of the sign-in share: values in memory, and a client of the stand-in's."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import RLock
from typing import TypeVar

import httpx2

from calltally.inlets.oauth2 import OAuth2
from calltally.inlets.rest_poll import Pause, RestClient, http_client
from calltally.inlets.vault import Vault
from calltally.sources.source import Grant, Remote
from calltally.store.store import StoreError
from tests.stubs.sipgate_api import REALM

T = TypeVar("T")

NOW_US = 1_795_181_529_000_000


@dataclass(slots=True)
class MemoryValues:
    """Values in memory, each write on record; `room` says how many more there is space for."""

    kept: dict[str, bytes] = field(default_factory=dict)
    writes: list[str] = field(default_factory=list)
    room: int = 100
    _lock: RLock = field(default_factory=RLock)

    def get(self, key: str) -> bytes | None:
        """Return a value."""
        return self.kept.get(key)

    def set(self, key: str, value: bytes | None) -> None:
        """Keep or forget a value."""
        if self.room == 0:
            raise StoreError("the disk is full")
        self.room -= 1
        self.writes.append(key)
        if value is None:
            self.kept.pop(key, None)
        else:
            self.kept[key] = value

    def swap(self, key: str, old: bytes, new: bytes) -> bool:
        """Keep a value in place of an old one."""
        with self._lock:
            is_there = self.kept.get(key) == old
            if is_there:
                self.set(key, new)
        return is_there


@dataclass(slots=True)
class Clock:
    """A clock that stands still until it is moved."""

    now_us: int = NOW_US

    def __call__(self) -> int:
        """Return the time."""
        return self.now_us


@dataclass(slots=True, kw_only=True)
class Site:
    """A calltally with an OAuth2 client at the stand-in."""

    address: str
    folder: Path
    http: httpx2.AsyncClient
    values: MemoryValues = field(default_factory=MemoryValues)
    clock: Clock = field(default_factory=Clock)
    pauses: list[float] = field(default_factory=list)

    def grant(self, *, client_secret: str = "made-up-secret") -> Grant:
        """Return the site's client."""
        realm = f"{self.address}/auth/realms/{REALM}/protocol/openid-connect"
        return Grant(
            authorize_url=f"{realm}/auth",
            token_url=f"{realm}/token",
            client_id="client-1",
            client_secret=client_secret,
            scopes=("numbers:read", "history:read"),
        )

    def vault(self) -> Vault:
        """Return a vault over the values."""
        return Vault(values=self.values, folder=self.folder)

    def oauth2(self, *, client_secret: str = "made-up-secret", me: str = "one", pause: Pause | None = None) -> OAuth2:
        """Return the sign-in as a service begins with it."""
        return OAuth2(
            name="sipgate",
            grant=self.grant(client_secret=client_secret),
            redirect_uri="https://calls.example.org/auth-code",
            vault=self.vault(),
            http=self.http,
            clock_us=self.clock,
            me=me,
            pause=pause or self.pause,
        )

    def client(self, oauth2: OAuth2) -> RestClient:
        """Return what asks the interface."""
        remote = Remote(base_url=f"{self.address}/v2", grant=self.grant())
        return RestClient(remote=remote, let_in=oauth2, http=self.http, pause=self.pause)

    async def pause(self, seconds: float) -> None:
        """Note a pause instead of making it."""
        self.pauses.append(seconds)


def at(address: str, folder: Path, work: Callable[[Site], Awaitable[T]]) -> T:
    """Run something with a site, in an event loop of its own."""

    async def run() -> T:
        async with http_client() as http:
            return await work(Site(address=address, folder=folder, http=http))

    return asyncio.run(run())
