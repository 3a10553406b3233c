"""Every drawing of the pages under one name: `from calltally.render import charts`."""

from calltally.render.axis import place_of, span_text, ticks_of, time_axis
from calltally.render.chart import Axis, Chart, Gap, Series, Style, Target, Tick
from calltally.render.columns import columns
from calltally.render.figure import Caption, caption_of, chart_figure
from calltally.render.lanes import Lane, MessageMark, Part, Phase, Timeline, call_lanes
from calltally.render.lines import lines
from calltally.render.pie import Slice, pie
from calltally.render.small_lines import (
    Range,
    Status,
    range_line,
    row_bar,
    sign,
    status_sign,
    wait_line,
    wait_line_head,
    wait_scale_ms,
    wait_status,
)
from calltally.render.states import message_plot

__all__ = [
    "Axis",
    "Caption",
    "Chart",
    "Gap",
    "Lane",
    "MessageMark",
    "Part",
    "Phase",
    "Range",
    "Series",
    "Slice",
    "Status",
    "Style",
    "Target",
    "Tick",
    "Timeline",
    "call_lanes",
    "caption_of",
    "chart_figure",
    "columns",
    "lines",
    "message_plot",
    "pie",
    "place_of",
    "range_line",
    "row_bar",
    "sign",
    "span_text",
    "status_sign",
    "ticks_of",
    "time_axis",
    "wait_line",
    "wait_line_head",
    "wait_scale_ms",
    "wait_status",
]
