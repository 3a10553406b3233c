"""The filters of the Statistics page: the five calls of the facts of sipgate, section 11."""

from pathlib import Path

import pytest

from tests.serve.statistics_page import ADA, BEA, ONE, TWO, TWO_DAYS, ask, figure
from tests.serve.told_calls import Told, fill

THREE, FOUR = "493023125003", "493023125004"
NAMED = (
    ("g1", "Sales", (ONE,)),
    ("g2", "Sales EMEA", (TWO,)),
    ("g3", "Support (DE)", (THREE,)),
    ("g4", "Mothers", (FOUR,)),
    ("g5", "Rock 'n' \"Roll\" <b>&", ("493023125006",)),
)
TEAMS = {"A": (ONE, "493023125011"), "B": (ONE, TWO), "Team A": (THREE, "493023125013")}
FIVE = (
    Told(at="2026-11-02 09:00:00", caller=ADA, callee=ONE, ends="talks 10"),
    Told(at="2026-11-02 09:10:00", caller=ADA, callee=TWO, ends="talks 10"),
    Told(at="2026-11-02 09:20:00", caller=ADA, callee=THREE, ends="talks 10"),
    Told(at="2026-11-02 09:30:00", caller=BEA, callee=ONE, ends="talks 10"),
    Told(at="2026-11-02 09:40:00", caller=ADA, callee="493023125009", ends="talks 10"),
)
SELECTIONS = [
    # filter                                          calls, each counted once
    ("", 5),
    ("&group=g2", 1),  # not those of Sales, whose name is a part of it
    ("&group=g1", 2),
    ("&group=g3", 1),  # brackets are no pattern
    ("&group=g4", 0),  # Mothers contains "other"
    ("&group=g5", 0),  # quotes are no end of anything
    ("&group=Other", 1),
    ("&group=g1&group=Other", 3),
    ("&team=A", 2),
    ("&team=Team%20A", 1),  # not those of A
    ("&team=B", 3),
    ("&team=A&team=B", 3),  # two calls are in both, and count once
    ("&team=Other", 1),
    ("&team=A&group=g2", 0),
    ("&direction=outbound", 0),
    ("&source=asterisk", 0),
    ("&source=sipgate&direction=inbound", 5),
]


@pytest.fixture(scope="module")
def filtered_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fill(tmp_path_factory.mktemp("five") / "data", FIVE, groups=NAMED, teams=TEAMS)


def test_filters_compare_whole_names_and_count_each_call_once(filtered_site: Path) -> None:
    addresses = [f"/statistics?{TWO_DAYS}{query}" for query, _ in SELECTIONS]
    pages = ask(filtered_site, *addresses)
    found = [figure(page, "All calls").one("p", class_="v").text() for page in pages]
    assert list(zip([query for query, _ in SELECTIONS], found, strict=True)) == [(q, str(n)) for q, n in SELECTIONS]


def test_the_filter_says_what_is_chosen_and_escapes_names(filtered_site: Path) -> None:
    (page,) = ask(filtered_site, f"/statistics?{TWO_DAYS}&group=g5&group=g2&direction=inbound")
    sentence = page.one("form", class_="ask")
    assert "Rock 'n' \"Roll\" <b>& and 1 more" in sentence.text()
    chosen = [box.attributes["value"] for box in sentence.every("input", name="group") if "checked" in box.attributes]
    assert chosen == ["g2", "g5"]
    selected = [option.text() for option in sentence.every("option") if "selected" in option.attributes]
    assert selected == ["from 2 Nov 2026 to 3 Nov 2026", "day", "incoming only", "the 2 days before"]
