"""`python -m calltally` is the command `calltally`."""

import os

from calltally.cli.main import run

os.environ.setdefault("CALLTALLY_COMMAND", "python3 -m calltally")
run()
