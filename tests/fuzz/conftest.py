"""One running service for all attacks that do not end or hinder it: it must still be there after the last of them."""

from collections.abc import Iterator

import pytest

from tests.running import FORM, Service, running_service
from tests.serve.service_world import answer, hangup, new_call

TEAMS = '[{"name": "Support", "numbers": ["+493023125000", "+493023125001"]}]'
STORY = (
    new_call("A"),
    answer("A"),
    hangup("A"),
    new_call("B", **{"from": "anonymous"}),
    hangup("B", "cancel"),
    new_call("C", direction="out"),
    new_call("D"),
    answer("D"),
    "event=ping&callId=Z",
)


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Give a service with a few calls: ended, given up, withheld, still running; and one message set aside."""
    data = tmp_path_factory.mktemp("attacked")
    (data / "teams.json").write_text(TEAMS, encoding="utf-8")
    with running_service(data) as service:
        with service.client() as http:
            for body in STORY:
                sent = http.post("/in/sipgate", content=body.encode(), headers={"content-type": FORM})
                assert sent.status_code == 200
        yield service
        with service.client() as http:
            assert http.get("/readyz").status_code == 200
            assert http.post("/in/sipgate", content=b"last", headers={"content-type": FORM}).status_code == 200
