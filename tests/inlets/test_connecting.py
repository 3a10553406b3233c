"""The connection to a phone system's interface as its settings say it, with tokens in a real database."""

import asyncio
from pathlib import Path

import httpx2
import pytest

from calltally.engine.values import StoredValues
from calltally.inlets.connecting import Connection, connect
from calltally.inlets.rest_poll import http_client
from calltally.inlets.vault import Vault
from calltally.sources.source import Grant, Remote, Request
from calltally.store.open import open_store
from calltally.store.store import Store
from tests.inlets.signing_in import Clock
from tests.stubs.sipgate_api import REALM, TOKEN, TOKEN_ID, Account, running


@pytest.fixture
def account() -> Account:
    return Account(codes={"code-1"})


def by_oauth2(address: str) -> Remote:
    """Return what settings with an OAuth2 client say."""
    realm = f"{address}/auth/realms/{REALM}/protocol/openid-connect"
    grant = Grant(
        authorize_url=f"{realm}/auth",
        token_url=f"{realm}/token",
        client_id="client-1",
        client_secret="made-up-secret",
        scopes=("numbers:read",),
    )
    return Remote(base_url=f"{address}/v2", grant=grant)


def connection(remote: Remote, store: Store, folder: Path, http: httpx2.AsyncClient) -> Connection:
    """Connect as the service does."""
    return connect(
        remote,
        name="sipgate",
        public_url="https://calls.example.org",
        vault=Vault(values=StoredValues(store), folder=folder),
        http=http,
        clock_us=Clock(),
        perform=asyncio.to_thread,
        me="this-process",
    )


@pytest.mark.parametrize(("old", "expected"), [(b"a", b"b"), (b"x", b"a"), (b"", b"a")])
def test_a_value_is_swapped_only_for_the_one_that_is_there(old: bytes, expected: bytes, tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "calltally.db"), zone="UTC")
    values = StoredValues(store)
    assert not values.swap("tokens", b"a", b"b")
    values.set("tokens", b"a")
    assert values.swap("tokens", old, b"b") == (expected == b"b")
    assert values.get("tokens") == expected
    store.close()


def test_d27_tokens_cannot_be_read_in_the_files_of_the_database(account: Account, tmp_path: Path) -> None:
    file = tmp_path / "calltally.db"

    async def sign_in(address: str, store: Store) -> int:
        async with http_client() as http:
            connected = connection(by_oauth2(address), store, tmp_path, http)
            assert connected.sign_in is not None
            await connected.sign_in.exchange("code-1")
            return (await connected.fetch(Request(method="GET", path="/users"))).status

    with running(account) as address:
        store = open_store(str(file), zone="UTC")
        assert asyncio.run(sign_in(address, store)) == 200
        on_disk = b"".join(part.read_bytes() for part in tmp_path.glob("calltally.db*"))
        store.close()
    on_disk += file.read_bytes()
    assert b"sign_in/sipgate" in on_disk
    for secret in (b"access-1", b"refresh-1", b"made-up-secret"):
        assert secret not in on_disk


def test_a_sign_in_outlives_a_restart(account: Account, tmp_path: Path) -> None:
    async def with_store(address: str, code: str | None) -> int:
        store = open_store(str(tmp_path / "calltally.db"), zone="UTC")
        async with http_client() as http:
            connected = connection(by_oauth2(address), store, tmp_path, http)
            if code is not None and connected.sign_in is not None:
                await connected.sign_in.exchange(code)
            status = (await connected.fetch(Request(method="GET", path="/users"))).status
        store.close()
        return status

    with running(account) as address:
        assert [asyncio.run(with_store(address, code)) for code in ("code-1", None)] == [200, 200]
    assert account.refreshes == 1


def test_d28_codes_come_back_to_the_public_address(tmp_path: Path) -> None:
    async def address_of(store: Store) -> str:
        async with http_client() as http:
            connected = connection(by_oauth2("https://login.example"), store, tmp_path, http)
            assert connected.sign_in is not None
            return connected.sign_in.address("state")

    store = open_store(str(tmp_path / "calltally.db"), zone="UTC")
    address = asyncio.run(address_of(store))
    store.close()
    assert "redirect_uri=https%3A%2F%2Fcalls.example.org%2Fauth-code&" in address


def test_a_token_needs_no_sign_in_and_no_key(account: Account, tmp_path: Path) -> None:
    async def ask(address: str, store: Store) -> int:
        async with http_client() as http:
            remote = Remote(base_url=f"{address}/v2", user=TOKEN_ID, password=TOKEN)
            connected = connection(remote, store, tmp_path, http)
            assert connected.sign_in is None
            return (await connected.fetch(Request(method="GET", path="/users"))).status

    with running(account) as address:
        store = open_store(str(tmp_path / "calltally.db"), zone="UTC")
        assert asyncio.run(ask(address, store)) == 200
        store.close()
    assert not (tmp_path / "secret.key").exists()
