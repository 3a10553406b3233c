"""The counters of a process begin with what the store and the settings know."""

from dataclasses import replace
from pathlib import Path

from calltally.app import clock_us, open_parts
from calltally.app.counting import observed_of, recent_queues
from calltally.metrics.exposed import ENTRIES, EXITS, QUEUE_WAIT
from calltally.model.instants import DAY_MS
from calltally.settings import load
from tests.stores.samples import VISIT, flow, keep_new

SETTINGS = """
[sources.sipgate]
check_signature = false
[[queues]]
name = "support"
target_seconds = 33
short_abandon_seconds = 0
[[queues]]
name = "at once"
target_seconds = 0
[prometheus]
max_label_values = 3
"""


def test_queues_of_late_have_their_series_from_the_start_the_busiest_first(tmp_path: Path) -> None:
    (tmp_path / "calltally.toml").write_text(SETTINGS, encoding="utf-8")
    parts = open_parts(load(data=tmp_path, environ={}))
    now_ms = clock_us() // 1000
    told = [("busy", 1), ("busy", 2), ("quiet", 1), ("long gone", 31)]
    flows = [
        flow(f"call-{number}", visits=[replace(VISIT, visit_id=f"v{number}", queue=queue, entered_at_ms=at_ms)])
        for number, (queue, at_ms) in enumerate((queue, now_ms - days * DAY_MS) for queue, days in told)
    ]
    keep_new(parts.store, flows)
    try:
        assert recent_queues(parts.store, now_ms) == [("sipgate", "busy"), ("sipgate", "quiet")]
        observed = observed_of(parts)
    finally:
        parts.store.close()
    assert observed.places() == [("sipgate", "busy"), ("sipgate", "other")]  # two places are kept for the settings
    counted = observed.observations()
    assert counted.counters[ENTRIES]["sipgate", "busy"] == 0
    assert counted.counters[EXITS]["sipgate", "busy", "answered"] == 0
    assert 33.0 in counted.borders[QUEUE_WAIT]
    assert 0.0 in counted.borders[QUEUE_WAIT]  # the target of the queue that is to be answered at once
    assert observed.place("sipgate", "support") == ("sipgate", "support")
