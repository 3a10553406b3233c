"""What every page has around it: how long it is kept, what it may load, and what stands where there is nothing."""

import re
from contextlib import closing
from pathlib import Path

import pytest

from calltally.store.open import open_store
from tests.serve.reading import read
from tests.serve.service_world import Running, with_service
from tests.serve.told_calls import Told, fill

CALLS = (Told(at="2026-11-02 08:10:00", caller="4915112345001", callee="493023125001", rings=10, ends="talks 120"),)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fill(tmp_path_factory.mktemp("site") / "data", CALLS)


def test_pages_are_kept_by_nobody_and_their_files_for_ever(site: Path) -> None:
    async def scenario(service: Running) -> None:
        page = await service.http.get("/statistics", headers={"accept-encoding": "gzip"})
        assert page.headers["cache-control"] == "private, no-store"
        assert page.headers["content-encoding"] == "gzip"
        assert "script-src 'self'" in page.headers["content-security-policy"]
        assert not re.search(r" style=| on[a-z]+=\"|<script>|<style", page.text.replace(' on="live"', ""))
        files = re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text)
        weight = int(page.headers["content-length"])
        for address in files:
            file = await service.http.get(address)
            assert file.headers["cache-control"] == "public, max-age=31536000, immutable"
            again = await service.http.get(address, headers={"if-none-match": file.headers["etag"]})
            assert again.status_code == 304
            weight += int(file.headers["content-length"])
        assert len(files) == 5
        assert weight < 60_000
        old = await service.http.get("/static/0123456789ab/site.css")
        assert (old.status_code, old.headers["cache-control"]) == (200, "no-cache")

    with_service(site, scenario)


def test_every_page_says_what_to_do_while_a_rebuild_has_not_ended(tmp_path: Path) -> None:
    site = fill(tmp_path / "data", CALLS)
    with closing(open_store(str(site / "calltally.db"), zone="Europe/Berlin")) as store, store.write() as transaction:
        transaction.begin_rebuild()
    alarms = (
        ("en", "calltally rebuild has not ended. If it no longer runs, run it again; nothing is lost."),
        ("de", "calltally rebuild ist noch nicht fertig. Läuft es nicht mehr, starten Sie es noch einmal"),
    )

    async def scenario(service: Running) -> None:
        for path in ("/", "/calls", "/settings", "/statistics"):
            for language, line in alarms:
                page = await service.http.get(path, headers={"accept-language": language})
                told = [alarm.text() for alarm in read(page.text).every("div", class_="alarm")]
                assert sum(line in each for each in told) == 1, path

    with_service(site, scenario)


@pytest.mark.parametrize("path", ["/nowhere", "/statistics/parts/nothing", "/static/../routes.py", "/static/no.css"])
def test_an_address_that_leads_nowhere_gets_a_page(site: Path, path: str) -> None:
    async def scenario(service: Running) -> tuple[int, str]:
        answer = await service.http.get(path, headers={"accept-language": "de"})
        return answer.status_code, read(answer.text).one("h1").text()

    assert with_service(site, scenario) == (404, "Diese Seite gibt es nicht")
