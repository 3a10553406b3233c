"""Turns what was observed into the families of prometheus-client, and those into bytes."""

import gzip
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from calltally.engine.series import Distribution, Observations
from calltally.metrics.exposed import FAMILIES, Family, Labels
from calltally.serve.prometheus.gauges import Values

_UNITS: Final = ("seconds", "bytes")
_COMPRESSION: Final = 5
_VERSION: Final = re.compile(r"version\s*=\s*(?![0-9]+(?:\.[0-9]+){0,2}\s*(?:[;,]|$))[^;,]*")
"""A version in an Accept header that is no version at all."""


class Snapshot(Collector):
    """One moment as a collector."""

    def __init__(self, gauges: Mapping[str, Values], observed: Observations) -> None:
        """Take what there is."""
        self._gauges = gauges
        self._observed = observed

    def collect(self) -> Iterator[Metric]:
        """Yield every family, also one without series."""
        for family in FAMILIES:
            match family.kind:
                case "counter":
                    yield _counter(family, self._observed.counters.get(family.name, {}))
                case "histogram":
                    borders = self._observed.borders[family.name]
                    yield _histogram(family, borders, self._observed.histograms.get(family.name, {}))
                case "gauge":
                    yield _gauge(family, self._gauges.get(family.name, {}))
                case "info":
                    yield _info(family, self._gauges.get(family.name, {}))


def registry_of(snapshot: Snapshot) -> CollectorRegistry:
    """Return a registry of this snapshot and of the process; never the global one, into which anybody may write."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(snapshot)
    ProcessCollector(registry=registry)
    return registry


def encoded(registry: CollectorRegistry, accept: str, *, compressed: bool) -> tuple[bytes, str]:
    """Return a scrape and its content type, in the format that the `Accept` header asks for."""
    encode, content_type = choose_encoder(_VERSION.sub("version=0", accept))
    body = encode(registry)
    return (gzip.compress(body, _COMPRESSION, mtime=0) if compressed else body), content_type


def _unit(name: str) -> str:
    return next((unit for unit in _UNITS if name.endswith(f"_{unit}")), "")


def _counter(family: Family, series: Mapping[Labels, int]) -> Metric:
    name = family.name.removesuffix("_total")
    found = CounterMetricFamily(name, family.help, labels=family.labels, unit=_unit(name))
    for labels, amount in sorted(series.items()):
        found.add_metric(labels, amount / family.scale if family.scale > 1 else amount)
    return found


def _gauge(family: Family, values: Values) -> Metric:
    found = GaugeMetricFamily(family.name, family.help, labels=family.labels, unit=_unit(family.name))
    for labels, value in sorted(values.items()):
        found.add_metric(labels, value)
    return found


def _info(family: Family, values: Values) -> Metric:
    found = InfoMetricFamily(family.name.removesuffix("_info"), family.help)
    for labels in values:
        found.add_metric([], dict(zip(family.labels, labels, strict=True)))
    return found


def _histogram(family: Family, borders: Sequence[float], series: Mapping[Labels, Distribution]) -> Metric:
    found = HistogramMetricFamily(family.name, family.help, labels=family.labels, unit=_unit(family.name))
    names = [*map(floatToGoString, borders), "+Inf"]
    for labels, distribution in sorted(series.items()):
        buckets = list(zip(names, _running(distribution.counts), strict=True))
        found.add_metric(labels, buckets, distribution.total / family.scale)
    return found


def _running(counts: Iterable[int]) -> Iterator[int]:
    reached = 0
    for count in counts:
        reached += count
        yield reached
