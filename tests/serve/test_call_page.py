"""The page of a call tells its story, draws its legs, and shows every message that made it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import calltally.sources.sipgate
from calltally.engine.transfer import message_of
from calltally.model.instants import Gap
from calltally.model.messages import RawMessage
from calltally.serve.web.messages import LONGEST_SHOWN, readable
from calltally.sources.asterisk import SOURCE as ASTERISK
from tests.serve.page_world import Pages, pages_of
from tests.serve.reading import Node
from tests.serve.told_calls import Told, us

CASES = sorted((Path(calltally.sources.sipgate.__file__).parent / "cases").iterdir())
ONE, TWO = "493023125001", "493023125002"
ADA = "4915112345001"
GROUPS = (("g1", "Sales EMEA", (ONE,)),)


def messages_of(case: Path) -> list[RawMessage]:
    return [message_of(line) for line in (case / "messages.jsonl").read_bytes().splitlines()]


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[Pages]:
    with pages_of(tmp_path / "data", groups=GROUPS, teams={"Berlin": (ONE, TWO)}) as opened:
        yield opened


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_recorded_case_has_a_page(pages: Pages, case: Path, language: str) -> None:
    messages = messages_of(case)
    pages.hear(messages)
    calls = list(pages.store.all_calls(None, None))
    for call in calls:
        page = pages.get(f"/calls/{call.call_id}?message=1", language=language)
        assert page.one("p", class_="story").text()
        assert len(page.every("dt")) == 6
        assert "{" not in page.one("main").text().replace('{"', "").replace("{ ", "").split("event=")[0]


STORIES = [
    # case                   story
    (
        "forwarded",
        "Waited 0:20. Eva Engel passed it on. +49 172 5550333 talked 1:00. The call ended at 10:01:20.",
    ),
    ("group-call", "Waited 0:05. Jörg Öhm talked 1:00. The call ended at 10:01:05."),
    (
        "internal-call",
        (
            "Eva Engel called +49 211 5550205. The other side picked up after 0:06. Jörg Öhm talked 1:00. "
            "The call ended at 10:01:06."
        ),
    ),
    ("caller-gives-up", "The caller gave up after 0:19."),
    ("busy", "Waited 0:04. The line was busy."),
    ("declined", "Waited 0:04. The call was declined."),
    ("lost-hangup-expired", "Waited 0:05. Eva Engel talked; how long is not known. Its end is not known."),
]


@pytest.mark.parametrize(("case", "story"), STORIES)
def test_the_story_of_a_case(pages: Pages, case: str, story: str) -> None:
    pages.hear(messages_of(CASES[0].parent / case))
    call = next(iter(pages.store.all_calls(None, None)))
    assert pages.get(f"/calls/{call.call_id}").one("p", class_="story").text() == story


def one_call(pages: Pages, told: Told) -> str:
    pages.call(told)
    return next(iter(pages.store.all_calls(None, None))).call_id


def facts(page: Node) -> dict[str, str]:
    return {each.one("dt").text(): each.one("dd").text() for each in page.one("dl").every("div")}


def test_the_facts_of_an_answered_call(pages: Pages) -> None:
    call_id = one_call(pages, Told(at="2026-11-20 09:00:00", caller=ADA, callee=ONE, rings=48, ends="talks 372"))
    page = pages.get(f"/calls/{call_id}")
    assert page.one("h1").text() == "+49 1511 2345001"
    assert "incoming, Friday 20 November, 09:00:00" in page.text()
    story = "Waited 0:48 in Sales EMEA, 0:28 over the target . Anna Arndt talked 6:12. The call ended at 09:07:00."
    assert page.one("p", class_="story").text() == story
    assert facts(page) == {
        "Outcome": "answered by a person",
        "Wait": "0:48",
        "Talk": "6:12",
        "Own number": "+49 30 23125001",
        "Group and teams": "Sales EMEA, Berlin",
        "End": "09:07:00, reported by sipgate",
    }
    assert page.one("dl").every("dd")[1].attributes["class"] == "warn"


def test_a_withheld_number_is_said_and_not_guessed(pages: Pages) -> None:
    call_id = one_call(pages, Told(at="2026-11-20 09:00:00", caller="anonymous", callee=ONE, rings=52, ends="gives_up"))
    page = pages.get(f"/calls/{call_id}")
    assert page.one("h1").text() == "Number withheld"
    assert page.one("p", class_="story").text() == "The caller gave up after 0:52."
    assert facts(page)["Outcome"] == "gave up after 0:52"


def test_a_mailbox_is_no_answer(pages: Pages) -> None:
    call_id = one_call(pages, Told(at="2026-11-20 09:00:00", caller=ADA, callee=ONE, rings=15, ends="mailbox 45"))
    page = pages.get(f"/calls/{call_id}", language="de")
    story = "Wartete 0:15 in Sales EMEA. Anna Arndt gab den Anruf weiter. Die Voicemail nahm den Anruf an."
    assert page.one("p", class_="story").text().startswith(story)
    assert facts(page)["Ergebnis"] == "Voicemail"
    assert facts(page)["Gespräch"] == "-"
    assert "Voicemail 0:45" in page.one(class_="legs").text()


def test_a_call_that_nobody_has_taken_yet_is_said_to_ring(pages: Pages) -> None:
    call_id = one_call(pages, Told(at="2026-11-20 13:59:50", caller=ADA, callee=ONE, ends="stays"))
    assert pages.get(f"/calls/{call_id}").one("p", class_="story").text().endswith("It is still ringing.")


def test_a_call_that_runs_and_one_that_was_lost_say_so(pages: Pages) -> None:
    call_id = one_call(pages, Told(at="2026-11-20 13:50:00", caller=ADA, callee=ONE, rings=10, ends="talks 3000"))
    page = pages.get(f"/calls/{call_id}")
    assert page.one("p", class_="story").text().endswith("Anna Arndt has been talking since 9:50. It is still running.")
    assert facts(page)["End"] == "still open"
    down = Gap(
        source=None,
        since_ms=us("2026-11-20 13:52:00") // 1000,
        until_ms=us("2026-11-20 13:58:00") // 1000,
        reason="calltally was not running",
    )
    with pages.store.write() as transaction:
        transaction.add_gap(down)
    pages.ingest.refold(list(pages.store.open_flows()))
    page = pages.get(f"/calls/{call_id}")
    assert "calltally was down from 13:52:00; whether the call still runs is not known." in page.text()
    assert facts(page)["End"] == "calltally was down from 13:52"
    assert "end unknown" in page.one(class_="legs").text()


def test_the_messages_stand_in_order_and_the_chosen_one_shows_its_body(pages: Pages) -> None:
    call_id = one_call(pages, Told(at="2026-11-20 13:00:00", caller=ADA, callee=ONE, rings=10, ends="talks 60"))
    page = pages.get(f"/calls/{call_id}?message=2")
    table = next(each for each in page.every("section") if each.attributes.get("aria-labelledby") == "m")
    assert [row[:4] for row in table.rows()] == [
        ["13:00:00.000", "new call", "1", "+49 1511 2345001 calls +49 30 23125001; Anna Arndt"],
        ["13:00:10.000", "answer", "1", "Anna Arndt"],
        ["13:01:10.000", "hangup", "1", "normalClearing"],
    ]
    assert [row.attributes.get("aria-current") for row in table.every("tr")[1:]] == [None, "true", None]
    raw = page.one("pre").text()
    assert "event= answer" in raw
    assert "user= Anna Arndt" in raw
    assert [each.text() for each in page.one("pre").every("mark")] == ["answer"]
    assert len(page.one(class_="legs").every("path", class_="sel")) == 1


def test_a_message_of_the_history_says_so(pages: Pages) -> None:
    pages.hear(messages_of(CASES[0].parent / "history-gives-the-end"))
    call = next(iter(pages.store.all_calls(None, None)))
    page = pages.get(f"/calls/{call.call_id}")
    assert "estimated from what sipgate said later" in facts(page)["End"]
    assert any(row[1] == "history" for row in page.rows() if len(row) == 5)


def test_a_stay_in_a_queue_is_told_from_the_log(pages: Pages) -> None:
    assert ASTERISK.log_messages is not None
    lines = [
        b"1795158000|1795158000.1|support|NONE|ENTERQUEUE||+4915112345001|1",
        b"1795158012|1795158000.1|support|Agent/1005|CONNECT|12|1795158000.2|3",
        b"1795158072|1795158000.1|support|Agent/1005|COMPLETECALLER|12|60|1",
    ]
    pages.hear(list(ASTERISK.log_messages(lines)))
    page = pages.get("/calls/1795158000.1")
    story = "Waited 0:12 in support. Agent/1005 talked 1:00. The caller hung up."
    assert page.one("p", class_="story").text() == story
    visits = next(each for each in page.every("section") if each.attributes.get("aria-labelledby") == "v")
    assert visits.rows() == [
        ["support", "Agent/1005", "08:00:00", "0:12", "1:00", "answered", "0", "the caller hung up"]
    ]
    assert page.one("pre").text().startswith("1795158000|1795158000.1|support|NONE|ENTERQUEUE")


def test_older_and_newer_lead_through_all_calls_and_back(pages: Pages) -> None:
    same = "2026-11-20 09:00:00"
    for at in ("2026-11-20 08:00:00", same, same, same, "2026-11-20 10:00:00"):
        pages.call(Told(at=at, caller=ADA, callee=ONE, rings=5, ends="gives_up"))
    listed = [row.one("a").attributes["href"] for row in pages.get("/calls").every("tr", class_="opens")]

    def walk(address: str, way: str) -> list[str]:
        seen = []
        while address:
            seen.append(address)
            links = pages.get(address).one(class_="tools").every("a", rel=way)
            address = links[0].attributes["href"] if links else ""
        return seen

    assert walk(listed[0], "prev") == listed
    assert walk(listed[-1], "next") == listed[::-1]


def test_messages_beyond_the_retention_are_said_to_be_gone(pages: Pages) -> None:
    call_id = one_call(pages, Told(at="2026-09-20 09:00:00", caller=ADA, callee=ONE, rings=5, ends="gives_up"))
    with pages.store.write() as transaction:
        transaction.prune(messages_before_us=us("2026-10-01 00:00:00"), records_before_ms=0)
    page = pages.get(f"/calls/{call_id}")
    assert "The messages are older than 30 days and have been deleted; the call stays." in page.text()
    assert page.every("pre") == []
    assert page.one("p", class_="story").text() == "The caller gave up after 0:05."


UNKNOWN = ["nobody", "%00", "..%2f..%2fetc", "<script>", "x" * 2000, "a/b/c", "%F0%9F%98%80"]


@pytest.mark.parametrize("call_id", UNKNOWN)
def test_an_unknown_call_has_a_page_that_says_so(pages: Pages, call_id: str) -> None:
    page = pages.get(f"/calls/{call_id}", status=404)
    assert page.one("h1").text() == "There is no call with this id"


@pytest.mark.parametrize(
    ("number", "status"), [("0", 422), ("9", 422), ("-1", 400), ("x", 400), ("²", 400), ("99999", 400)]
)
def test_a_message_that_is_not_there_is_refused(pages: Pages, number: str, status: int) -> None:
    call_id = one_call(pages, Told(at="2026-11-20 13:00:00", caller=ADA, callee=ONE, rings=10, ends="talks 60"))
    assert pages.answer(f"/calls/{call_id}?message={number}").status_code == status


def test_what_comes_from_outside_is_escaped(pages: Pages) -> None:
    told = Told(at="2026-11-20 13:00:00", caller=ADA, callee=ONE, rings=1, ends="talks 60", who="<b>{time}</b>")
    call_id = one_call(pages, told)
    text = pages.answer(f"/calls/{call_id}?message=2").text
    assert "<b>{time}" not in text
    assert "&lt;b&gt;{time}&lt;/b&gt;" in text


BODIES = [
    # body                                     lines
    (b"event=newCall&user%5B%5D=J%C3%B6rg+O", [("event", "newCall", True), ("user[]", "Jörg O", False)]),
    (b'{"a": 1}', [("", "{", False), ("", '  "a": 1', False), ("", "}", False)]),
    (b"1|2|q|NONE|X||y", [("", "1|2|q|NONE|X||y", False)]),
    (b"", []),
    (b"{broken", [("", "{broken", False)]),
    (b"\xff\x00", [("", "\ufffd\ufffd", False)]),
]


@pytest.mark.parametrize(("body", "lines"), BODIES)
def test_a_body_is_shown_so_that_it_can_be_read(body: bytes, lines: list[tuple[str, str, bool]]) -> None:
    assert readable(body) == lines


def test_a_huge_body_is_cut_and_says_so() -> None:
    lines = readable(b"x" * (LONGEST_SHOWN + 5))
    assert lines[-1] == ("", "... 5 bytes", False)
