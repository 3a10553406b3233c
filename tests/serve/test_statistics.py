"""The Statistics page says what the calls of a table add up to, panel by panel."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from starlette.datastructures import QueryParams

from calltally.app import open_parts
from calltally.serve.web.asking import asked_of
from calltally.serve.web.statistics import WIDTHS
from calltally.settings import load
from tests.serve.page_world import pages_of
from tests.serve.reading import Node
from tests.serve.service_world import Running, with_service
from tests.serve.statistics_page import ADA, BEA, CALLS, ONE, TWO_DAYS, ask, figure, panel
from tests.serve.told_calls import ZONE, Told, fill


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fill(tmp_path_factory.mktemp("site") / "data", CALLS)


@pytest.fixture(scope="module")
def page(site: Path) -> Node:
    return ask(site, f"/statistics?{TWO_DAYS}")[0]


FIGURES = [
    # name             what is shown      what stands beside it
    ("All calls", "8", ""),
    ("Incoming", "6", ""),
    ("Outgoing", "2", ""),
    ("Answer rate", "3 of 6", ""),  # few calls: a percentage would pretend to know more
    ("Time to answer", "0:20", "nine of ten within 0:30"),  # (10 + 30 + 20) / 3
    ("To voicemail", "1", ""),
]


@pytest.mark.parametrize(("name", "shown", "more"), FIGURES)
def test_a_key_figure_is_what_the_calls_add_up_to(page: Node, name: str, shown: str, more: str) -> None:
    found = figure(page, name).one("p", class_="v")
    assert found.children[0].text() == shown  # type: ignore[union-attr]  # its first child is the link
    beside = found.every("span", class_="more")
    assert (beside[0].text() if beside else "") == more


PANELS = [
    # panel        what its reading says of the two days                 per day
    ("incoming", "answered 3, unanswered 3", [["3", "2"], ["0", "1"]]),
    ("outgoing", "answered 1, unanswered 1", [["1", "1"], ["0", "0"]]),
    ("wait", "mean 0:20, 9 of 10 within 0:30", [["0:30", "0:20"], ["-", "-"]]),  # no answer: no value, not 0
    ("talk", "mean 3:00, half under 2:00", [["3:00"], ["-"]]),  # (120 + 60 + 300 + 240) / 4
    ("volume", "all 8, incoming 6, outgoing 2", [["7", "5", "2"], ["1", "1", "0"]]),
    ("voicemail_calls", "1 call to voicemail", [["1"], ["0"]]),
    ("voicemail_share", "1 call to voicemail, 1 of 6", [["20.0 %"], ["0.0 %"]]),
]


@pytest.mark.parametrize(("name", "reading", "rows"), PANELS)
def test_a_chart_says_what_happened_day_by_day(page: Node, name: str, reading: str, rows: list[list[str]]) -> None:
    drawn = panel(page, name)
    assert drawn.one("output").text() == f"2 Nov to 3 Nov: {reading}"
    days = ["Mon 2 Nov", "Tue 3 Nov"]
    assert drawn.rows() == [[day, *cells] for day, cells in zip(days, rows, strict=True)]


LOST = [
    # each day: lost, of how many                        title of the panel
    (
        ((5, 30), (25, 35), (5, 30), (5, 30), (20, 20)),
        "Tue 3 Nov lost most: 25 of 35",
    ),  # not Friday: nobody was in
    (((5, 30), (16, 90), (5, 30), (5, 30), (5, 20)), "Incoming calls"),  # most calls, no larger share of them
    (((5, 30), (9, 20), (0, 30), (0, 30), (0, 30)), "Incoming calls"),  # too few to say anything
]


@pytest.mark.parametrize(("days", "title"), LOST)
def test_the_day_that_is_named_is_the_one_whose_column_is_seen(
    tmp_path: Path, days: tuple[tuple[int, int], ...], title: str
) -> None:
    told = [
        Told(
            at=f"2026-11-{day:02d} {8 + number // 20:02d}:{number % 20 * 3:02d}:00",
            caller=ADA,
            callee=ONE,
            ends="gives_up" if number < lost else "talks 60",
        )
        for day, (lost, calls) in enumerate(days, 2)
        for number in range(calls)
    ]
    found = ask(fill(tmp_path / "data", told), "/statistics?since=2026-11-02&until=2026-11-07&unit=day")[0]
    assert panel(found, "incoming").one("h2").text() == title


def test_the_pies_have_counts_and_shares(page: Node) -> None:
    assert panel(page, "pickup_in").rows() == [["answered", "3"], ["not answered", "3"]]
    shares = [each.text() for each in panel(page, "pickup_out").every("dd")]
    assert shares == ["1 of 2", "1 call", "1 of 2", "1 call"]


MANY = (
    *(Told(at=f"2026-11-02 09:{minute:02}:00", caller=ADA, callee=ONE, ends="talks 30") for minute in range(33)),
    *(Told(at=f"2026-11-02 10:{minute:02}:00", caller=BEA, callee=ONE, ends="gives_up") for minute in range(15)),
    Told(at="2026-11-02 11:00:00", caller=BEA, callee=ONE, ends="stays"),
)


def test_the_pie_and_the_answer_rate_are_of_the_same_calls(tmp_path: Path) -> None:
    with pages_of(tmp_path / "data", MANY, now="2026-11-02 11:00:30") as pages:
        page = pages.get("/statistics?span=today")
        found = panel(page, "pickup_in")
        assert figure(page, "Answer rate").one("p", class_="v").text() == "67.3 % 33 of 49"
        assert "Incoming: 67.3 % answered" in found.text()
        names = [each.text() for each in found.one("dl").every("dt")]
        facts = [each.text() for each in found.one("dl").every("dd")]
        assert names == ["answered", "not answered", "still open"]
        assert facts == [
            "67.3 %",
            "33 calls",
            "30.7 %",
            "15 calls",
            "2.0 %",
            "1 call",
        ]  # 30.61, with what rounding left
        for place, count in ((1, 33), (3, 15), (5, 1)):
            href = found.one("dl").every("dd")[place].one("a").attributes["href"]
            assert f"{count} call" in pages.get(href).one("h2", id="count").text()


def test_the_longest_waits_have_those_who_gave_up_and_say_so(page: Node) -> None:
    assert [(row[2], row[3]) for row in panel(page, "longest_waits").rows()] == [
        ("gave up", "1:10"),
        ("gave up", "0:50"),
        ("answered", "0:30"),
        ("voicemail", "0:25"),
        ("answered", "0:20"),
        ("answered", "0:10"),
    ]


def test_the_longest_calls_are_of_every_direction(page: Node) -> None:
    assert [row[1:] for row in panel(page, "longest_calls").rows()] == [
        ["+49 1511 2345002", "Ben Bohm", "5:00"],
        ["+49 89 123001", "Anna Arndt", "4:00"],
        ["+49 1511 2345001", "Anna Arndt", "2:00"],
        ["+49 1511 2345001", "Anna Arndt", "1:00"],
    ]


def test_the_numbers_that_call_most_leave_withheld_ones_apart(page: Node) -> None:
    found = panel(page, "callers")
    assert found.rows() == [["1", "+49 1511 2345001", "50.0 %", "3"], ["2", "+49 1511 2345002", "33.3 %", "2"]]
    assert "1 withheld" in found.text()


def hrefs_with_counts(page: Node) -> list[tuple[str, int]]:
    """Return the links to calls whose figure says how many they are."""
    links = [link for name in ("pickup_in", "pickup_out") for link in panel(page, name).every("dd") if link.every("a")]
    counted = [(link.one("a").attributes["href"], int(link.text().split()[0])) for link in links]
    for name in ("All calls", "Incoming", "Outgoing", "To voicemail"):
        value = figure(page, name).one("p", class_="v").one("a")
        counted.append((value.attributes["href"], int(value.text())))
    counted += [(row.one("a").attributes["href"], int(row.one("b").text())) for row in _rows(panel(page, "callers"))]
    return counted


def _rows(node: Node) -> list[Node]:
    return node.one("tbody").every("tr")


def test_a_figure_opens_exactly_its_calls(site: Path, page: Node) -> None:
    counted = hrefs_with_counts(page)
    assert len(counted) == 10
    parts = open_parts(load(data=site, environ={}))
    try:
        for href, count in counted:
            url = urlsplit(href)
            assert url.path == "/calls"
            asked = asked_of(url.path, QueryParams(url.query), zone=ZONE, now_ms=0)
            assert len(parts.questions.calls(asked.span, asked.selection()).calls) == count, href
    finally:
        parts.store.close()


def test_an_explanation_shows_the_formula_with_the_values_of_the_page(site: Path) -> None:
    (page,) = ask(site, f"/statistics?{TWO_DAYS}&why=asa")
    because = page.one("section", id="why")
    text = because.text()
    assert "Why 0:20?" in text
    assert "1:00 waiting time of answered incoming calls 3 answered incoming calls = 20.00 s = 0:20" in text
    assert "Not in it: 3 unanswered, 2 outgoing." in text
    assert "100 % of the time" in text
    assert [link.text() for link in because.every("a")] == ["Close", "Open the 3"]
    assert figure(page, "Time to answer").attributes["aria-current"] == "true"


def test_every_part_at_its_own_address_is_the_part_of_the_page(site: Path, page: Node) -> None:
    addresses = [each.attributes["data-part"] for each in page.every("div") if "data-part" in each.attributes]
    assert len(addresses) == len(WIDTHS)
    for name, part in zip(WIDTHS, ask(site, *addresses), strict=True):
        assert part.text() == panel(page, name).text(), name


def test_the_export_has_the_same_figures(site: Path) -> None:
    async def scenario(service: Running) -> str:
        answer = await service.http.get(f"/statistics.csv?{TWO_DAYS}")
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        return str(answer.text)

    head, first, second, end = with_service(site, scenario).split("\r\n")
    names = head.split(",")
    row = dict(zip(names, first.split(","), strict=True))
    assert (row["since"], row["calls"], row["asa"], row["answer_rate"]) == (
        "2026-11-01T23:00:00.000Z",
        "7",
        "20",
        "0.6",
    )
    assert dict(zip(names, second.split(","), strict=True))["asa"] == ""
    assert end == ""
