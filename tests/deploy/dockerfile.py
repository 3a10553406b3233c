"""Reads a Dockerfile: as much of its language as ours needs, and a complaint about the rest."""

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

_KNOWN: Final = frozenset(
    {"ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "RUN", "STOPSIGNAL", "USER"}
    | {"VOLUME", "WORKDIR"}
)
_VARIABLE: Final = re.compile(r"\$\{(\w+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One instruction. `flags` are its options, `--from=build`; `text` is the rest as it is written."""

    word: str
    flags: Mapping[str, str]
    text: str

    @property
    def words(self) -> Sequence[str]:
        """The rest as separate words: of a JSON list, or as a shell would cut them."""
        return tuple(json.loads(self.text)) if self.text.startswith("[") else tuple(shlex.split(self.text))

    @property
    def pairs(self) -> Mapping[str, str]:
        """The rest as `NAME=value` pairs."""
        return dict(word.split("=", 1) for word in shlex.split(self.text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What follows one FROM."""

    base: str
    name: str
    steps: Sequence[Step]

    def all(self, word: str) -> list[Step]:
        """Return the steps of one word, in their order."""
        return [step for step in self.steps if step.word == word]

    def last(self, word: str) -> Step:
        """Return the step of a word that counts."""
        return self.all(word)[-1]


def stages(text: str) -> list[Stage]:
    """Return the stages of a Dockerfile.

    Raises:
        ValueError: it holds a word that is not known here.
    """
    steps = [_step(line) for line in _lines(text)]
    begins = [at for at, step in enumerate(steps) if step.word == "FROM"]
    arguments = dict(step.text.split("=", 1) for step in steps[: begins[0]])
    found = []
    for begin, end in zip(begins, [*begins[1:], len(steps)], strict=True):
        base, _, name = filled(steps[begin].text, arguments).partition(" AS ")
        found.append(Stage(base=base, name=name, steps=steps[begin + 1 : end]))
    return found


def filled(text: str, values: Mapping[str, str]) -> str:
    """Return a text with its `${NAME}` replaced; a name without a value is an error."""
    return _VARIABLE.sub(lambda found: values[found[1]], text)


def _lines(text: str) -> list[str]:
    kept = [line.strip() for line in text.splitlines() if not line.lstrip().startswith("#")]
    return [line for line in "\n".join(kept).replace("\\\n", "").splitlines() if line]


def _step(line: str) -> Step:
    word, _, rest = line.partition(" ")
    if word not in _KNOWN:
        raise ValueError(f"{word} is not known here")
    flags = {}
    while rest.startswith("--") and word != "ARG":
        flag, _, rest = rest.partition(" ")
        name, _, value = flag.removeprefix("--").partition("=")
        flags[name] = value
    return Step(word=word, flags=flags, text=rest.strip())
