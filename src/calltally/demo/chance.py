"""Chance that can be repeated: the same words always give the same draws, on every machine and version of Python."""

from random import Random


def chance(*words: object) -> Random:
    """Return a source of random draws that depends on these words alone."""
    return Random("|".join(map(str, words)))  # noqa: S311  a plausible year, not a secret
