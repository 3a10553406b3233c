"""What the dashboard of the known service gets wrong (D13 to D18), and that a backlog has an end (D23)."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from calltally.engine import writer as writing
from calltally.serve.api.routes import api_routes
from tests.serve.page_world import pages_of
from tests.serve.service_world import Running, new_call, with_service
from tests.serve.told_calls import Told, fill

ONE, TWO, THREE, FIVE, SIX = (f"49302312500{number}" for number in (1, 2, 3, 5, 6))
OUTSIDE = "4915112345001"


def _call(at: str, caller: str, callee: str, *, talks: int = 60, rings: int = 10, who: str = "Anna Arndt") -> Told:
    return Told(at=f"2026-11-{at}:00", caller=caller, callee=callee, ends=f"talks {talks}", rings=rings, who=who)


CALLS = [
    _call("18 09:00", OUTSIDE, ONE, rings=10),
    _call("18 09:10", OUTSIDE, TWO, rings=20),
    _call("18 11:00", OUTSIDE, THREE, rings=30),
    _call("18 11:10", OUTSIDE, TWO, rings=40),
    _call("18 11:20", OUTSIDE, FIVE, rings=50),
    _call("18 11:30", OUTSIDE, SIX, rings=60),
    _call("17 09:00", OUTSIDE, ONE),  # the day before, of which nobody asks
]
GROUPS = [
    ("g0", "Sales", (ONE,)),
    ("g1", "Sales EMEA", (THREE,)),
    ("g2", "Support (DE)", (TWO,)),
    ("g3", "Mothers", (SIX,)),
    ("g4", "O'Brien's", ("4930231250099",)),
]
TEAMS = {"A": (ONE, "493023125008"), "B": (ONE, TWO), "Team A": (THREE, "493023125009")}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with pages_of(tmp_path_factory.mktemp("site") / "data", CALLS, groups=GROUPS, teams=TEAMS) as pages:
        app = FastAPI()
        app.include_router(api_routes(pages.site))
        with TestClient(app) as client:
            yield client


def _rows(api: TestClient, metrics: str, /, **asked: str | list[str]) -> list[dict[str, dict[str, float | None]]]:
    parameters = {"metrics": metrics, "since": "2026-11-18", "until": "2026-11-19", **asked}
    rows: list[dict[str, dict[str, float | None]]] = api.get(
        f"/api/v1/query?{urlencode(parameters, doseq=True)}"
    ).json()["rows"]
    return rows


def _count(api: TestClient, metric: str = "calls", /, **asked: str | list[str]) -> float | None:
    [row] = _rows(api, metric, **asked)
    return row[metric]["value"]


SELECTED: list[tuple[dict[str, str | list[str]], int]] = [
    # what is selected, the calls that belong to it
    ({}, 6),
    ({"group": "Sales"}, 1),  # not those of Sales EMEA
    ({"group": "Sales EMEA"}, 1),
    ({"group": "Support (DE)"}, 2),  # brackets are letters
    ({"group": "Mothers"}, 1),  # contains "other"
    ({"group": "O'Brien's"}, 0),
    ({"team": "A"}, 1),
    ({"team": "Team A"}, 1),  # contains "A"
    ({"team": "B"}, 3),
]


@pytest.mark.parametrize(("asked", "calls"), SELECTED)
def test_d13_names_are_compared_whole_and_never_as_patterns(
    api: TestClient, asked: dict[str, str | list[str]], calls: int
) -> None:
    assert _count(api, **asked) == calls


def test_d13_a_pattern_is_the_name_of_nothing(tmp_path: Path) -> None:
    async def scenario(service: Running) -> None:
        for pattern in ("Sales.*", "%", "Sale", "A|B", "."):
            for choice in ("group", "team"):
                asked = {"metrics": "calls", choice: pattern}
                assert (await service.http.get("/api/v1/query", params=asked)).status_code == 422

    with_service(fill(tmp_path / "data", CALLS[:1], groups=GROUPS, teams=TEAMS), scenario)


@pytest.mark.parametrize(
    ("teams", "calls"), [(["A", "B"], 3), (["A", "B", "Team A"], 4), (["A", "B", "Team A", "Other"], 6)]
)
def test_d14_a_call_of_several_teams_is_counted_once(api: TestClient, teams: list[str], calls: int) -> None:
    assert _count(api, team=teams) == calls
    by_direction = [_count(api, f"{way}_calls", team=teams) or 0 for way in ("inbound", "outbound", "internal")]
    assert sum(by_direction) == calls
    assert len(api.get("/api/v1/calls", params={"since": "2026-11-18", "team": teams}).json()["calls"]) == calls


def test_d15_other_is_what_is_in_no_team_or_group(api: TestClient) -> None:
    assert _count(api, team="Other") == 2
    assert _count(api, group="Other") == 1
    by_team = {str(row["team"]): row["calls"]["value"] for row in _rows(api, "calls", by="team")}
    assert by_team == {"A": 1, "B": 3, "Team A": 1, "Other": 2}


@pytest.mark.parametrize("every", [None, "hour", "day"])
def test_d16_no_figure_counts_calls_outside_the_range(api: TestClient, every: str | None) -> None:
    asked = {} if every is None else {"every": every}
    rows = _rows(api, "calls,talk_time", **asked)
    assert sum(row["calls"]["value"] or 0 for row in rows) == 6
    assert sum(row["talk_time"]["value"] or 0 for row in rows) == 360
    narrow = _rows(api, "calls", **{**asked, "since": "2026-11-18T11:00", "until": "2026-11-18T11:20"})
    assert sum(row["calls"]["value"] or 0 for row in narrow) == 2


def test_d17_a_mean_of_nothing_is_no_value(api: TestClient) -> None:
    rows = _rows(
        api, "asa,average_talk_time,answer_rate", every="hour", since="2026-11-18T09:00", until="2026-11-18T12:00"
    )
    told = [(row["asa"]["value"], row["average_talk_time"]["value"], row["answer_rate"]["value"]) for row in rows]
    assert told == [(15, 60, 1), (None, None, None), (45, 60, 1)]


def test_d18_waits_have_percentiles_and_people_their_own_figures(api: TestClient) -> None:
    [row] = _rows(api, "wait_p50,wait_p90")
    assert row["wait_p50"]["value"] == pytest.approx(30, rel=0.02)
    assert row["wait_p90"]["value"] == pytest.approx(60, rel=0.02)
    by_agent = {str(row["agent"]): row["calls"]["value"] for row in _rows(api, "calls", by="agent")}
    assert by_agent == {"1234567w1": 6}


def test_d23_a_backlog_has_an_end_and_senders_are_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(service: Running) -> None:
        with monkeypatch.context() as full:
            full.setattr(writing, "MOST_WAITING", 0)
            refused = await service.push(new_call("A"))
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) > 0
        assert list(service.parts.store.journal(since_us=None, until_us=None, source=None)) == []
        assert (await service.push(new_call("A"))).status_code == 200

    with_service(tmp_path, scenario)
