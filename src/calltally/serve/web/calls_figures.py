"""The key figures above a list of calls, where the sums kept beside the records know them."""

from collections.abc import Sequence
from dataclasses import dataclass

from calltally.engine.answers import Selection
from calltally.render.words import Words
from calltally.serve.site import Site
from calltally.serve.web.asking import Asked
from calltally.serve.web.explaining import Explanation
from calltally.serve.web.statistics_answers import FIGURES_OF_CALLS, Statistics
from calltally.serve.web.statistics_because import explained
from calltally.serve.web.statistics_charts import Drawing
from calltally.serve.web.statistics_figures import KeyFigure, key_figures
from calltally.store.store import StoreError


@dataclass(frozen=True, slots=True, kw_only=True)
class CallsFigures:
    """The figures, the explanation that is open if one is, and how many calls there are."""

    shown: Sequence[KeyFigure]
    because: Explanation | None
    calls: int


def figures_of(site: Site, asked: Asked, selection: Selection, words: Words) -> CallsFigures | None:
    """Return the figures of the calls that a list shows.

    `None` for a list of which the sums know nothing, by a search, a number, an outcome or a queue: every single call of
    the timespan would have to be read; and where the database answers for the list but not for the sums.
    """
    if not site.questions.is_summed(selection):
        return None
    draw = Drawing(Statistics(site, asked, is_of_calls=True), words)
    try:
        return CallsFigures(
            shown=key_figures(draw),
            because=explained(draw, asked.why) if asked.why in FIGURES_OF_CALLS else None,
            calls=draw.statistics.count("calls"),
        )
    except StoreError:
        return None
