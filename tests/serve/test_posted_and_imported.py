"""Pushes posted over HTTP and the same pushes imported give the same records, in any order and with repeats."""

import io
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calltally.app import Parts, open_parts
from calltally.engine.transfer import import_messages, line_of
from calltally.settings import load
from tests.serve.service_world import Running, answer, hangup, new_call, with_service

STORY = (
    new_call("A"),
    answer("A"),
    hangup("A"),
    new_call("B", **{"from": "anonymous"}),
    hangup("B", "cancel"),
    new_call("C"),
    hangup("C", "forwarded"),
    new_call("D", origCallId="C", xcid="xC", **{"user%5B%5D": "voicemail", "fullUserId%5B%5D": ""}),
    answer("D", origCallId="C", xcid="xC", user="", fullUserId=""),
    hangup("D", origCallId="C", xcid="xC"),
    new_call("E", direction="out"),
    new_call("F", origCallId="E", xcid="xE"),
    answer("F", origCallId="E", xcid="xE"),
    "event=ping&callId=Z",
)


def _exported(parts: Parts) -> list[object]:
    store = parts.store
    return [*store.all_calls(None, None), *store.all_legs(None, None), *store.all_visits(None, None)]


def _opened(folder: Path) -> Parts:
    return open_parts(load(data=folder, environ={}))


async def _post(service: Running, bodies: tuple[str, ...]) -> tuple[list[bytes], list[object]]:
    for body in bodies:
        assert (await service.push(body)).status_code == 200
    entries = service.parts.store.journal(since_us=None, until_us=None, source=None)
    return [line_of(entry.message) for entry in entries], _exported(service.parts)


@pytest.fixture(scope="module")
def posted(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[bytes], list[object]]:
    """Return the journal and the records of pushes that were posted out of order, some of them twice."""
    disorder = (*STORY[::2], *STORY[1::2], *STORY[::3])
    return with_service(tmp_path_factory.mktemp("posted"), lambda service: _post(service, disorder))


@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_posted_is_imported(posted: tuple[list[bytes], list[object]], data: st.DataObject) -> None:
    lines, records = posted
    order = data.draw(st.permutations([*lines, *lines[::4]]))
    with tempfile.TemporaryDirectory() as folder:
        parts = _opened(Path(folder))
        ingest = parts.ingest()
        import_messages(io.BytesIO(b"".join(order)), apply=ingest.apply_new, progress=lambda _counts, _bytes: None)
        assert _exported(parts) == records
        ingest.rebuild(lambda _count: None)
        assert _exported(parts) == records
        assert parts.store.verify(lambda _line: None) == []
        parts.store.close()
