"""`python -m calltally` is the command `calltally`."""

from calltally.cli.main import run

run()
