"""Every parameter of the API, given wrongly: the answer names it and says in a sentence what to do."""

import re
from pathlib import Path

import httpx2
import pytest

from tests.serve.service_world import Running, with_service
from tests.serve.told_calls import Told, fill

CALL = Told(at="2026-11-20 13:00:00", caller="4915112345001", callee="493023125001", ends="talks 60")
LONG = "x" * 2_001
MANY = 201
LISTS = ("source", "direction", "group", "team", "queue", "agent", "trunk", "caller", "outcome")
ASKED = {"/query": "metrics=calls&", "/calls": "", "/legs": "", "/visits": ""}
CURSOR = "eyJub3RoaW5nIjoxfQ"
BEYOND = "Wzk5OTk5OTk5OTk5OTk5OTk5OTk5OSwieCIsIngiXQ"
"""The cursor of a leg that began at an instant which no database can hold."""

WRONG = [
    # path, parameter at fault, query, status, part of the sentence
    ("/query", "metrics", "", 400, "metrics is missing"),
    ("/query", "metrics", "metrics=", 400, "Name between 1 and 60 metrics; /api/v1/metrics lists them."),
    ("/query", "metrics", "metrics=nothing", 400, "There is no metric 'nothing'; /api/v1/metrics lists all"),
    ("/query", "metrics", f"metrics={'x' * 1_900}", 400, "There is no metric 'xxxx"),
    ("/query", "team", f"metrics=calls&team={'x' * 1_900}", 422, "There is no team 'xxxx"),
    ("/query", "group", f"metrics=calls&group={'x' * 1_900}", 422, "There is no group 'xxxx"),
    ("/query", "metrics", "metrics=waiting_now", 422, "/api/v1/now has it."),
    ("/query", "metrics", f"metrics={LONG}", 400, "metrics must have 2000 characters or fewer."),
    ("/query", "metrics", "metrics=longest_wait&by=queue&limit=5", 422, "name a sum, such as calls, first."),
    ("/query", "every", "metrics=calls&every=fortnight", 400, "There is no time unit 'fortnight'; expected auto, 15m"),
    ("/query", "every", "metrics=calls&every=15m&since=2000-01-01", 422, "choose a shorter range or a longer unit."),
    ("/query", "every", f"metrics=calls&every={LONG}", 400, "every must have 20 characters or fewer."),
    ("/query", "by", "metrics=calls&by=moon", 400, "Nothing can be split by 'moon'; expected source, direction"),
    ("/query", "by", f"metrics=calls&by={LONG}", 400, "by must have 20 characters or fewer."),
    ("/query", "compare", "metrics=calls&compare=next", 400, "compare can be previous, or be left out."),
    ("/query", "compare", f"metrics=calls&compare={LONG}", 400, "compare must have 20 characters or fewer."),
    ("/query", "teem", "metrics=calls&teem=Sales", 400, "There is no parameter 'teem'; expected metrics, "),
    ("/query", "x" * 60, f"metrics=calls&{LONG}=1", 400, "There is no parameter 'xxxx"),
    (
        "/calls",
        "metrics",
        "metrics=calls",
        400,
        "There is no parameter 'metrics'; expected outcome, since, until, tz, text, ",
    ),
    ("/legs", "text", "text=30", 400, "There is no parameter 'text'; expected "),
    ("/visits", "", "=1", 400, "There is no parameter ''; expected "),
    ("/now", "team", "team=Sales", 400, "There is no parameter 'team'; there is none at this address."),
    ("/calls/none", "tz", "tz=UTC", 400, "There is no parameter 'tz'; there is none at this address."),
    ("/legs", "outcome", "outcome=timeout", 400, "outcome cannot be 'timeout'; expected in_progress, answered"),
    ("/visits", "outcome", "outcome=forwarded", 400, "outcome cannot be 'forwarded'; expected answered, abandoned"),
    ("/calls", "order", "order=sideways", 400, "order must be one of 'newest'"),
    ("/calls", "text", f"text={LONG}", 400, "text must have 200 characters or fewer."),
    ("/calls", "cursor", f"cursor={CURSOR}", 400, "The cursor does not belong to this list"),
    *[(path, "cursor", f"cursor={BEYOND}", 400, "begin again without it.") for path in ("/calls", "/legs", "/visits")],
    *[(path, "cursor", "cursor=nonsense", 400, "begin again without it.") for path in ("/calls", "/legs", "/visits")],
    *[(path, "cursor", f"cursor={LONG}", 400, "500 characters or fewer.") for path in ("/calls", "/legs", "/visits")],
    *[
        (path, parameter, f"{ASKED[path]}{parameter}={value}", status, sentence)
        for path in ASKED
        for parameter, value, status, sentence in (
            ("since", "someday", 400, "since: 'someday' is no time; expected 2026-11-20T13:07:32Z"),
            ("since", "2026-11-20&until=2026-11-19", 422, "ends before it begins."),
            ("since", LONG, 400, "since must have 40 characters or fewer."),
            ("until", "someday", 400, "until: 'someday' is no time; expected"),
            ("until", LONG, 400, "until must have 40 characters or fewer."),
            ("tz", "Mars/Phobos", 400, "There is no time zone 'Mars/Phobos'; expected a name such as Europe/Berlin"),
            ("tz", LONG, 400, "tz must have 60 characters or fewer."),
            ("limit", "5000", 400, "limit must be 1000 or less."),
            ("limit", "0", 400, "limit must be 1 or more."),
            ("limit", "ten", 400, "limit must be a whole number."),
            ("limit", "", 400, "limit must be a whole number."),
            ("limit", "9" * 5_000, 400, "limit must be "),
        )
    ],
    *[
        (path, parameter, f"{ASKED[path]}{parameter}={value}", status, sentence)
        for path in ASKED
        for parameter, value, status, sentence in (
            ("direction", "sideways", 400, "direction cannot be 'sideways'; expected inbound, outbound, internal."),
            ("outcome", "lost", 400, "outcome cannot be 'lost'; expected "),
            ("group", "nowhere", 422, "There is no group 'nowhere'; groups are asked for by id or exact name"),
            ("team", "nobody", 422, "There is no team 'nobody'; teams are asked for by exact name, or as 'Other'."),
        )
    ],
    *[
        (
            path,
            name,
            ASKED[path] + "&".join(f"{name}=x" for _ in range(MANY)),
            400,
            "can be given 200 times at most",
        )
        for path in ASKED
        for name in LISTS
    ],
]


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> list[httpx2.Response]:
    site = fill(tmp_path_factory.mktemp("site") / "data", [CALL])

    async def scenario(service: Running) -> list[httpx2.Response]:
        return [await service.http.get(f"/api/v1{path}?{query}") for path, _, query, _, _ in WRONG]

    return with_service(site, scenario)


@pytest.mark.parametrize("place", range(len(WRONG)), ids=lambda at: f"{WRONG[at][0]} {WRONG[at][1]} {at}")
def test_what_is_wrong_is_said_in_a_sentence_that_names_the_parameter(
    answers: list[httpx2.Response], place: int
) -> None:
    _, parameter, query, status, sentence = WRONG[place]
    answer = answers[place]
    problem = answer.json()
    assert (answer.status_code, problem["status"]) == (status, status), problem
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["parameter"] == parameter
    assert sentence in problem["detail"], query
    assert re.fullmatch(r"(The|There|Nothing|Name|[a-z_]+)\b.*\.", problem["detail"])
    assert not re.search(r"Input|is not a valid|should|Traceback|\bDirection\b", problem["detail"])
    assert len(problem["detail"]) < 300


def test_no_parameter_of_the_description_is_left_out(tmp_path: Path) -> None:
    async def scenario(service: Running) -> set[tuple[str, str]]:
        described = (await service.http.get("/api/v1/openapi.json")).json()
        return {
            (path.removeprefix("/api/v1"), parameter["name"])
            for path, methods in described["paths"].items()
            for parameter in methods["get"].get("parameters", ())
            if parameter["in"] == "query"
        }

    tried = {(path, parameter) for path, parameter, _, _, _ in WRONG}
    assert with_service(tmp_path / "data", scenario) <= tried


ELSEWHERE = [
    # method, path, status, sentence
    ("GET", "/api/v1/nothing", 404, "There is nothing at this address; /docs lists what can be asked."),
    ("POST", "/api/v1/now", 405, "This address is asked by GET."),
    ("GET", "/api/v1/calls/none", 404, "There is no call of this id; it may be older than the retention."),
]


@pytest.mark.parametrize(("method", "path", "status", "sentence"), ELSEWHERE)
def test_a_wrong_address_is_told_in_a_sentence_too(
    tmp_path: Path, method: str, path: str, status: int, sentence: str
) -> None:
    async def scenario(service: Running) -> httpx2.Response:
        return await service.http.request(method, path)

    answer = with_service(tmp_path / "data", scenario)
    assert (answer.status_code, answer.json()["detail"]) == (status, sentence)
