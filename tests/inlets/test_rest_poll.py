"""Asking an interface over HTTP: being let in, waiting, and giving up with a sentence."""

import asyncio
from collections import deque
from collections.abc import Iterator

import pytest

from calltally.inlets.rest_poll import Basic, RestClient, http_client
from calltally.sources.source import Remote, RemoteError, Request, Response
from tests.stubs.sipgate_api import TOKEN, TOKEN_ID, Account, running

USERS = Request(method="GET", path="/users")
CREATE = Request(method="POST", path="/authorization/oauth2/clients", body=b'{"name": "x"}')


@pytest.fixture
def account() -> Account:
    return Account()


@pytest.fixture
def address(account: Account) -> Iterator[str]:
    with running(account) as found:
        yield found


def ask(address: str, request: Request, *, token: str = TOKEN) -> tuple[Response, list[float]]:
    """Ask once; return the answer and the pauses that were made."""
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    async def run() -> Response:
        async with http_client() as http:
            remote = Remote(base_url=f"{address}/v2/")
            return await RestClient(remote=remote, let_in=Basic(TOKEN_ID, token), http=http, pause=pause)(request)

    return asyncio.run(run()), pauses


@pytest.mark.parametrize(
    # what it answers first    asked  then
    ("failures", "request_", "asked", "status"),
    [
        ((), USERS, 1, 200),
        ((503,), USERS, 2, 200),
        ((429, 500, 502), USERS, 4, 200),
        ((500, 500, 500, 500, 500), USERS, 4, 500),
        ((404,), USERS, 1, 404),
        ((503,), CREATE, 1, 503),
        ((429,), CREATE, 2, 201),
    ],
)
def test_trouble_that_may_pass_is_waited_for_unless_a_repeat_could_do_harm(
    failures: tuple[int, ...], request_: Request, asked: int, status: int, account: Account, address: str
) -> None:
    account.failures[request_.path] = deque(failures)
    answer, pauses = ask(address, request_)
    assert answer.status == status
    assert account.counted()[request_.method, request_.path] == asked
    assert len(pauses) == asked - 1


def test_pauses_grow(account: Account, address: str) -> None:
    account.failures["/users"] = deque([503, 503, 503])
    pauses = ask(address, USERS)[1]
    assert [low <= pause <= high for pause, low, high in zip(pauses, (0.8, 1.6, 3.2), (1.2, 2.4, 4.8), strict=True)]
    assert pauses == sorted(pauses)


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("86400", 60.0)])
def test_the_pause_that_was_asked_for_is_made_within_reason(
    header: str, seconds: float, account: Account, address: str
) -> None:
    account.retry_after = header
    account.failures["/users"] = deque([429])
    assert ask(address, USERS)[1] == [seconds]


def test_a_wrong_password_is_not_tried_twice(account: Account, address: str) -> None:
    answer, pauses = ask(address, USERS, token="wrong")
    assert (answer.status, pauses) == (401, [])
    assert account.counted()["GET", "/users"] == 1


def test_an_interface_that_is_away_is_asked_four_times_and_named() -> None:
    with pytest.raises(RemoteError, match=r"http://127\.0\.0\.1:9/v2 cannot be reached \(ConnectError\)"):
        ask("http://127.0.0.1:9", USERS)


def test_an_address_that_is_none_is_said_to_be_none() -> None:
    with pytest.raises(RemoteError, match="is no address; check `api_url`"):
        ask("http://[::1", USERS)
