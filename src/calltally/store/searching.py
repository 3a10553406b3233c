"""Looks for a part of a text in columns, in capitals or small letters, alike on every database."""

from string import ascii_letters, ascii_lowercase, ascii_uppercase, digits
from typing import Any, Final

from sqlalchemy import Boolean, ColumnElement, false, func, or_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

LONGEST_EXPRESSION: Final = 500
"""Texts of more characters are looked for without a regular expression, which may not be of any length."""

_SMALL: Final = str.maketrans(ascii_uppercase, ascii_lowercase)


class _Either(FunctionElement[bool]):
    """A condition, and how it is written for MariaDB."""

    type = Boolean()
    inherit_cache = True


@compiles(_Either)
def _usual(element: _Either, compiler: SQLCompiler, **further: Any) -> str:  # noqa: ANN401  SQLAlchemy's signature
    usual, _ = element.clauses
    return f"({compiler.process(usual, **further)})"


@compiles(_Either, "mysql")
def _on_mariadb(element: _Either, compiler: SQLCompiler, **further: Any) -> str:  # noqa: ANN401  SQLAlchemy's signature
    _, there = element.clauses
    return f"({compiler.process(there, **further)})"


def is_storable(text: str) -> bool:
    """Return whether a text can be in a database at all; no parser lets another through, but anybody may ask for it."""
    return text.isprintable() or not ("\0" in text or any("\ud800" <= character <= "\udfff" for character in text))


def contains(column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    """Return whether a column holds a text, in capitals or small letters.

    SQLite and PostgreSQL know only the small letters of ASCII alike, so other letters are looked for as small and as
    capitals. MariaDB knows all of them alike, so there a regular expression says which may differ.
    """
    if not is_storable(text):
        return false()
    spellings = sorted({each.translate(_SMALL) for each in (text, text.lower(), text.upper(), text.title())})
    usual = or_(*(func.lower(column).contains(spelling, autoescape=True) for spelling in spellings))
    if len(text) > LONGEST_EXPRESSION:
        return usual
    return _Either(usual, column.regexp_match("|".join(map(_expression, spellings))))


def _expression(text: str) -> str:
    return "".join(map(_one_of, text))


def _one_of(character: str) -> str:
    """Return the expression of one character: both forms of a letter of ASCII, else itself."""
    if character in ascii_letters:
        return f"[{character.lower()}{character.upper()}]"
    return character if character in digits or not character.isascii() else f"\\{character}"
