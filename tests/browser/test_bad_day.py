"""Names that somebody could have chosen to break a page: they are shown as they are, and no page grows too wide."""

import json
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

import pytest
from playwright.sync_api import expect

from calltally.model.directory import Directory, Group, User
from tests.browser.demo_site import fill
from tests.browser.visits import PHONE, WIDE, Look, Visits, too_wide
from tests.running import SETTINGS, Service, running_service
from tests.serve.service_world import answer, hangup, new_call

pytestmark = pytest.mark.needs("chromium")

MARKUP = """<img src=x onerror="document.title='broken'">"""
QUOTED = """Sales "EMEA" & 'APAC' | {{ 7*7 }} <b>bold</b>"""
GERMAN = "Rechnungen, Mahnwesen und Rückgewinnung gekündigter Fernwärmelieferverträge"
ONE_WORD = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
NAMES = (MARKUP, QUOTED, GERMAN, ONE_WORD)
NUMBERS = ("493023125001", "493023125002", "493023125003", "493023125004")
PAGES = ("/", "/statistics?why=calls", "/calls", "/settings", "/calls/xbad0")


def pushes() -> Iterator[tuple[float, str]]:
    """Yield for each name a call that is over and one that somebody still waits in, as minutes ago and body."""
    for place, (name, own) in enumerate(zip(NAMES, NUMBERS, strict=True)):
        user = {"user%5B%5D": quote_plus(name), "fullUserId%5B%5D": f"1234567w{place}"}
        answered = {"user": quote_plus(name), "fullUserId": f"1234567w{place}"}
        yield 60, new_call(f"bad{place}", to=own, **user)
        yield 59, answer(f"bad{place}", to=own, **answered)
        yield 58, hangup(f"bad{place}", to=own)
        yield 2, new_call(f"now{place}", to=own, **user)
        yield 2, new_call(f"talk{place}", to=own, **user)
        yield 1, answer(f"talk{place}", to=own, **answered)


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Give a service whose groups, users, numbers and teams have such names."""
    folder = tmp_path_factory.mktemp("bad")
    named = list(enumerate(zip(NAMES, NUMBERS, strict=True)))
    directory = Directory(
        groups=tuple(
            Group(source="sipgate", group_id=f"g{place}", name=name, numbers=(f"+{own}",))
            for place, (name, own) in named
        ),
        users=tuple(User(source="sipgate", user_id=f"1234567w{place}", name=name) for place, (name, _) in named),
        numbers={f"+{own}": name for _, (name, own) in named},
    )
    (folder / "calltally.toml").write_text(SETTINGS.replace("Nordlicht", GERMAN), encoding="utf-8")
    teams = [{"name": name, "numbers": [f"+{own}", "+4930999"]} for _, (name, own) in named]
    (folder / "teams.json").write_text(json.dumps(teams), encoding="utf-8")
    fill(folder, directory, list(pushes()))
    with running_service(folder, SETTINGS.replace("Nordlicht", GERMAN)) as service:
        yield service


@pytest.mark.parametrize("path", PAGES)
def test_a_name_is_text_and_no_page_grows_too_wide(visits: Visits, bad: Service, path: str) -> None:
    for look in (Look(width=PHONE, language="de"), Look(width=WIDE)):
        page = visits.open(path, look, service=bad)
        expect(page.locator("h1").first).to_be_visible()
        assert too_wide(page) == []
        assert page.locator("main img, main b:text-is('bold')").count() == 0
        assert "broken" not in page.title()
        assert "49 <b>" not in page.content()


def test_every_name_is_shown_whole(visits: Visits, bad: Service) -> None:
    shown = visits.open("/statistics", service=bad)
    for name in NAMES:
        assert shown.get_by_role("checkbox", name=name, include_hidden=True).count() >= 2
    shown = visits.open("/calls", service=bad)
    for name in NAMES:
        expect(shown.get_by_role("cell", name=name, exact=True).first).to_be_attached()
    shown = visits.live("/", service=bad)
    for place, name in enumerate(NAMES):
        expect(shown.locator(f"[data-key=wxnow{place}]")).to_contain_text(name)
        expect(shown.locator(f"[data-key=axtalk{place}]")).to_contain_text(name)


def test_every_name_can_be_filtered_by(visits: Visits, bad: Service) -> None:
    for name in NAMES:
        page = visits.live(f"/statistics?team={quote(name)}", service=bad)
        expect(page.locator(".fig .v > :first-child").first).to_have_text("3")
        expect(page.get_by_role("button", name=f"Teams: {name}")).to_be_visible()
        assert too_wide(page) == []
        page.locator(".fig .v > :first-child").first.click()
        expect(page.locator("#count")).to_contain_text("3")
        expect(page.locator("tr.opens")).to_have_count(3)
