"""`python -m calltally.demo FOLDER LISTEN [--no-live]`: the process that the demo starts beside its service."""

import sys
from pathlib import Path

from calltally.demo.companion import accompany

if __name__ == "__main__":
    sys.exit(accompany(Path(sys.argv[1]), sys.argv[2], live="--no-live" not in sys.argv[3:]))
