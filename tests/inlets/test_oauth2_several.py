"""Several processes with one sign-in: one renews it at a time, and no token that works is lost or written over."""

import asyncio
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from calltally.inlets.oauth2 import PATIENCE_SECONDS, Tokens
from calltally.sources.source import RemoteError
from calltally.store.store import StoreError
from tests.inlets.signing_in import Site, at
from tests.stubs.sipgate_api import REALM, Account, running

TOKEN_PATH = f"/auth/realms/{REALM}/protocol/openid-connect/token"
KEPT_AS = "sign_in/sipgate"
LATER_US = 400_000_000
"""Longer than an access token lives."""


@pytest.fixture
def account() -> Account:
    return Account(codes={"code-1", "code-2"})


@pytest.fixture
def address(account: Account) -> Iterator[str]:
    with running(account) as found:
        yield found


def test_of_many_processes_one_renews_and_the_others_wait_for_it(
    account: Account, address: str, tmp_path: Path
) -> None:
    async def work(site: Site) -> set[str]:
        renewed = asyncio.Event()

        async def until_renewed(_seconds: float) -> None:
            await renewed.wait()

        async def authorization(me: str) -> str:
            header = await site.oauth2(me=me, pause=until_renewed).authorization()
            renewed.set()
            return header

        await site.oauth2().exchange("code-1")
        site.clock.now_us += LATER_US
        return set(await asyncio.gather(*(authorization(str(number)) for number in range(8))))

    assert at(address, tmp_path, work) == {"Bearer access-2"}
    assert (account.refreshes, account.reused) == (2, 0)


def test_a_process_that_was_killed_while_it_renewed_holds_the_others_up_for_a_minute(
    address: str, tmp_path: Path
) -> None:
    async def work(site: Site) -> float:
        await site.oauth2().exchange("code-1")
        kept = site.vault().take(KEPT_AS)
        assert kept is not None
        claimed = msgspec.structs.replace(msgspec.json.decode(kept, type=Tokens), renewing="killed")
        site.vault().put(KEPT_AS, msgspec.json.encode(claimed))
        assert await site.oauth2().authorization() == "Bearer access-1"
        site.clock.now_us += LATER_US
        assert site.pauses == []
        assert await site.oauth2().authorization() == "Bearer access-2"
        return sum(site.pauses)

    assert at(address, tmp_path, work) == PATIENCE_SECONDS


def test_a_process_that_could_not_renew_leaves_it_to_the_others_at_once(
    account: Account, address: str, tmp_path: Path
) -> None:
    async def work(site: Site) -> None:
        one, two = site.oauth2(me="one"), site.oauth2(me="two")
        await one.exchange("code-1")
        site.clock.now_us += LATER_US
        account.failures[TOKEN_PATH] = deque([503])
        with pytest.raises(RemoteError, match="try again later"):
            await one.authorization()
        assert await two.authorization() == "Bearer access-2"
        assert site.pauses == []

    at(address, tmp_path, work)
    assert account.reused == 0


def test_a_renewed_token_that_could_not_be_stored_is_stored_although_another_process_asks_by_now(
    account: Account, address: str, tmp_path: Path
) -> None:
    async def work(site: Site) -> None:
        one, two = site.oauth2(me="one"), site.oauth2(me="two")
        await one.exchange("code-1")
        site.clock.now_us += LATER_US
        site.values.room = 1  # for the note of who renews
        with pytest.raises(StoreError, match="full"):
            await one.authorization()
        site.values.room = 100
        await one.settle()
        assert await two.authorization() == "Bearer access-2"
        assert site.pauses == []

    at(address, tmp_path, work)
    assert account.reused == 0


def test_who_signs_in_anew_is_not_written_over_by_a_renewal_of_before(
    account: Account, address: str, tmp_path: Path
) -> None:
    async def work(site: Site) -> None:
        one, two = site.oauth2(me="one"), site.oauth2(me="two")
        await one.exchange("code-1")
        site.clock.now_us += LATER_US
        site.values.room = 1
        with pytest.raises(StoreError, match="full"):
            await one.authorization()
        site.values.room = 100
        await two.exchange("code-2")
        assert await one.authorization() == "Bearer access-3"

    at(address, tmp_path, work)
    assert account.reused == 0


def test_tokens_that_an_earlier_version_has_stored_are_renewed(address: str, tmp_path: Path) -> None:
    async def work(site: Site) -> str:
        await site.oauth2().exchange("code-1")
        kept = site.vault().take(KEPT_AS)
        assert kept is not None
        # Its fields were these, in this order.
        assert list(msgspec.json.decode(kept, type=dict[str, str | int])) == ["client", "access", "refresh", "until_us"]
        site.clock.now_us += LATER_US
        return await site.oauth2().authorization()

    assert at(address, tmp_path, work) == "Bearer access-2"
