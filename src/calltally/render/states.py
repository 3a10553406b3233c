"""Plots without values, as high as the full ones: empty, failed, loading and not allowed each look different."""

from markupsafe import Markup

from calltally.render.escape import markup, text
from calltally.render.scale import ABOVE, BELOW

_LINES = 3


def message_plot(sentence: str, *, line: str = "", height: int = 200) -> Markup:
    """Return a plot whose axes stay and whose middle says why nothing is drawn; there, and only there, text wraps.

    Args:
        sentence: what is so, in bold; may be empty while loading.
        line: what is known beyond it.
        height: as the plot that would stand here.
    """
    base = height - BELOW
    lines = "".join(
        f'<line class="gl" x1="0" x2="100%" y1="{y:.1f}" y2="{y:.1f}"/>'
        for y in (base - (base - ABOVE) * step / _LINES for step in range(1, _LINES + 1))
    )
    said = f"<b>{text(sentence)}</b>" if sentence else ""
    below = f"<span>{text(line)}</span>" if line else ""
    return markup(
        f'<div class="plot told"><svg class="ys" width="34" height="{height}" aria-hidden="true"></svg>'
        f'<svg class="area" height="{height}" aria-hidden="true">{lines}'
        f'<line class="zero-line" x1="0" x2="100%" y1="{base}" y2="{base}"/></svg>'
        f'<p class="said">{said}{below}</p></div>'
    )
