"""What cannot be answered is said in the reader's language, and a fault of ours stands once in the log, with its id."""

from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from calltally.render.words import Language, Words
from calltally.serve.problems import Mistake
from tests.serve.failing_world import AWAY, ask_failing
from tests.serve.reading import Node, read
from tests.serve.service_world import Running, with_service
from tests.serve.told_calls import Told, fill

CALL = Told(at="2026-11-20 13:00:00", caller="4915112345001", callee="493023125001", ends="talks 60")
BUG = RuntimeError("a bug of ours")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fill(tmp_path_factory.mktemp("site") / "data", [CALL])


WRONG = [
    # address                                     status, what the engine says, what the German page says
    ("/statistics?span=tomorrow", 400, "span cannot be 'tomorrow'", "span hat in der Adresse einen Wert, den es nicht"),
    ("/statistics?unit=fortnight", 400, "fortnight", "Diese Zeiteinheit gibt es nicht."),
    (
        "/statistics?since=yesterdayish",
        400,
        "yesterdayish",
        "Der Zeitraum beginnt oder endet mit etwas, das keine Zeit",
    ),
    ("/statistics?until=2026-11-04", 400, "since", "Der Zeitraum hat ein Ende, aber keinen Anfang."),
    ("/statistics?direction=sideways", 400, "sideways", "direction hat in der Adresse einen Wert, den es nicht gibt."),
    ("/statistics?compare=everything", 400, "compare", "compare hat in der Adresse einen Wert, den es nicht gibt."),
    ("/statistics?why=the_weather", 400, "the_weather", "why hat in der Adresse einen Wert, den es nicht gibt."),
    ("/statistics?lang=fr", 400, "fr", "lang hat in der Adresse einen Wert, den es nicht gibt."),
    ("/statistics?group=" + "x" * 201, 400, "group", "group ist in der Adresse zu lang."),
    ("/statistics?team=%00", 400, "team", "team ist in der Adresse zu lang."),
    ("/statistics?" + "&".join(f"team={n}" for n in range(201)), 400, "200", "team steht zu oft in der Adresse."),
    ("/statistics?since=2026-11-04&until=2026-11-02", 422, "2026-11-02", "Der Zeitraum endet, bevor er beginnt."),
    ("/statistics?span=365d&unit=minute", 422, "minute", "Die Zeiteinheit ist zu klein für eine so lange Zeit"),
    ("/statistics?group=nowhere", 422, "nowhere", "Der Filter nennt eine Gruppe oder ein Team, das es nicht"),
    ("/statistics?team=%25", 422, "%", "Der Filter nennt eine Gruppe oder ein Team, das es nicht"),
    ("/calls?after=nonsense", 400, "cursor", "Die Adresse führt zu einer Stelle der Liste, die es nicht gibt."),
    ("/calls/x1?message=9", 422, "messages 1 to 3", "Dieser Anruf hat keine solche Meldung."),
]


def test_nonsense_and_the_impossible_get_a_page_that_says_what_and_a_way_out(site: Path) -> None:
    async def scenario(service: Running) -> list[tuple[int, Node]]:
        answers = [await service.http.get(each[0], headers={"accept-language": "de"}) for each in WRONG]
        return [(answer.status_code, read(answer.text)) for answer in answers]

    for (address, expected, part, german), (status, page) in zip(WRONG, with_service(site, scenario), strict=True):
        assert status == expected, address
        detail, lead = page.one("p", class_="fine"), page.one("section", class_="problem").every("p")[0]
        assert lead.text().startswith(german), address
        assert part in detail.text(), address
        assert detail.attributes["lang"] == "en"
        ways = [link.attributes["href"] for link in page.every("a", class_="button")]
        assert ways == [address.partition("?")[0], "/"]


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("mistake", Mistake)
def test_every_mistake_has_its_words(language: Language, mistake: Mistake) -> None:
    assert Words(language).t(f"problem.mistake.{mistake}", parameter="since").endswith(".")


def lines_of(logged: list[MutableMapping[str, Any]]) -> list[MutableMapping[str, Any]]:
    return [line for line in logged if line["event"].startswith("request_")]


FAILURES = [
    # address, error, status, event and level of the log
    ("/statistics", AWAY, 503, "request_not_answered", "warning"),
    ("/api/v1/choices", AWAY, 503, "request_not_answered", "warning"),
    ("/statistics", BUG, 500, "request_failed", "error"),
    ("/api/v1/choices", BUG, 500, "request_failed", "error"),
]


@pytest.mark.parametrize(("address", "error", "status", "event", "level"), FAILURES)
def test_a_failure_is_logged_once_with_the_id_that_its_answer_names(
    site: Path, address: str, error: Exception, status: int, event: str, level: str
) -> None:
    with capture_logs() as logged:
        answer = ask_failing(site, address, "values_of", error=error)
    assert answer.status_code == status
    (line,) = lines_of(logged)
    assert (line["event"], line["log_level"], line["path"]) == (event, level, address)
    assert line["request_id"] in answer.text
    if address.startswith("/api/"):
        assert answer.json()["request_id"] == line["request_id"]
    else:
        assert f"request {line['request_id']}" in read(answer.text).text()
    assert "disk I/O" not in answer.text or address.startswith("/api/")


def test_what_is_the_fault_of_who_asks_is_not_logged(site: Path) -> None:
    with capture_logs() as logged:
        assert ask_failing(site, "/statistics?span=tomorrow").status_code == 400
        assert ask_failing(site, "/nothing").status_code == 404
        assert ask_failing(site, "/api/v1/query?metrics=nothing").status_code == 400
    assert lines_of(logged) == []


def test_without_any_answer_of_the_database_the_page_says_so_and_offers_to_try_again(site: Path) -> None:
    answer = ask_failing(site, "/statistics?span=30d", "values_of")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    page = read(answer.text)
    assert page.one("h1").text() == "The database does not answer"
    assert page.every("a", class_="button")[0].attributes["href"] == "/statistics?span=30d"
