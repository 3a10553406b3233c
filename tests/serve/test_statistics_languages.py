"""The Statistics page speaks one language throughout, and the one that was chosen."""

import re
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from calltally.serve.web.explaining import BEHIND
from tests.serve.reading import read
from tests.serve.service_world import Running, with_service
from tests.serve.statistics_page import CALLS, TWO_DAYS, ask, panel
from tests.serve.told_calls import fill


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fill(tmp_path_factory.mktemp("site") / "data", CALLS)


def test_german_pages_are_german_throughout(site: Path) -> None:
    addresses = [f"/statistics?{TWO_DAYS}&why={why}" for why in BEHIND]
    for german, english in zip(ask(site, *addresses, **{"accept-language": "de"}), ask(site, *addresses), strict=True):
        assert (german.one("html").attributes["lang"], english.one("html").attributes["lang"]) == ("de", "en")
        for page in (german, english):
            assert not re.search(r"[{}]", page.one("main").text())
        shared = {each.text() for each in german.every("h2")} & {each.text() for each in english.every("h2")}
        assert shared <= {"Voicemail"}


def test_the_language_is_the_address_s_then_the_reader_s_then_the_browser_s(site: Path) -> None:
    async def scenario(service: Running) -> list[str]:
        get = service.http.get
        found = [await get("/statistics?lang=en", headers={"accept-language": "de"})]
        found.append(await get("/statistics", headers={"accept-language": "de;q=0.5, fr"}))
        switched = await get("/lang?to=de&next=/statistics%3Flang%3Den%26span%3Dtoday")
        assert (switched.status_code, switched.headers["location"]) == (303, "/statistics?span=today")
        found.append(await get("/statistics", headers={"accept-language": "en"}))  # the cookie knows
        outside = await get("/lang?to=de&next=//elsewhere.example/")
        assert outside.headers["location"] == "/"
        return [read(answer.text).one("html").attributes["lang"] for answer in found]

    assert with_service(site, scenario) == ["en", "de", "de"]


def test_links_keep_the_language_of_the_address(site: Path) -> None:
    (page,) = ask(site, f"/statistics?{TWO_DAYS}&lang=de")
    href = panel(page, "pickup_in").every("dd")[1].one("a").attributes["href"]
    assert ("lang", "de") in parse_qsl(urlsplit(href).query)
