"""Writes the metrics page of the documentation: `python -m calltally.metrics.document > docs/metrics.md`."""

import sys

from calltally.metrics.catalog import METRICS
from calltally.metrics.measures import CALL_MEASURES, SPREADS, VISIT_MEASURES, Measure
from calltally.metrics.metric import Metric
from calltally.metrics.promql import promql

_HEAD = """# Every number of calltally

Made by `python -m calltally.metrics.document > docs/metrics.md`; a test holds it to the code. Pages and API ask for a
number by its name and get the same definition. In PromQL a range tells of what ended in it, not of what began in it,
and percentiles and greatest values lie within the bucket that is told: see [Prometheus](prometheus.md).

- A call or queue visit belongs to the range in which it started; ranges are half-open, `[since, until)`.
- A value without anything to divide by, or without any duration, is empty (`null`, shown as a dash), never 0.
- Ratios lie between 0 and 1, durations are seconds. Sums are exact; ratios come last.
- **Better** says which way is good; where it is `neither`, more is just more and no difference is coloured.
- Numbers of kind *now* describe this moment and have no value over a range.
"""

_MEASURES_HEAD = """## Measures

What the store adds up, per quarter hour (UTC) and per local day; metrics are made of them. Measures that end in `_ms`
are milliseconds.

### Of calls
"""


def _metric_text(metric: Metric) -> str:
    lines = [f"### `{metric.name}`: {metric.title}", "", metric.help, ""]
    lines.append(f"- Formula: {metric.formula_text}")
    if metric.variant is not None:
        lines.append(f"- Variant: {metric.variant}")
    if metric.target is not None:
        lines.append(f"- Target: {metric.target:g}")
    lines.append(f"- Unit: {metric.unit}; better: {metric.better}; kind: {metric.kind}")
    lines.append(f"- PromQL: `{promql(metric.formula)}`")
    return "\n".join(lines)


def _measure_rows(measures: tuple[Measure, ...]) -> str:
    head = "| Measure | Adds up |\n|---|---|\n"
    return head + "\n".join(f"| `{measure.name}` | {measure.help} |" for measure in measures)


def document() -> str:
    """Return the page as Markdown."""
    spreads = ", ".join(f"`{spread.name}`" for spread in SPREADS)
    parts = (
        _HEAD,
        "## Metrics\n",
        "\n\n".join(map(_metric_text, METRICS)) + "\n",
        _MEASURES_HEAD,
        _measure_rows(CALL_MEASURES) + "\n\n### Of queue visits\n",
        _measure_rows(VISIT_MEASURES) + "\n",
        f"Percentiles come from the histograms {spreads} of calls, with bins that grow by 2 %.\n",
    )
    return "\n".join(parts)


if __name__ == "__main__":
    sys.stdout.write(document())
