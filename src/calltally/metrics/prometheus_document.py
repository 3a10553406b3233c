"""Writes the page of series: `python -m calltally.metrics.prometheus_document > docs/prometheus-metrics.md`."""

import sys

from calltally.metrics.catalog import METRICS
from calltally.metrics.exposed import FAMILIES, Family, ceiling, values_of
from calltally.metrics.promql import promql

_MOST_VALUES = 50
_SOURCES = 2

_HEAD = f"""# Every series at /metrics

Made by `make docs` from the program; [Prometheus](prometheus.md) says how they are meant and used.

The last column says how many series there can be at most, with {_SOURCES} phone systems set up and
`prometheus.max_label_values = {_MOST_VALUES}`. Values of `source` and `queue` beyond the bound are counted as `other`.
A histogram has a series for each bucket and two more for each set of labels.
"""

_CATALOG_HEAD = """## Every number of the catalog in PromQL

Over one hour; put any other window in its place. Ranges tell of what **ended** in them. A percentile, or the greatest
value, is as exact as the buckets are.

| Number | PromQL |
|---|---|
"""


def document() -> str:
    """Return the page as Markdown."""
    rows = "\n".join(_row(family) for family in FAMILIES)
    most = sum(map(_most, FAMILIES))
    table = "| Name | Kind | Labels | Tells | At most |\n|---|---|---|---|---|\n"
    catalog = "\n".join(f"| `{metric.name}` | `{_cell(promql(metric.formula, '1h'))}` |" for metric in METRICS)
    buckets = "\n".join(
        f"- `{family.name}`: {', '.join(f'{border:g}' for border in family.buckets)}"
        + (", and the targets of the queues" if family.waits else "")
        for family in FAMILIES
        if family.buckets
    )
    return (
        f"{_HEAD}\n{table}{rows}\n\nAll together at most {most:,} series, and some of the process itself "
        f"(`process_...`); a site with ten queues has about 1,300.\n\n## Buckets\n\nIn seconds. In PromQL a border is "
        f'written with its point, `le="20.0"`.\n\n{buckets}\n\n## Labels\n\n{_labels()}\n\n{_CATALOG_HEAD}{catalog}\n'
    )


def _row(family: Family) -> str:
    labels = ", ".join(f"`{label}`" for label in family.labels) or "none"
    return f"| `{family.name}` | {family.kind} | {labels} | {_cell(family.help)} | {_most(family):,} |"


def _most(family: Family) -> int:
    return ceiling(family, most_values=_MOST_VALUES, sources=_SOURCES)


def _labels() -> str:
    """Return the closed lists of labels; those that several families share stand once."""
    found: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for family in FAMILIES:
        for label in family.labels:
            if values := values_of(family, label):
                found.setdefault((label, values), []).append(family.name)
    lines = []
    for (label, values), names in found.items():
        where = f" of `{names[0]}`" if label == "outcome" else ""
        lines.append(f"- `{label}`{where}: {', '.join(f'`{value}`' for value in values)}")
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(document())
