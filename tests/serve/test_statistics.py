"""The Statistics page says what the calls of a table add up to, in both languages, panel by panel."""

import re
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from starlette.datastructures import QueryParams

from calltally.app import open_parts
from calltally.model.instants import Gap
from calltally.serve.web.asking import asked_of
from calltally.serve.web.explaining import BEHIND
from calltally.serve.web.statistics import WIDTHS
from calltally.settings import load
from tests.serve.failing_world import ask_failing
from tests.serve.page_world import pages_of
from tests.serve.reading import Node, read
from tests.serve.service_world import Running, with_service
from tests.serve.told_calls import ZONE, Told, fill, us

ONE, TWO, THREE, FOUR = "493023125001", "493023125002", "493023125003", "493023125004"
ADA, BEA = "4915112345001", "4915112345002"
CALLS = (
    Told(at="2026-11-02 08:10:00", caller=ADA, callee=ONE, rings=10, ends="talks 120"),
    Told(at="2026-11-02 08:20:00", caller=ADA, callee=ONE, rings=30, ends="talks 60"),
    Told(at="2026-11-02 09:05:00", caller=BEA, callee=TWO, rings=50, ends="gives_up"),
    Told(at="2026-11-02 10:00:00", caller="anonymous", callee=ONE, rings=25, ends="mailbox 30"),
    Told(at="2026-11-02 11:00:00", caller=BEA, callee=ONE, rings=20, ends="talks 300", who="Ben Bohm"),
    Told(at="2026-11-02 12:00:00", caller=ONE, callee="4989123001", rings=5, ends="talks 240", way="out"),
    Told(at="2026-11-02 12:30:00", caller=ONE, callee="4989123002", rings=15, ends="gives_up", way="out"),
    Told(at="2026-11-03 09:00:00", caller=ADA, callee=TWO, rings=70, ends="gives_up"),
)
TWO_DAYS = "since=2026-11-02&until=2026-11-04&unit=day"


def ask(folder: Path, *addresses: str, **headers: str) -> list[Node]:
    """Return pages or parts of the service on a folder."""

    async def scenario(service: Running) -> list[Node]:
        answers = [await service.http.get(address, headers=headers) for address in addresses]
        assert [answer.status_code for answer in answers] == [200] * len(answers)
        return [read(answer.text) for answer in answers]

    return with_service(folder, scenario)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fill(tmp_path_factory.mktemp("site") / "data", CALLS)


@pytest.fixture(scope="module")
def page(site: Path) -> Node:
    return ask(site, f"/statistics?{TWO_DAYS}")[0]


def figure(page: Node, name: str) -> Node:
    return next(each for each in page.every(class_="fig") if each.one("h2").text().startswith(name))


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


def panel(page: Node, name: str) -> Node:
    return page.one("div", id=name)


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


# --- filters: the five calls of the facts, section 11 ----------------------------------------------------------------

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


# --- what is wrong, what is missing -----------------------------------------------------------------------------------


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


# --- languages ----------------------------------------------------------------------------------------------------


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
