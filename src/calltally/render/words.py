"""The words of the pages, in English and German, from one file per language."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files

from markupsafe import Markup

from calltally.render.escape import markup, text

_SLOT = re.compile(r"\{([a-z_]+)\}")
_FORMS = frozenset({"none", "one", "other"})


class Language(StrEnum):
    """The languages of the pages."""

    EN = "en"
    DE = "de"


Entry = str | Mapping[str, str]
"""A template, or its forms `one`, `other` and sometimes `none`, chosen by the slot `count`."""


@cache
def entries(language: Language) -> Mapping[str, Entry]:
    """Return all words of a language by their key, `page.part.word`."""
    file = files("calltally.render") / "words" / f"{language.value}.toml"
    return dict(_flat(tomllib.loads(file.read_text(encoding="utf-8"))))


def _flat(pages: Mapping[str, Mapping[str, Mapping[str, Entry]]]) -> Iterator[tuple[str, Entry]]:
    for page, parts in pages.items():
        for part, words in parts.items():
            for word, entry in words.items():
                yield f"{page}.{part}.{word}", entry


def slots_of(template: str) -> frozenset[str]:
    """Return the names of the slots of a template."""
    return frozenset(_SLOT.findall(template))


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language; a key that does not exist raises `KeyError`."""

    language: Language

    def pattern(self, key: str, count: int | None = None) -> str:
        """Return the template itself, its slots unfilled: for page scripts and for sentences with markup in them."""
        entry = entries(self.language)[key]
        if isinstance(entry, str):
            return entry
        if count is None:
            message = f"the words {key!r} have plural forms and need the slot 'count'"
            raise KeyError(message)
        if count == 0 and "none" in entry:
            return entry["none"]
        return entry["one" if count == 1 else "other"]

    def t(self, key: str, **slots: str | int) -> str:
        """Return the sentence of a key with its slots filled; integers are written in the language's way."""
        count = slots.get("count")
        template = self.pattern(key, count if isinstance(count, int) else None)
        if "{" not in template:
            return template
        return _SLOT.sub(lambda found: self._filled(key, slots, found[1]), template)

    def _filled(self, key: str, slots: Mapping[str, str | int], name: str) -> str:
        if name not in slots:
            message = f"the words {key!r} need the slot {name!r}"
            raise KeyError(message)
        value = slots[name]
        return grouped(value, self.language) if isinstance(value, int) else value

    def slots(self, key: str) -> tuple[str, ...]:
        """Return the slots of a sentence in the order of this language."""
        return tuple(_SLOT.findall(self.pattern(key)))

    def sentence(self, key: str, slots: Mapping[str, Markup]) -> Markup:
        """Return a sentence whose slots are controls; punctuation stays on the line of the control before it."""
        pieces = _SLOT.split(self.pattern(key))
        made: list[str] = []
        for place, piece in enumerate(pieces):
            if place % 2 == 0:
                rest = piece.lstrip(",.;:") if place else piece
                made.append(text(rest))
                continue
            after = pieces[place + 1]
            tail = after[: len(after) - len(after.lstrip(",.;:"))]
            made.append(f'<span class="w">{slots[piece]}{tail}</span>')
        return markup("".join(made))


def grouped(value: int, language: Language) -> str:
    """Return an integer with its thousands parted, `17,204` or `17.204`."""
    written = f"{value:,}"
    return written.replace(",", ".") if language is Language.DE else written


def language_of(accept_language: str | None, choice: str | None) -> Language:
    """Return the reader's language: their own choice, else the best of what the browser accepts, else English."""
    if choice in set(Language):
        return Language(choice)
    best, weight = Language.EN, 0.0
    for offer in (accept_language or "").split(","):
        tag, _, options = offer.partition(";")
        name = tag.strip().lower().partition("-")[0]
        quality = _quality(options)
        if name in set(Language) and quality > weight:
            best, weight = Language(name), quality
    return best


def _quality(options: str) -> float:
    found = re.fullmatch(r"\s*q\s*=\s*(\d(?:\.\d{0,3})?)\s*", options)
    return float(found[1]) if found else 1.0
