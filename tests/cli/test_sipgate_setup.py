"""`calltally sipgate setup` against a stand-in of sipgate, over real HTTP."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from calltally.cli.sipgate_setup import app
from tests.stubs.sipgate_api import TOKEN, TOKEN_ID, Account, running

PUSH = "https://calls.example.org/in/sipgate"
SECRET = "secret-of-1234567-0:sipgate-apps"


@pytest.fixture
def account() -> Account:
    return Account()


@pytest.fixture
def address(account: Account) -> Iterator[str]:
    with running(account) as found:
        yield f"{found}/v2"


def run(folder: Path, address: str, *more: str, told: str | None = None) -> Result:
    """Run the command; of an option given twice the last counts. With `told`, the answers are typed."""
    options = ["setup", "--data", str(folder), "--api-url", address]
    if told is None:
        options += ["--token-id", TOKEN_ID, "--token", TOKEN, "--public-url", "https://calls.example.org/"]
    return CliRunner().invoke(app, [*options, *more], input=told)


def test_everything_as_options_needs_no_question(account: Account, address: str, tmp_path: Path) -> None:
    done = run(tmp_path, address, "--yes")
    assert done.exit_code == 0, done.output
    file = tmp_path / "calltally.toml"
    assert file.read_text() == (
        '[server]\npublic_url = "https://calls.example.org"\n\n'
        f'[sources.sipgate]\napi_url = "{address}"\nclient_id = "1234567-0:sipgate-apps"\n'
        f'client_secret = "{SECRET}"\nrealm = "sipgate-apps"\n'
    )
    assert file.stat().st_mode & 0o777 == 0o600
    assert account.webhooks == {"incomingUrl": PUSH, "outgoingUrl": PUSH, "log": True, "whitelist": ["p0", "g1"]}
    assert "https://calls.example.org/auth" in done.output


def test_the_person_is_shown_what_will_change_and_asked(account: Account, address: str, tmp_path: Path) -> None:
    account.webhooks["incomingUrl"] = "https://old.example/hook"
    told = f"{TOKEN_ID}\n{TOKEN}\nhttps://calls.example.org\n\ny\n"
    done = run(tmp_path, address, told=told)
    assert done.exit_code == 0, done.output
    assert "sipgate account 1234567" in done.output
    assert f"address for incoming calls\n    before: https://old.example/hook\n    after:  {PUSH}" in done.output
    assert "server.public_url\n    before: -\n    after:  https://calls.example.org" in done.output
    assert TOKEN not in done.output
    assert SECRET not in done.output


def test_no_means_that_nothing_changes(account: Account, address: str, tmp_path: Path) -> None:
    done = run(tmp_path, address, "--realm", "third-party", told=f"{TOKEN_ID}\n{TOKEN}\nhttps://calls.example.org\nn\n")
    assert done.exit_code == 1
    assert "Nothing was changed." in done.output
    assert account.webhooks["incomingUrl"] == ""
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_changes_nothing(account: Account, address: str, tmp_path: Path) -> None:
    done = run(tmp_path, address, "--dry-run", "--yes")
    assert done.exit_code == 0
    assert f"after:  {PUSH}" in done.output
    assert {method for method, _ in account.log} == {"GET"}
    assert list(tmp_path.iterdir()) == []


def test_a_second_run_changes_nothing(account: Account, address: str, tmp_path: Path) -> None:
    run(tmp_path, address, "--yes")
    file = tmp_path / "calltally.toml"
    before = file.read_bytes(), file.stat().st_ino, dict(account.webhooks), list(account.clients)
    account.log.clear()
    done = run(tmp_path, address, "--yes")
    assert done.exit_code == 0
    assert "Everything is as it should be; nothing was changed." in done.output
    assert {method for method, _ in account.log} == {"GET"}
    assert (file.read_bytes(), file.stat().st_ino, dict(account.webhooks), list(account.clients)) == before


def test_the_settings_file_keeps_what_a_person_wrote(address: str, tmp_path: Path) -> None:
    file = tmp_path / "calltally.toml"
    file.write_text(
        '# our phones\n[site]\nname = "Help desk"  # on every page\n\n'
        '[sources.sipgate]\n# nobody else knows it\nsecret = "q7Hc2mVx"\ntoken_id = "old"\ntoken = "old"\n'
    )
    done = run(tmp_path, address, "--yes", "--oauth")
    assert done.exit_code == 0, done.output
    text = file.read_text()
    assert text.startswith(
        '# our phones\n[site]\nname = "Help desk"  # on every page\n\n'
        '[sources.sipgate]\n# nobody else knows it\nsecret = "q7Hc2mVx"\napi_url'
    )
    assert "token" not in text
    assert file.stat().st_mode & 0o777 == 0o600


def test_the_secret_of_the_settings_file_stands_in_the_address(account: Account, address: str, tmp_path: Path) -> None:
    (tmp_path / "calltally.toml").write_text('[sources.sipgate]\nsecret = "q7Hc2mVx"\n')
    run(tmp_path, address, "--yes")
    assert account.webhooks["outgoingUrl"] == f"{PUSH}/q7Hc2mVx"


def test_a_kept_token_goes_into_the_file_and_is_proposed_the_next_time(
    account: Account, address: str, tmp_path: Path
) -> None:
    assert run(tmp_path, address, "--yes", "--keep-token").exit_code == 0
    assert f'token_id = "{TOKEN_ID}"\ntoken = "{TOKEN}"\n' in (tmp_path / "calltally.toml").read_text()
    assert account.clients == []
    again = run(tmp_path, address, told="\n\n\n")
    assert "nothing was changed" in again.output
    assert again.exit_code == 0


@pytest.mark.parametrize(
    ("way", "scope", "other"),
    [
        ("--keep-token", "history:read", "authorization:oauth2:clients:write"),
        ("--oauth", "authorization:oauth2:clients:write", "history:read"),
    ],
)
def test_the_scopes_that_are_asked_for_are_those_that_the_chosen_way_needs(
    way: str, scope: str, other: str, address: str, tmp_path: Path
) -> None:
    told = f"{TOKEN_ID}\n{TOKEN}\nhttps://calls.example.org\n\nn\n"
    asked = run(tmp_path, address, way, told=told).output.partition("Token id")[0]
    assert "settings:sipgateio:write" in asked
    assert scope in asked
    assert other not in asked


@pytest.mark.parametrize(
    ("options", "status", "words"),
    [
        (("--token", "wrong"), 1, "sipgate does not accept the token (GET /authorization/userinfo: 401)"),
        (("--public-url", "https://bad.example"), 1, "sipgate refuses the address 'https://bad.example/in/sipgate'"),
        (("--public-url", "calls"), 2, "the public address 'calls' is none"),
        (("--token", ""), 2, "--token is missing; with --yes nothing is asked"),
        (("--api-url", "http://127.0.0.1:9/v2"), 1, "http://127.0.0.1:9/v2 cannot be reached"),
    ],
)
def test_what_goes_wrong_is_one_sentence(
    options: tuple[str, ...], status: int, words: str, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("calltally.inlets.rest_poll.FIRST_PAUSE_SECONDS", 0.0)
    done = run(tmp_path, address, "--yes", *options)
    assert done.exit_code == status
    assert words in done.stderr
    assert "Traceback" not in done.output
    assert not (tmp_path / "calltally.toml").exists()


def test_a_missing_scope_is_named(account: Account, address: str, tmp_path: Path) -> None:
    account.scopes.remove("settings:sipgateio:write")
    done = run(tmp_path, address, "--yes")
    assert done.exit_code == 1
    assert "the token lacks the scope settings:sipgateio:write" in done.stderr


def test_a_settings_file_that_is_no_toml_stops_it_before_anything_is_asked(
    account: Account, address: str, tmp_path: Path
) -> None:
    (tmp_path / "calltally.toml").write_text("[server\n")
    done = run(tmp_path, address, "--yes")
    assert done.exit_code == 1
    assert "is no TOML" in done.stderr
    assert account.log == []
