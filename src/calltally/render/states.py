"""Plots without values, as high as the full ones: empty, failed, loading and not allowed each look different."""

from markupsafe import Markup

from calltally.render.escape import markup, text
from calltally.render.scale import ABOVE, BELOW

_LINES = 3


def message_plot(sentence: str, *, line: str = "", height: int = 200) -> Markup:
    """Return a plot whose axes stay and whose middle says why nothing is drawn.

    Args:
        sentence: what is so, in bold; may be empty while loading.
        line: what is known beyond it.
        height: as the plot that would stand here.
    """
    base = height - BELOW
    middle = (ABOVE + base) / 2
    lines = "".join(
        f'<line class="gl" x1="0" x2="100%" y1="{y:.1f}" y2="{y:.1f}"/>'
        for y in (base - (base - ABOVE) * step / _LINES for step in range(1, _LINES + 1))
    )
    label = text(" ".join(part for part in (sentence, line) if part))
    return markup(
        f'<div class="plot"><svg class="ys" width="34" height="{height}" aria-hidden="true"></svg>'
        f'<svg class="area" height="{height}" role="img" aria-label="{label}">{lines}'
        f'<text class="strong halo" x="50%" y="{middle - 4:.0f}" text-anchor="middle">{text(sentence)}</text>'
        f'<text class="halo" x="50%" y="{middle + 14:.0f}" text-anchor="middle">{text(line)}</text>'
        f'<line class="zero-line" x1="0" x2="100%" y1="{base}" y2="{base}"/></svg></div>'
    )
