"""Why a figure of a timespan is what it is, and the calls behind it: for the Statistics page and lists of calls."""

from calltally.serve.web.explaining import (
    BEHIND,
    Explanation,
    Heard,
    complete_lines,
    counted,
    explanation,
    left_out,
    open_lines,
)
from calltally.serve.web.statistics_charts import Drawing
from calltally.serve.web.statistics_figures import shown_value


def explained(draw: Drawing, name: str) -> Explanation:
    """Return why a metric of `BEHIND` is what it is on a page.

    Raises:
        StoreError: the database did not answer.
    """
    statistics, words = draw.statistics, draw.words
    behind, value = BEHIND[name], statistics.total(name)
    missing = None
    if behind.missing is not None:
        direction = "inbound" if name == "answer_rate" else "outbound"
        missing = (draw.calls(**behind.missing), statistics.count(f"unanswered_{direction}_calls"))
    count = counted(name, value) if behind.count_of is None else statistics.count(behind.count_of)
    without = {metric: statistics.count(metric) for metric in behind.left_out}
    if behind.count_of is not None and value.denominator is not None:
        without["still_waiting"] = count - counted(name, value)
    return explanation(
        name,
        value,
        shown_value(draw, name),
        words=words,
        close=statistics.asked.url(why=None),
        counts=left_out(without, words),
        complete=[
            *complete_lines(_heard(draw), words),
            *open_lines((draw.calls(**behind.counted), count), missing, words),
        ],
    )


def _heard(draw: Drawing) -> Heard:
    statistics = draw.statistics
    return Heard(
        span=statistics.shown_span,
        share=statistics.completeness(),
        gaps=statistics.gaps(),
        zone=statistics.site.zone,
    )
