"""The way into a phone system's interface, as its settings say it."""

import asyncio
from pathlib import Path

import pytest

from calltally.inlets.rest_poll import http_client
from calltally.inlets.way_in import WayIn, way_in
from calltally.sources.source import Grant, Remote, Request
from tests.inlets.signing_in import Clock, MemoryValues
from tests.stubs.sipgate_api import TOKEN, TOKEN_ID, Account, running

GRANT = Grant(
    authorize_url="https://login.example/auth",
    token_url="https://login.example/token",
    client_id="client-1",
    client_secret="made-up",
    scopes=("numbers:read",),
)


@pytest.mark.parametrize("public_url", ["https://calls.example.org", "https://calls.example.org/"])
def test_d28_codes_come_back_to_the_public_address(public_url: str, tmp_path: Path) -> None:
    async def work() -> str:
        async with http_client() as http:
            remote = Remote(base_url="https://api.example/v2", grant=GRANT)
            way = way_in(
                "sipgate",
                remote,
                public_url=public_url,
                values=MemoryValues(),
                folder=tmp_path,
                http=http,
                clock_us=Clock(),
            )
            assert way.sign_in is not None
            return way.sign_in.address("s")

    assert "redirect_uri=https%3A%2F%2Fcalls.example.org%2Fauth-code&" in asyncio.run(work())


def test_a_token_needs_no_sign_in(tmp_path: Path) -> None:
    async def work(address: str) -> tuple[WayIn, int]:
        async with http_client() as http:
            way = way_in(
                "sipgate",
                Remote(base_url=f"{address}/v2", user=TOKEN_ID, password=TOKEN),
                public_url="https://calls.example.org",
                values=MemoryValues(),
                folder=tmp_path,
                http=http,
                clock_us=Clock(),
            )
            return way, (await way.fetch(Request(method="GET", path="/users"))).status

    with running(Account()) as address:
        way, status = asyncio.run(work(address))
    assert (way.sign_in, status) == (None, 200)
    assert list(tmp_path.iterdir()) == []
