"""Sign-in by OAuth2: codes, rotation of tokens, one refresh at a time, and nothing in plain text."""

import asyncio
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from calltally.engine.sign_in import KEY_FILE, SignInError
from calltally.inlets.vault import VaultError
from calltally.sources.source import RemoteError, Request
from tests.inlets.signing_in import Site, at
from tests.stubs.sipgate_api import REALM, Account, running

NUMBERS = Request(method="GET", path="/numbers", permission="numbers:read")
TOKEN_PATH = f"/auth/realms/{REALM}/protocol/openid-connect/token"


@pytest.fixture
def account() -> Account:
    return Account(codes={"code-1"})


@pytest.fixture
def address(account: Account) -> Iterator[str]:
    with running(account) as found:
        yield found


def test_the_address_to_say_yes_at_names_client_way_back_scopes_and_state(tmp_path: Path) -> None:
    async def work(site: Site) -> str:
        return site.oauth2().address("one-time-state")

    asked = urlsplit(at("https://login.example", tmp_path, work))
    assert asked.path == f"/auth/realms/{REALM}/protocol/openid-connect/auth"
    assert parse_qs(asked.query) == {
        "response_type": ["code"],
        "client_id": ["client-1"],
        "redirect_uri": ["https://calls.example.org/auth-code"],
        "scope": ["numbers:read history:read"],
        "state": ["one-time-state"],
    }


def test_d27_no_token_can_be_read_in_what_is_stored(account: Account, address: str, tmp_path: Path) -> None:
    async def work(site: Site) -> dict[str, bytes]:
        await site.oauth2().exchange("code-1")
        return site.values.kept

    kept = at(address, tmp_path, work)
    assert list(kept) == ["sign_in/sipgate"]
    stored = b"".join(kept.values())
    assert b"access-1" not in stored
    assert b"refresh-1" not in stored
    assert account.refreshes == 1
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600


def test_tokens_outlive_a_restart(address: str, tmp_path: Path) -> None:
    async def work(site: Site) -> str:
        await site.oauth2().exchange("code-1")
        return await site.oauth2().authorization()

    assert at(address, tmp_path, work) == "Bearer access-1"


def test_d20_a_bad_code_is_an_error_with_advice_and_changes_nothing(address: str, tmp_path: Path) -> None:
    async def work(site: Site) -> dict[str, bytes]:
        with pytest.raises(SignInError, match="used up or too old; open /auth"):
            await site.oauth2().exchange("code-of-somebody-else")
        return site.values.kept

    assert at(address, tmp_path, work) == {}


def test_a_wrong_client_secret_is_said_to_be_one(address: str, tmp_path: Path) -> None:
    async def work(site: Site) -> None:
        with pytest.raises(SignInError, match="does not know client_id and client_secret, or not in this realm"):
            await site.oauth2(client_secret="not-the-secret").exchange("code-1")

    at(address, tmp_path, work)


def test_nobody_signed_in_is_said_so(address: str, tmp_path: Path) -> None:
    async def work(site: Site) -> None:
        with pytest.raises(SignInError, match="nobody has signed in yet; open /auth"):
            await site.client(site.oauth2())(NUMBERS)
        assert not await site.oauth2().is_signed_in()

    at(address, tmp_path, work)


def test_a_token_is_renewed_before_it_ends_and_its_successor_is_stored_first(
    account: Account, address: str, tmp_path: Path
) -> None:
    async def work(site: Site) -> tuple[str, str]:
        oauth2 = site.oauth2()
        await oauth2.exchange("code-1")
        first = await oauth2.authorization()
        site.clock.now_us += 280_000_000
        second = await oauth2.authorization()
        # Signed in; noted who renews; renewed.
        assert site.values.writes == ["sign_in/sipgate"] * 3
        assert await site.oauth2().authorization() == second
        return first, second

    assert at(address, tmp_path, work) == ("Bearer access-1", "Bearer access-2")
    assert account.reused == 0


def test_d25_twenty_refused_requests_at_once_cause_one_refresh(account: Account, address: str, tmp_path: Path) -> None:
    async def work(site: Site) -> list[int]:
        oauth2 = site.oauth2()
        await oauth2.exchange("code-1")
        account.access_tokens.clear()
        client = site.client(oauth2)
        answers = await asyncio.gather(*(client(NUMBERS) for _ in range(20)))
        return [answer.status for answer in answers]

    assert at(address, tmp_path, work) == [200] * 20
    assert account.refreshes == 2
    assert account.reused == 0


def test_a_sign_in_that_has_ended_is_asked_for_once_and_then_waits_for_a_person(
    account: Account, address: str, tmp_path: Path
) -> None:
    async def work(site: Site) -> None:
        oauth2 = site.oauth2()
        await oauth2.exchange("code-1")
        account.refresh_token = "withdrawn"
        site.clock.now_us += 400_000_000
        for _ in range(3):
            with pytest.raises(SignInError, match="open /auth"):
                await oauth2.authorization()
        account.codes.add("code-2")
        await oauth2.exchange("code-2")
        assert await oauth2.authorization() == "Bearer access-2"

    at(address, tmp_path, work)
    assert account.reused == 1


def test_a_token_that_could_not_be_stored_is_stored_before_its_next_use(
    account: Account, address: str, tmp_path: Path
) -> None:
    async def work(site: Site) -> None:
        oauth2 = site.oauth2()
        await oauth2.exchange("code-1")
        site.clock.now_us += 400_000_000
        key = tmp_path / KEY_FILE
        kept = key.read_bytes()
        key.write_bytes(b"not a key")
        with pytest.raises(VaultError, match="holds no key"):
            await oauth2.authorization()
        key.write_bytes(kept)
        assert await oauth2.authorization() == "Bearer access-2"
        assert await site.oauth2().authorization() == "Bearer access-2"

    at(address, tmp_path, work)
    assert account.reused == 0


def test_the_tokens_of_another_client_are_not_used(address: str, tmp_path: Path) -> None:
    async def work(site: Site) -> None:
        await site.oauth2().exchange("code-1")
        site.address = "https://login.elsewhere.example"
        with pytest.raises(SignInError, match="nobody has signed in yet"):
            await site.oauth2().authorization()

    at(address, tmp_path, work)


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (503, RemoteError, "something unexpected \\(503\\); try again later"),
        (200, RemoteError, "something unexpected \\(200\\)"),
        (400, SignInError, "refused the sign-in \\(400\\)"),
    ],
)
def test_an_odd_answer_to_a_code_is_a_sentence(
    status: int, kind: type[Exception], words: str, account: Account, address: str, tmp_path: Path
) -> None:
    account.failures[TOKEN_PATH] = deque([status])

    async def work(site: Site) -> None:
        with pytest.raises(kind, match=words):
            await site.oauth2().exchange("code-1")

    at(address, tmp_path, work)


def test_an_unreachable_sign_in_is_said_to_be_one(tmp_path: Path) -> None:
    async def work(site: Site) -> None:
        with pytest.raises(RemoteError, match="cannot be reached"):
            await site.oauth2().exchange("code-1")

    at("http://127.0.0.1:9", tmp_path, work)


def test_tokens_do_not_show_when_printed(address: str, tmp_path: Path) -> None:
    async def work(site: Site) -> str:
        return repr(site.grant())

    assert "made-up-secret" not in at(address, tmp_path, work)
