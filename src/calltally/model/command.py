"""How the person who reads a sentence starts calltally: `calltally` where it is installed, `./run` in a checkout."""

from collections.abc import Mapping
from typing import Final

VARIABLE: Final = "CALLTALLY_COMMAND"
"""Whatever starts calltally by another name says so in this variable of the process."""

INSTALLED: Final = "calltally"

IN_A_CHECKOUT: Final = "./run"
"""As the pages of docs/ write it."""


def command_of(environ: Mapping[str, str]) -> str:
    """Return what stands before the name of a command, as the person here would type it."""
    told = environ.get(VARIABLE, "").strip()
    return told if told.isprintable() and told else INSTALLED


def as_started(sentence: str, command: str) -> str:
    """Return a sentence in which each command in backticks, `calltally check`, is written as it is started here."""
    return sentence.replace(f"`{INSTALLED} ", f"`{command} ")
