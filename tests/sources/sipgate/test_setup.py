"""The setup of a sipgate account against a stand-in: what is planned, what is changed, and what is left alone."""

import asyncio
from collections.abc import Iterator, Mapping

import msgspec
import pytest

from calltally.engine.converse import converse
from calltally.inlets.rest_poll import connected
from calltally.sources.sipgate.setup import SETUP
from calltally.sources.source import Plan, RemoteError
from tests.stubs.sipgate_api import TOKEN, TOKEN_ID, Account, running

PUSH = "https://calls.example.org/in/sipgate"
BACK = "https://calls.example.org/auth-code"


@pytest.fixture
def account() -> Account:
    return Account()


@pytest.fixture
def answers(account: Account) -> Iterator[dict[str, str]]:
    with running(account) as address:
        yield {
            "token_id": TOKEN_ID,
            "token": TOKEN,
            "public_url": "https://calls.example.org/",
            "api_url": f"{address}/v2",
        }


def plan_of(answers: Mapping[str, str]) -> Plan:
    async def run() -> Plan:
        async with connected(SETUP.remote(answers)) as fetch:
            return await converse(SETUP.survey(answers), fetch)

    return asyncio.run(run())


def carry_out(answers: Mapping[str, str]) -> Mapping[str, str]:
    plan = plan_of(answers)

    async def run() -> Mapping[str, str]:
        async with connected(SETUP.remote(answers)) as fetch:
            return await converse(plan.carry_out(), fetch)

    return asyncio.run(run())


def changes_of(answers: Mapping[str, str]) -> list[tuple[str, str, str]]:
    return [(change.what, change.before, change.after) for change in plan_of(answers).changes]


def written(account: Account) -> list[tuple[str, str]]:
    return [(method, path) for method, path in account.log if method != "GET"]


def test_the_plan_says_what_will_change_and_changes_nothing(account: Account, answers: dict[str, str]) -> None:
    account.webhooks["incomingUrl"] = "https://user:password@old.example/hook"
    assert changes_of(answers) == [
        ("address for incoming calls", "https://user:***@old.example/hook", PUSH),
        ("address for outgoing calls", "", PUSH),
        ("OAuth2 client calltally", "", f"leads back to {BACK}"),
    ]
    assert plan_of(answers).account == "1234567"
    assert written(account) == []


def test_carrying_out_sets_both_addresses_and_leaves_every_other_field(
    account: Account, answers: dict[str, str]
) -> None:
    keys = carry_out(answers)
    assert account.webhooks == {"incomingUrl": PUSH, "outgoingUrl": PUSH, "log": True, "whitelist": ["p0", "g1"]}
    assert keys == {
        "client_id": "1234567-0:sipgate-apps",
        "client_secret": "secret-of-1234567-0:sipgate-apps",
        "realm": "sipgate-apps",
    }
    assert account.clients[0]["redirectUris"] == [BACK]


def test_a_second_run_changes_nothing(account: Account, answers: dict[str, str]) -> None:
    first = carry_out(answers)
    account.log.clear()
    assert plan_of(answers).changes == ()
    assert carry_out(answers) == first
    assert written(account) == []


def test_a_client_of_our_name_is_given_the_new_way_back(account: Account, answers: dict[str, str]) -> None:
    account.clients.append(
        {
            "clientId": "old",
            "clientSecret": "made-up",
            "name": "calltally",
            "description": "kept",
            "redirectUris": ["https://before.example/auth-code"],
        }
    )
    expected = f"https://before.example/auth-code, {BACK}"
    assert changes_of(answers)[2][1:] == ("https://before.example/auth-code", expected)
    assert carry_out(answers)["client_id"] == "old"
    assert account.clients[0]["description"] == "kept"
    assert account.clients[0]["redirectUris"] == expected.split(", ")
    assert len(account.clients) == 1


def test_a_client_that_leads_back_to_us_is_used_whatever_its_name(account: Account, answers: dict[str, str]) -> None:
    account.clients.append({"clientId": "theirs", "clientSecret": "s", "name": "Board", "redirectUris": [BACK]})
    assert [what for what, _, _ in changes_of(answers)] == ["address for incoming calls", "address for outgoing calls"]
    assert carry_out(answers) == {"client_id": "theirs", "client_secret": "s", "realm": "sipgate-apps"}


def test_a_kept_token_needs_no_client(account: Account, answers: dict[str, str]) -> None:
    account.scopes -= {"authorization:oauth2:clients:read", "authorization:oauth2:clients:write"}
    assert carry_out(answers | {"access": "token"}) == {"token_id": TOKEN_ID, "token": TOKEN}
    assert account.clients == []


def test_secret_and_password_stand_in_the_address_and_the_password_is_not_shown(
    account: Account, answers: dict[str, str]
) -> None:
    more = {"secret": "q7Hc2mVx", "user": "sipgate", "password": "p@ss word", "access": "token"}
    assert changes_of(answers | more)[0][2] == "https://sipgate:***@calls.example.org/in/sipgate/q7Hc2mVx"
    carry_out(answers | more)
    address = "https://sipgate:p%40ss%20word@calls.example.org/in/sipgate/q7Hc2mVx"
    assert msgspec.json.decode(account.bodies[-1])["incomingUrl"] == address


def test_d28_the_way_back_is_the_public_address_and_not_this_machine(answers: dict[str, str]) -> None:
    assert "https://desk.example.com:8443/tally/auth-code" in str(
        plan_of(answers | {"public_url": "https://desk.example.com:8443/tally"}).changes
    )


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("token_id", "", "token_id is missing; expected is token-ABC123"),
        ("token", "  ", "token is missing"),
        ("public_url", "", "expected is something like https://calls.example.org"),
        ("public_url", "calls.example.org", "the public address 'calls.example.org' is none"),
        ("public_url", "ftp://calls.example.org", "is none"),
        ("public_url", "https://calls.example.org/?a=b", "is none"),
        ("public_url", "https://calls example.org", "is none"),
        ("public_url", "https://calls.example.org:notaport", "is none"),
        ("secret", "two words", "secret: found a value, expected up to 200 letters"),
        ("api_url", "api.sipgate.com", "api_url: found 'api.sipgate.com', expected an address"),
    ],
)
def test_an_answer_that_cannot_be_right_is_said_before_anything_is_asked(key: str, value: str, words: str) -> None:
    answers = {"token_id": TOKEN_ID, "token": TOKEN, "public_url": "https://calls.example.org"}
    with pytest.raises(ValueError, match=words):
        SETUP.remote(answers | {key: value})


def test_a_wrong_token_is_said_to_be_wrong(answers: dict[str, str]) -> None:
    with pytest.raises(RemoteError, match=r"does not accept the token \(GET /authorization/userinfo: 401\)"):
        plan_of(answers | {"token": "wrong"})


@pytest.mark.parametrize(
    "scope",
    [
        "settings:sipgateio:read",
        "settings:sipgateio:write",
        "authorization:oauth2:clients:read",
        "authorization:oauth2:clients:write",
    ],
)
def test_a_missing_scope_is_named(scope: str, account: Account, answers: dict[str, str]) -> None:
    account.scopes.remove(scope)
    with pytest.raises(RemoteError, match=rf"the token lacks the scope {scope}, which .* needs \(403\)"):
        carry_out(answers)


def test_an_address_that_sipgate_refuses_is_said_to_be_refused(account: Account, answers: dict[str, str]) -> None:
    with pytest.raises(RemoteError, match=r"refuses the address 'https://bad.example/in/sipgate' .*\(400\)"):
        carry_out(answers | {"public_url": "https://bad.example"})
    assert account.clients == []


def test_no_token_shows_in_what_a_connection_prints() -> None:
    remote = SETUP.remote({"token_id": TOKEN_ID, "token": TOKEN, "public_url": "https://calls.example.org"})
    assert TOKEN not in repr(remote)
