"""Puts answers into the shape of the API."""

from calltally.engine.answers import Answer, By, Row, Value
from calltally.metrics.metric import Metric
from calltally.model.instants import Gap, rfc3339_ms


def metric_value(metric: Metric) -> dict[str, object]:
    """Return one entry of the catalog."""
    return {
        "name": metric.name,
        "title": metric.title,
        "unit": metric.unit,
        "kind": metric.kind,
        "formula": metric.formula_text,
        "variant": metric.variant,
        "better": metric.better,
        "target": metric.target,
        "help": metric.help,
    }


def answer_value(answer: Answer) -> dict[str, object]:
    """Return an answer; without `every` and `by` its one row is the total."""
    names = [metric.name for metric in answer.metrics]
    split = answer.unit is not None or answer.by is not None
    rows = answer.rows if split else (answer.total,)
    return {
        "metrics": names,
        "since": rfc3339_ms(answer.span.since_ms),
        "until": rfc3339_ms(answer.span.until_ms),
        "every": answer.unit.value if answer.unit else None,
        "by": answer.by.value if answer.by else None,
        "rows": [_row(row, names, by=answer.by, timed=answer.unit is not None) for row in rows],
        "total": _row(answer.total, names, by=None, timed=False),
        "gaps": [gap_value(gap) for gap in answer.gaps],
    }


def gap_value(gap: Gap) -> dict[str, object]:
    """Return a time in which a source, or everything (`source` null), could not be heard."""
    return {
        "source": gap.source,
        "since": rfc3339_ms(gap.since_ms),
        "until": rfc3339_ms(gap.until_ms),
        "reason": gap.reason,
    }


def _row(row: Row, names: list[str], *, by: By | None, timed: bool) -> dict[str, object]:
    value: dict[str, object] = {}
    if timed:
        value["start"] = rfc3339_ms(row.span.since_ms)
        value["end"] = rfc3339_ms(row.span.until_ms)
    if by is not None:
        value[by.value] = row.label
        value["key"] = row.key
    for name, number in zip(names, row.values, strict=True):
        value[name] = _number(number)
    value["completeness"] = round(row.completeness, 6)
    value["missing_seconds"] = row.missing_ms / 1000
    return value


def _number(number: Value) -> dict[str, float | None]:
    return {"value": number.value, "numerator": number.numerator, "denominator": number.denominator}
