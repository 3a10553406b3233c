"""The dashboard for Prometheus: how calltally itself does, and the numbers of the catalog that counters can give."""

from typing import Final

from calltally.grafana import panels, variables
from calltally.grafana.panels import ANSWERED, BAD, COUNT, LATE, SECONDS, SHARE, Json, Panel, Query
from calltally.grafana.printing import Dashboard, DataSource, Line
from calltally.metrics.catalog import BY_NAME
from calltally.metrics.promql import promql

UID: Final = "calltally-prometheus"
SOURCE: Final = DataSource(kind="prometheus", query_key="expr")
_RATE: Final = "$__rate_interval"
_ALL: Final = "Every process of calltally is in it; counters begin with a process, so they tell of what is over since."
_EVERY_SOURCE: Final = "All sources, whichever are chosen."
_PER_SECOND: Final = "ops"
_BYTES: Final = "bytes"
_WHERE: Final = '{source=~"$source"}'


def prometheus(address: str) -> Dashboard:
    """Return the dashboard; `address` is that of calltally's own pages."""
    return Dashboard(
        uid=UID,
        title="calltally by Prometheus",
        description="Sources, ingest and the moment, from the counters that calltally serves at /metrics.",
        source=SOURCE,
        variables=(variables.data_source(SOURCE), _sources(), variables.base(address)),
        span="now-6h",
        refresh="30s",
        lines=(
            Line(4, ((4, _up()), (4, _store_up()), (4, _waiting()), (4, _active()), (4, _longest()), (4, _dropped()))),
            "Calls",
            Line(8, ((8, _calls()), (8, _rates()), (8, _times()))),
            "Sources and ingest",
            Line(8, ((8, _events()), (8, _refused()), (8, _lag()))),
            Line(8, ((8, _durable()), (8, _requests()), (8, _size()))),
        ),
    )


def _sources() -> Json:
    query = "label_values(calltally_source_up, source)"
    return variables.several(SOURCE, "source", "Sources", "Phone systems.", query, every=".*", refresh=2, sort=1)


def _up() -> Panel:
    text = "Phone systems that can be heard, and those that cannot."
    query = Query(text=f"max by (source) (calltally_source_up{_WHERE})", name="{{source}}")
    return _yes_or_no("Sources heard", text, query)


def _store_up() -> Panel:
    text = "Whether every process can write to the database."
    return _yes_or_no("Database", text, Query(text="min(calltally_store_up)", name="database"))


def _yes_or_no(title: str, description: str, query: Query) -> Panel:
    panel = panels.stat(title, description, query, unit="none", steps=((None, BAD), (1, ANSWERED)))
    mapping = {"type": "value", "options": {"0": {"text": "no", "index": 0}, "1": {"text": "yes", "index": 1}}}
    return panels.with_defaults(panel, {"mappings": [mapping]})


def _waiting() -> Panel:
    text = f"Callers who wait in a queue or hear it ring. {_EVERY_SOURCE}"
    query = promql(BY_NAME["waiting_now"].formula)
    return panels.stat("Waiting now", text, query, unit=COUNT, steps=((None, ANSWERED), (1, LATE), (5, BAD)))


def _active() -> Panel:
    text = f"Calls that a person or a software agent has answered and that go on. {_EVERY_SOURCE}"
    return panels.stat("Active now", text, promql(BY_NAME["active_now"].formula), unit=COUNT)


def _longest() -> Panel:
    text = "How long the caller has waited who waits longest."
    query = f"max(calltally_calls_longest_wait_seconds{_WHERE})"
    steps = ((None, ANSWERED), (20, LATE), (60, BAD))
    return panels.stat("Longest waiting now", text, query, unit=SECONDS, steps=steps)


def _dropped() -> Panel:
    text = "Names of queues that are counted together as other, because there are too many."
    query = "max(calltally_metrics_dropped_label_values)"
    return panels.stat("Names left out", text, query, unit=COUNT, steps=((None, ANSWERED), (1, LATE)))


def _calls() -> Panel:
    query = Query(
        text=f"sum by (outcome) (increase(calltally_calls_total{_WHERE}[{_RATE}]))", series=True, name="{{outcome}}"
    )
    text = f"Calls that ended, by outcome. {_ALL}"
    return panels.bars("Calls by outcome", text, query, unit=COUNT, looks={}, stacked=True)


def _rates() -> Panel:
    names = ("answer_rate", "outbound_answer_rate", "voicemail_share")
    queries = (_metric(name, "1h") for name in names)
    text = f"Shares over the last hour; no point where no call ended. {_EVERY_SOURCE} {_ALL}"
    return panels.lines("Shares, last hour", text, *queries, unit=SHARE, looks={})


def _times() -> Panel:
    queries = (_metric(name, "1h") for name in ("asa", "wait_p90", "average_talk_time"))
    text = f"Times over the last hour; no point where nothing was answered. {_EVERY_SOURCE} {_ALL}"
    return panels.lines("Times, last hour", text, *queries, unit=SECONDS, looks={})


def _metric(name: str, window: str) -> Query:
    metric = BY_NAME[name]
    return Query(text=promql(metric.formula, window), series=True, name=metric.title)


def _events() -> Panel:
    query = Query(
        text=f"sum by (source, event) (rate(calltally_events_received_total{_WHERE}[{_RATE}]))",
        series=True,
        name="{{source}} {{event}}",
    )
    return panels.lines("Messages received", f"Messages a second. {_ALL}", query, unit=_PER_SECOND, looks={})


def _refused() -> Panel:
    queries = (
        Query(
            text=f"sum by (source, reason) (rate(calltally_events_rejected_total{_WHERE}[{_RATE}]))",
            series=True,
            name="{{source}} {{reason}}",
        ),
        Query(
            text=f"sum by (source) (rate(calltally_events_duplicate_total{_WHERE}[{_RATE}]))",
            series=True,
            name="{{source}} repeated",
        ),
    )
    text = f"Messages a second that were refused or set aside, and repeats, which change nothing. {_ALL}"
    return panels.lines("Refused and repeated", text, *queries, unit=_PER_SECOND, looks={})


def _lag() -> Panel:
    query = Query(text=f"max by (source) (calltally_ingest_lag_seconds{_WHERE})", series=True, name="{{source}}")
    return panels.lines("Lag", "How far calltally is behind its sources.", query, unit=SECONDS, looks={})


def _durable() -> Panel:
    buckets = f"sum by (le) (rate(calltally_ingest_duration_seconds_bucket{_WHERE}[{_RATE}]))"
    queries = (
        Query(text=f"histogram_quantile({share}, {buckets})", series=True, name=name)
        for share, name in (("0.5", "half"), ("0.99", "99 %"))
    )
    text = f"From the receipt of a message until it is safely stored. {_ALL}"
    return panels.lines("Receipt to stored", text, *queries, unit=SECONDS, looks={})


def _requests() -> Panel:
    query = Query(
        text=f"sum by (status) (rate(calltally_http_requests_total[{_RATE}]))", series=True, name="{{status}}"
    )
    return panels.lines("Requests to pages and API", f"Requests a second. {_ALL}", query, unit=_PER_SECOND, looks={})


def _size() -> Panel:
    query = Query(text="max(calltally_store_size_bytes)", series=True, name="size")
    return panels.lines("Size of the database", "What the database takes on its disk.", query, unit=_BYTES, looks={})
