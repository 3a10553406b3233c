"""The Settings page shows what is set, changes the teams, and keeps what could not be understood within sight."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from argon2 import PasswordHasher

from calltally.engine.credentials import Tokens
from calltally.model.messages import RawMessage
from calltally.serve.web.settings import LARGEST_FORM
from tests.serve.page_world import Pages, pages_of
from tests.serve.told_calls import Told, us

ONE, TWO, THREE = "493023125001", "493023125002", "493023125003"
ADA = "4915112345001"
CALLS = (
    Told(at="2026-11-20 09:00:00", caller=ADA, callee=ONE, rings=10, ends="talks 60"),
    Told(at="2026-11-20 09:05:00", caller=ADA, callee=THREE, rings=50, ends="gives_up"),
)
FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[Pages]:
    with pages_of(
        tmp_path / "data", CALLS, groups=(("g1", "Sales EMEA", (ONE,)),), teams={"Berlin": (ONE, TWO)}
    ) as opened:
        yield opened


def send(pages: Pages, **fields: str) -> tuple[int, str]:
    """Send the form of a team; return the status and where it leads."""
    sent = {"action": "save", "old": "", "name": "", "numbers": "", **fields}
    answer = pages.client.post("/settings/teams", content=urlencode(sent), headers=FORM, follow_redirects=False)
    leads = answer.headers.get("location", "")
    return answer.status_code, leads


def in_file(pages: Pages) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads((pages.site.settings.data / "teams.json").read_text())
    return found


def test_a_team_can_be_added_and_counts_at_once_for_all_time(pages: Pages) -> None:
    status, leads = send(pages, name=" Süd & West ", numbers=f"+{TWO}\r\n+{THREE}\n\n")
    assert (status, leads.partition("#")[2]) == (303, "teams")
    assert in_file(pages)[-1] == {"name": "Süd & West", "numbers": [f"+{TWO}", f"+{THREE}"]}
    assert "The team Süd & West is saved" in pages.get(leads).text()
    found = pages.client.get("/calls", params={"team": "Süd & West", "span": "today"}).text
    assert ">1 call<" in found


def test_a_team_can_be_renamed_and_keeps_its_place(pages: Pages) -> None:
    send(pages, name="Second", numbers=f"+{ONE},+{THREE}")
    send(pages, old="Berlin", name="Berlin Mitte", numbers=f"+{ONE}\n+{TWO}")
    assert [team["name"] for team in in_file(pages)] == ["Berlin Mitte", "Second"]


def test_a_team_can_be_removed(pages: Pages) -> None:
    status, leads = send(pages, action="remove", old="Berlin")
    assert status == 303
    assert in_file(pages) == []
    assert "The team Berlin is removed" in pages.get(leads).text()


WRONG = [
    # fields                                                  what the page says
    ({"name": "One", "numbers": f"+{ONE}"}, "A team needs at least two different numbers."),
    ({"name": "One", "numbers": f"+{ONE}\n+{ONE}"}, "A team needs at least two different numbers."),
    ({"name": "One", "numbers": f"+{ONE}\n00{ONE}"}, "The team 'One' is left out: it has fewer than two numbers."),
    ({"name": " ", "numbers": f"+{ONE}\n+{TWO}"}, "A team needs a name."),
    ({"name": "Other", "numbers": f"+{ONE}\n+{TWO}"}, "no team can be called 'Other'"),
    ({"name": "Berlin", "numbers": f"+{ONE}\n+{TWO}"}, "two teams are called 'Berlin'"),
]


@pytest.mark.parametrize(("fields", "said"), WRONG)
def test_a_team_that_cannot_be_is_not_written_and_stays_in_its_form(
    pages: Pages, fields: dict[str, str], said: str
) -> None:
    before = in_file(pages)
    answer = pages.client.post(
        "/settings/teams", content=urlencode({"action": "save", "old": "", **fields}), headers=FORM
    )
    assert answer.status_code == 422
    assert in_file(pages) == before
    assert said in answer.text.replace("&#39;", "'")
    assert fields["numbers"].splitlines()[0] in answer.text


REFUSED = [
    # body                                        status
    (b"", 400),
    (b"action=burn&name=x", 400),
    (b"action=remove", 400),
    (b"\xff\xfe", 400),
    (b"action=save&name=" + b"x" * 200 + b"&numbers=1", 422),
    (b"action=save&name=a%00b&numbers=1", 422),
    (b"&".join(b"a=1" for _ in range(100)), 400),
    (b"x" * (LARGEST_FORM + 1), 413),
]


@pytest.mark.parametrize(("body", "status"), REFUSED)
def test_what_is_no_form_of_the_page_is_refused(pages: Pages, body: bytes, status: int) -> None:
    before = in_file(pages)
    assert pages.client.post("/settings/teams", content=body, headers=FORM).status_code == status
    assert in_file(pages) == before


def test_a_file_that_cannot_be_written_changes_nothing_and_is_said(pages: Pages) -> None:
    folder = pages.site.settings.data
    before = in_file(pages)
    (folder / "teams.json").rename(folder / "kept.json")
    (folder / "teams.json").mkdir()
    answer = pages.client.post(
        "/settings/teams",
        content=urlencode({"action": "save", "old": "", "name": "New", "numbers": f"+{ONE}\n+{TWO}"}),
        headers=FORM,
    )
    assert answer.status_code == 503
    assert "Nothing was changed" in answer.text
    assert json.loads((folder / "kept.json").read_text()) == before


def test_the_page_shows_what_is_set_without_any_secret(pages: Pages) -> None:
    page = pages.get("/settings")
    told = {row[0]: row[1] for row in page.one("main").rows() if len(row) == 2}
    assert told["Time zone"] == "Europe/Berlin"
    assert told["Kept"] == "messages 30 days; calls 13 months; sums for ever"
    assert told["Database"].startswith("SQLite, ")
    assert told["Access"] == "this machine only, no password"
    assert ["Sales EMEA", "g1", "+49 30 23125001"] in page.one("main").rows()
    (source,) = [row[1:] for row in page.one("main").rows() if row[0] == "sipgate"]
    assert source[0].startswith("https://calls.example.org/in/sipgate")


SECRET = """
[site]
time_zone = "Europe/Berlin"
[server]
public_url = "https://calls.example.org"
[sources.sipgate]
secret = "q7Hc2mVx4TzLr9"
check_signature = false
[[teams]]
name = "Fixed"
numbers = ["+4930111", "+4930222"]
"""


def test_a_secret_is_not_shown_and_teams_of_the_settings_file_cannot_be_changed_here(tmp_path: Path) -> None:
    with pages_of(tmp_path / "data", CALLS, settings=SECRET) as pages:
        text = pages.answer("/settings").text
        assert "q7Hc2mVx4TzLr9" not in text
        told = {row[0]: row[1:] for row in pages.get("/settings").rows() if len(row) > 1}
        assert "/in/sipgate/..." in told["sipgate"][0]
        assert ["Fixed", "+4930111, +4930222"] in pages.get("/settings").rows()
        assert "Fixed" not in [each.attributes.get("value") for each in pages.get("/settings").every("input")]


STATES = [
    # what stands under [server] and [sources.sipgate]                      the state      is the signature spoken of
    ('public_url = "https://calls.example.org"', "", "set up", False),
    ("", "", "not yet reachable", False),
    ('public_url = "https://calls.example.org"', "check_signature = false", "signature unchecked", True),
    ("", "check_signature = false", "not yet reachable", True),
]


@pytest.mark.parametrize(("server", "sipgate", "state", "is_unsigned"), STATES)
def test_a_source_is_called_set_up_only_where_nothing_is_left_to_do(
    tmp_path: Path, server: str, sipgate: str, state: str, *, is_unsigned: bool
) -> None:
    with pages_of(tmp_path / "data", settings=f"[server]\n{server}\n[sources.sipgate]\n{sipgate}\n") as pages:
        told = {row[0]: row[1:] for row in pages.get("/settings").rows() if len(row) > 1}["sipgate"]
        assert told[1] == state
        assert ("sources.sipgate.check_signature = false" in told[0]) is is_unsigned
        assert "Einstellungen" in pages.get("/settings", language="de").text()


def test_names_of_tokens_are_shown_and_nothing_else_of_them(pages: Pages) -> None:
    token = Tokens(pages.store, lambda: "very-secret").create("grafana", pages.site.now_ms())
    answer = pages.answer("/settings")
    assert "1 token for scripts" in answer.text
    assert "grafana" in answer.text
    assert token not in answer.text


def test_a_message_that_was_set_aside_leads_to_its_body(pages: Pages) -> None:
    at_us = us("2026-11-20 13:59:59")
    body = b"event=dance&callId=1&user=%3Cscript%3E"
    pages.hear([RawMessage(source="sipgate", received_at_us=at_us, headers={"content-type": "x"}, body=body)])
    page = pages.get("/settings")
    section = page.one("section", id="set-aside")
    assert section.rows() == [["13:59:59", "sipgate", "unknown event 'dance'"]]
    one = pages.get(section.one("a").attributes["href"], language="de")
    assert one.one("h1").text() == "Eine beiseitegelegte Meldung"
    assert "user= <script>" in one.one("pre").text()
    assert "unknown event 'dance'" in one.one("p", class_="story").text()


@pytest.mark.parametrize("key", ["1-2", "nonsense", "%00", "1795179599000000-zz"])
def test_a_message_that_is_not_there_is_not_found(pages: Pages, key: str) -> None:
    assert pages.answer(f"/settings/set-aside/{key}").status_code == 404


def test_the_page_speaks_german(pages: Pages) -> None:
    page = pages.get("/settings", language="de")
    assert page.one("h1").text() == "Einstellungen"
    assert "Jede Meldung wurde verstanden." in page.text()


ACCESS = [
    # what stands under [server]                                            what the page says
    ("", "this machine only, no password"),
    ('listen = "0.0.0.0:8080"\nopen = true', "open to everyone, no password"),
    (f"password = '{PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash('very secret')}'", "by password"),
]


@pytest.mark.parametrize(("server", "said"), ACCESS)
def test_who_has_access_is_said_as_it_is(tmp_path: Path, server: str, said: str) -> None:
    with pages_of(tmp_path / "data", settings=f"[server]\n{server}\n") as pages:
        facts = {row[0]: row[1] for row in pages.get("/settings").rows() if len(row) > 1}
        assert facts["Access"] == said


def test_commands_are_named_as_calltally_was_started_here(tmp_path: Path) -> None:
    with pages_of(tmp_path / "data", environ={"CALLTALLY_COMMAND": "./run"}) as pages:
        codes = [each.text() for each in pages.get("/").every("code")]
        assert "./run check" in codes
        settings = pages.get("/settings").text()
    assert "made by ./run token create" in settings
    assert "read from its log: ./run queue-log import" in settings
