"""The Statistics page says what is missing: calls, times in which nothing was heard, and what failed."""

from contextlib import closing
from pathlib import Path

import pytest

from calltally.model.instants import Gap
from calltally.serve.web.statistics import WIDTHS
from calltally.store.asked import REBUILD_BEFORE
from calltally.store.open import open_store
from tests.serve.failing_world import ask_failing
from tests.serve.reading import Node, read
from tests.serve.statistics_page import CALLS, TWO_DAYS, ask, figure, panel
from tests.serve.told_calls import fill, us


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fill(tmp_path_factory.mktemp("site") / "data", CALLS)


def test_a_time_without_calls_says_so_and_shows_the_way_to_some(site: Path) -> None:
    (page,) = ask(site, "/statistics?since=2026-10-01&until=2026-10-08")
    empty = panel(page, "incoming")
    assert "No calls in these 7 days" in empty.text()
    assert "The source was connected all the time" in empty.text()
    assert [link.attributes["href"] for link in empty.one("p", class_="read").every("a")] == [
        "/statistics?span=30d",
        "/statistics?span=365d",
    ]
    assert figure(page, "Answer rate").one("p", class_="v").text() == "-"


def test_a_site_without_any_call_has_a_whole_page(tmp_path: Path) -> None:
    for page in ask(fill(tmp_path / "data", ()), "/statistics", "/statistics?span=today&why=answer_rate"):
        assert figure(page, "All calls").one("p", class_="v").text() == "0"


def test_hours_in_which_a_source_was_silent_are_named(tmp_path: Path) -> None:
    since, until = (us(f"2026-11-02 {clock}:00") // 1000 for clock in ("09:40", "13:10"))
    gap = Gap(source="sipgate", since_ms=since, until_ms=until, reason="silent")
    (page,) = ask(fill(tmp_path / "data", CALLS, gaps=[gap]), f"/statistics?{TWO_DAYS}&why=calls")
    assert "92.7 % of the time covered" in page.every("div", class_="alarm")[-1].text()
    assert "sipgate was not heard on 2 Nov, 9:40 to 13:10." in page.one("section", id="why").text()
    assert "sipgate silent 3:30:00" in panel(page, "incoming").text()


def test_calls_that_are_not_made_again_yet_are_missing_until_the_rebuild_ends(tmp_path: Path) -> None:
    site = fill(tmp_path / "data", CALLS)
    with closing(open_store(str(site / "calltally.db"), zone="Europe/Berlin")) as store, store.write() as transaction:
        transaction.begin_rebuild()
        transaction.set_value(REBUILD_BEFORE, str(us("2026-11-02 12:00:00") // 1000).encode())
    (page,) = ask(site, f"/statistics?{TWO_DAYS}&why=calls")
    whole, covered = (alarm.text() for alarm in page.every("div", class_="alarm")[-2:])
    assert "calltally rebuild has not ended. If it no longer runs, run it again" in whole
    assert "75.0 % of the time covered" in covered  # 36 of the 48 hours: what came behind its beginning is there
    said = "From 2 Nov, 0:00 to 12:00, calls may be missing: a rebuild has not ended."
    assert said in page.one("section", id="why").text()
    assert "made again 12:00:00" in panel(page, "incoming").text()


def test_a_timespan_before_anything_was_heard_says_so(tmp_path: Path) -> None:
    site = fill(tmp_path / "data", CALLS, since="2026-11-02 06:00:00")
    (page,) = ask(site, "/statistics?since=2020-01-01&until=2020-01-08&why=calls")
    assert "Nothing was heard in this time" in page.every("div", class_="alarm")[-1].text()
    assert "Nothing was heard in this time." in page.one("section", id="why").text()


def test_a_timespan_that_begins_before_anything_was_heard_says_so(tmp_path: Path) -> None:
    site = fill(tmp_path / "data", CALLS, since="2026-11-02 06:00:00")
    page, german = ask(site, *[f"/statistics?{TWO_DAYS}&why=calls"] * 2)
    begins = "Nothing was heard before Monday 2 November 2026, 6:00"
    # 42 of the 48 hours
    assert f"{begins}, so 87.5 % of the time is covered" in page.every("div", class_="alarm")[-1].text()
    assert f"{begins}." in page.one("section", id="why").text()
    assert "nothing heard yet" in panel(page, "incoming").text()
    (german,) = ask(site, f"/statistics?{TWO_DAYS}&why=calls", **{"accept-language": "de"})
    assert "Vor Montag, 2. November 2026, 6:00" in german.every("div", class_="alarm")[-1].text()


def _ask_failing(folder: Path, address: str, *methods: str) -> Node:
    answer = ask_failing(folder, address, *methods)
    assert answer.status_code == 200
    return read(answer.text)


def test_a_panel_that_fails_shows_only_itself_failed(site: Path) -> None:
    page = _ask_failing(site, f"/statistics?{TWO_DAYS}", "calls")
    failed = [name for name in WIDTHS if "Not drawn: the database did not answer" in panel(page, name).text()]
    assert failed == ["longest_waits", "longest_calls"]
    assert panel(page, "longest_waits").one("a", class_="act").text() == "Try now"
    assert figure(page, "All calls").one("p", class_="v").text() == "8"


def test_without_sums_the_lists_of_calls_stay(site: Path) -> None:
    page = _ask_failing(site, f"/statistics?{TWO_DAYS}&why=calls", "sums")
    failed = [name for name in WIDTHS if "Not drawn" in panel(page, name).text()]
    assert failed == [name for name in WIDTHS if not name.startswith("longest")]
    assert "Key figures" in page.text()
