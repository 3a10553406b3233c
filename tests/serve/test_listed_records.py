"""The API lists legs and queue visits with the filters of calls, page by page."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from calltally.model.messages import RawMessage
from calltally.serve.api.routes import api_routes
from tests.serve.page_world import pages_of
from tests.serve.told_calls import Told, us

DAY = "2026-11-20"
CALLS = [
    Told(at=f"{DAY} 09:00:00", caller="4915112345001", callee="493023125001", ends="talks 60"),
    Told(at=f"{DAY} 09:10:00", caller="4915112345002", callee="493023125001", ends="mailbox 20"),
    Told(at=f"{DAY} 09:20:00", caller="493023125002", callee="4915112345002", ends="talks 30", way="out"),
    Told(at=f"{DAY} 09:30:00", caller="anonymous", callee="493023125003", ends="gives_up"),
]
GROUPS = [("g0", "Sales", ("493023125001",))]
TEAMS = {"North": ("493023125002", "493023125003")}
QUEUE = (
    (36_000, "q1|support|NONE|ENTERQUEUE||4915112345009|1"),
    (36_020, "q1|support|Agent/7|CONNECT|20|q1b|5"),
    (36_090, "q1|support|Agent/7|COMPLETECALLER|20|70|1"),
    (36_100, "q2|orders|NONE|ENTERQUEUE||4915112345009|1"),
    (36_130, "q2|orders|NONE|ABANDON|1|1|30"),
)


def _queue_log() -> list[RawMessage]:
    midnight_s = us(f"{DAY} 00:00:00") // 1_000_000
    return [
        RawMessage(
            source="asterisk",
            received_at_us=(midnight_s + second) * 1_000_000 + number,
            headers={},
            body=f"{midnight_s + second}|{text}".encode(),
        )
        for number, (second, text) in enumerate(QUEUE)
    ]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with pages_of(tmp_path_factory.mktemp("site") / "data", CALLS, groups=GROUPS, teams=TEAMS) as pages:
        pages.hear(_queue_log())
        app = FastAPI()
        app.include_router(api_routes(pages.site))
        with TestClient(app) as client:
            yield client


LEGS = [
    # query, what is listed
    ("", ["C1", "C2", "C2M", "C3", "C4"]),
    ("source=asterisk", []),
    ("source=sipgate&direction=outbound", ["C3"]),
    ("direction=inbound&outcome=answered", ["C1"]),
    ("outcome=forwarded&outcome=voicemail", ["C2", "C2M"]),
    ("caller=%2B4915112345002", ["C2", "C2M"]),
    ("caller=+4915112345002", ["C2", "C2M"]),  # the plus of an address is a blank
    ("caller=+491511234500", []),
    ("agent=1234567w1", ["C1", "C3"]),
    ("group=Sales", ["C1", "C2", "C2M"]),
    ("group=Other", ["C3", "C4"]),
    ("team=North", ["C3", "C4"]),
    ("team=Other&outcome=answered", ["C1"]),
    (f"since={DAY}T09:15&until={DAY}T09:25", ["C3"]),
]
VISITS = [
    ("", ["q1", "q2"]),
    ("queue=orders", ["q2"]),
    ("outcome=abandoned", ["q2"]),
    ("agent=Agent/7", ["q1"]),
    ("caller=4915112345009&direction=inbound", ["q1", "q2"]),
    ("direction=outbound", []),
    ("team=North", []),
    ("group=Other", ["q1", "q2"]),
    ("source=sipgate", []),
]


@pytest.mark.parametrize(("query", "expected"), LEGS)
def test_legs_are_filtered_as_calls_are(api: TestClient, query: str, expected: list[str]) -> None:
    told = api.get(f"/api/v1/legs?{query}").json()
    assert ([leg["leg_id"] for leg in told["legs"]], told["next"]) == (expected, None)


@pytest.mark.parametrize(("query", "expected"), VISITS)
def test_visits_are_filtered_as_calls_are(api: TestClient, query: str, expected: list[str]) -> None:
    told = api.get(f"/api/v1/visits?{query}").json()
    assert ([visit["call_id"] for visit in told["visits"]], told["next"]) == (expected, None)


@pytest.mark.parametrize(("query", "expected"), LEGS)
def test_a_filtered_list_goes_on_from_page_to_page(api: TestClient, query: str, expected: list[str]) -> None:
    found: list[str] = []
    cursor = ""
    while True:
        told = api.get(f"/api/v1/legs?{query}&limit=1{cursor}").json()
        found += [leg["leg_id"] for leg in told["legs"]]
        if told["next"] is None:
            break
        cursor = f"&cursor={told['next']}"
    assert found == expected
