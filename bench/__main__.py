"""`python -m bench NAME`: runs one measurement, or lists them."""

import importlib
import sys

MEASUREMENTS = {
    "ingest": "durable pushes per second and per CPU second",
    "delay": "push to durable and push to socket, with viewers and a reader",
    "kill": "kill -9 at random moments under load",
    "million": "a database of one million calls, for the others",
    "pages": "the Statistics page, and memory at rest, at one million calls",
    "grafana": "the Call Statistics dashboard of Grafana, all filters, at one million calls",
    "move": "200,000 calls from SQLite to PostgreSQL to MariaDB and back",
    "queue_log": "lines of a queue_log imported per second",
}


def main() -> int:
    """Run what was named."""
    if len(sys.argv) < 2 or sys.argv[1] not in MEASUREMENTS:  # noqa: PLR2004  program and name
        for name, text in MEASUREMENTS.items():
            print(f"  python -m bench {name:10} {text}")
        return 0 if len(sys.argv) < 2 else 2  # noqa: PLR2004  the same
    importlib.import_module(f"bench.{sys.argv[1]}").main()
    return 0


if __name__ == "__main__":
    sys.exit(main())
