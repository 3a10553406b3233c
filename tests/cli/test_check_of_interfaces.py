"""`calltally check` tries whether a phone system lets it in, against a stand-in over real HTTP."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from calltally.cli.main import app
from tests.stubs.sipgate_api import TOKEN, TOKEN_ID, Account, running

TOKENS = f'token_id = "{TOKEN_ID}"\ntoken = "{TOKEN}"\n'
CLIENT = 'client_id = "1234567-0:sipgate-apps"\nclient_secret = "made-up"\n'


@pytest.fixture
def account() -> Account:
    return Account()


@pytest.fixture
def address(account: Account) -> Iterator[str]:
    with running(account) as found:
        yield f"{found}/v2"


def check(folder: Path, address: str, keys: str) -> tuple[int, str]:
    """Return the exit status, and the line about sipgate's interface."""
    (folder / "calltally.toml").write_text(
        f'[server]\nlisten = "127.0.0.1:0"\n[sources.sipgate]\napi_url = "{address}"\n{keys}', encoding="utf-8"
    )
    done = CliRunner().invoke(app, ["check", "--data", str(folder)])
    return done.exit_code, next(line for line in done.output.splitlines() if "interface of sipgate" in line)


@pytest.mark.parametrize(
    ("keys", "status", "said"),
    [
        (TOKENS, 0, "ok       interface of sipgate: lets calltally in"),
        (TOKENS.replace(TOKEN, "wrong"), 1, "sipgate does not accept the token"),
        (CLIENT, 1, "Nobody has signed in yet. Start the service, and open http://127.0.0.1:0/auth once."),
        ("", 0, "no token and no sign-in is set"),
    ],
)
def test_the_way_into_the_interface_is_tried(keys: str, status: int, said: str, address: str, tmp_path: Path) -> None:
    ended, line = check(tmp_path, address, keys)
    assert ended == status
    assert said in line


def test_a_permission_that_is_missing_is_named(account: Account, address: str, tmp_path: Path) -> None:
    account.scopes.remove("users:read")
    status, line = check(tmp_path, address, TOKENS)
    assert status == 1
    assert "users:read" in line


def test_an_interface_that_cannot_be_reached_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("calltally.inlets.rest_poll.FIRST_PAUSE_SECONDS", 0.0)
    status, line = check(tmp_path, "http://127.0.0.1:9/v2", TOKENS)
    assert status == 1
    assert "http://127.0.0.1:9/v2 cannot be reached" in line


def test_trying_a_token_changes_nothing_at_the_phone_system(account: Account, address: str, tmp_path: Path) -> None:
    check(tmp_path, address, TOKENS)
    assert {method for method, _ in account.log} == {"GET"}
