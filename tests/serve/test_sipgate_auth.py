"""`/auth` and `/auth-code` through the app in-process: state, good and bad codes, and where it leads."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from calltally.engine.sign_in import RemoteError, SignInError
from calltally.serve.sipgate_auth import MOST_STATES, STATE_MS, SignInPages, States
from tests.serve.reading import read

SITE = "https://calls.example.org"
SPENT = "the code or sign-in is used up or too old; open /auth of this service once more"
AWAY = "the login <b>cannot</b> be reached"


@dataclass(slots=True)
class PhoneSystem:
    """A phone system that takes one code, refuses others, and is away for the code `away`."""

    codes: list[str] = field(default_factory=list)

    def address(self, state: str) -> str:
        """Return its page."""
        return f"https://login.example/auth?response_type=code&state={state}"

    async def settle(self) -> None:
        """Have nothing to store."""

    async def is_signed_in(self) -> bool:
        """Return whether the good code came."""
        return "good" in self.codes

    async def exchange(self, code: str) -> None:
        """Take the good code, once."""
        if code == "away":
            raise RemoteError(AWAY)
        if code != "good" or code in self.codes:
            raise SignInError(SPENT)
        self.codes.append(code)


@dataclass(slots=True)
class Desk:
    """A browser at the service."""

    client: TestClient
    phone: PhoneSystem
    now_ms: list[int]

    def begin(self, site: str = SITE) -> str:
        """Open /auth and return the state in its link."""
        page = self.client.get(f"{site}/auth")
        assert page.status_code == 200
        link = unescape(re.findall(r'<a class="button" href="([^"]+)"', page.text)[0])
        return parse_qs(urlsplit(link).query)["state"][0]


def pages(phone: PhoneSystem | None, now_ms: list[int]) -> Starlette:
    made = SignInPages(
        sign_in=phone,
        title="sipgate",
        source="sipgate",
        site_name="Help desk",
        language=None,
        now_ms=lambda: now_ms[0],
    )
    return Starlette(routes=made.routes())


@pytest.fixture
def desk() -> Iterator[Desk]:
    phone, now_ms = PhoneSystem(), [1_795_181_529_000]
    with TestClient(pages(phone, now_ms), base_url=SITE, follow_redirects=False) as client:
        yield Desk(client, phone, now_ms)


def test_a_good_code_leads_to_the_settings_for_this_once(desk: Desk) -> None:
    state = desk.begin()
    answer = desk.client.get("/auth-code", params={"state": state, "code": "good"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/settings")
    assert desk.phone.codes == ["good"]
    assert "calltally is connected" in desk.client.get("/auth").text


def test_d27_a_code_without_our_state_is_not_even_tried(desk: Desk) -> None:
    desk.begin()
    for params in ({"code": "good"}, {"code": "good", "state": ""}, {"code": "good", "state": "guessed"}):
        answer = desk.client.get("/auth-code", params=params)
        assert answer.status_code == 400
        assert "does not belong to a sign-in that was begun here" in answer.text
    assert desk.phone.codes == []


def test_a_state_works_once(desk: Desk) -> None:
    state = desk.begin()
    desk.client.get("/auth-code", params={"state": state, "code": "bad"})
    assert desk.client.get("/auth-code", params={"state": state, "code": "good"}).status_code == 400
    assert desk.phone.codes == []


@pytest.mark.parametrize(("later_ms", "status"), [(STATE_MS - 1, 303), (STATE_MS, 400)])
def test_a_state_works_for_ten_minutes(later_ms: int, status: int, desk: Desk) -> None:
    state = desk.begin()
    desk.now_ms[0] += later_ms
    assert desk.client.get("/auth-code", params={"state": state, "code": "good"}).status_code == status


@pytest.mark.parametrize(
    ("params", "status", "words"),
    [
        ({"code": "of somebody else"}, 400, SPENT),
        ({"code": "away"}, 502, "the login &lt;b&gt;cannot&lt;/b&gt; be reached"),
        ({"code": "x" * 5000}, 400, "The answer holds no code."),
        ({}, 400, "The answer holds no code."),
        ({"error": "access_denied"}, 400, "sipgate says that it was not allowed: access_denied"),
        ({"error": "x", "error_description": "<script>1</script>"}, 400, "&lt;script&gt;1&lt;/script&gt;"),
    ],
)
def test_d20_a_bad_code_is_a_page_with_advice(params: dict[str, str], status: int, words: str, desk: Desk) -> None:
    answer = desk.client.get("/auth-code", params=params | {"state": desk.begin()})
    assert answer.status_code == status
    assert words in answer.text
    assert 'href="/auth"' in answer.text
    assert desk.client.get("/auth").status_code == 200


def test_d28_a_person_who_began_under_another_name_is_led_back_there(desk: Desk) -> None:
    state = desk.begin("http://localhost:8080")
    answer = desk.client.get(f"{SITE}/auth-code", params={"state": state, "code": "good"})
    assert (answer.status_code, answer.headers["location"]) == (303, "http://localhost:8080/settings")


def test_the_page_is_german_for_germans(desk: Desk) -> None:
    page = desk.client.get("/auth", headers={"accept-language": "de"})
    assert '<html lang="de">' in page.text
    assert "sipgate verbinden" in page.text


@pytest.mark.parametrize(
    ("code", "said", "detail"), [("bad", "nicht angenommen", SPENT), ("away", "nicht fragen", AWAY)]
)
def test_what_went_wrong_is_german_for_germans_too(code: str, said: str, detail: str, desk: Desk) -> None:
    params = {"state": desk.begin(), "code": code}
    page = read(desk.client.get("/auth-code", params=params, headers={"accept-language": "de"}).text)
    assert said in page.one("p", role="alert").text()
    assert unescape(page.one("p", class_="fine", lang="en").text()) == detail


def test_without_a_client_in_the_settings_the_page_says_how_to_get_one() -> None:
    with TestClient(pages(None, [0])) as client:
        for path in ("/auth", "/auth-code?code=x"):
            answer = client.get(path)
            assert answer.status_code == 404
            assert "calltally sipgate setup" in answer.text


def test_pages_with_a_state_are_not_kept_anywhere(desk: Desk) -> None:
    assert desk.client.get("/auth").headers["cache-control"] == "no-store"


def test_states_do_not_pile_up() -> None:
    states = States()
    first = states.give(0, SITE)
    last = [states.give(0, SITE) for _ in range(MOST_STATES)][-1]
    assert len(states.given) == MOST_STATES
    assert states.take(first, 0) is None
    assert states.take(last, 0) == SITE
