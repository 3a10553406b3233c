"""Write the generated pages of docs/, or with `--check` say which differ from what would be written."""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from calltally.metrics.document import document as metrics
from calltally.metrics.monitoring import files
from calltally.metrics.prometheus_document import document as series
from calltally.settings.document import page as settings
from calltally.store.reports.document import document as views

ROOT = Path(__file__).resolve().parent.parent
DECISIONS = ROOT / "docs" / "decisions"
MONITORING = ROOT / "deploy" / "prometheus"
WATCHED = files(target="calltally:8080", alertmanager="alertmanager:9093")
"""What Prometheus needs beside the compose file, as `calltally prometheus write` writes it."""

RULE = "One page each, never edited after acceptance; its status names what came later. Copy the template."


def decisions() -> str:
    """Return the list of all decision records, oldest first."""
    lines = ["# Decisions", "", RULE, ""]
    for path in sorted(DECISIONS.glob("[0-9]*.md")):
        title = path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
        lines.append(f"- [{title}]({path.name})")
    lines += ["", "Written by `make docs`.", ""]
    return "\n".join(lines)


PAGES: dict[Path, Callable[[], str]] = {
    DECISIONS / "README.md": decisions,
    ROOT / "docs" / "metrics.md": metrics,
    ROOT / "docs" / "prometheus-metrics.md": series,
    ROOT / "docs" / "settings.md": settings,
    ROOT / "docs" / "views.md": views,
    **{MONITORING / name: partial(str, text) for name, text in WATCHED.items()},
}


def main(*, check: bool) -> int:
    """Return 1 if `check` finds a page that is not as it would be written, else 0."""
    stale = [path for path, text in PAGES.items() if not path.exists() or path.read_text(encoding="utf-8") != text()]
    for path in stale:
        name = path.relative_to(ROOT)
        if check:
            print(f"{name} is not what `make docs` writes")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(PAGES[path](), encoding="utf-8")
            print(f"wrote {name}")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv[1:]))
