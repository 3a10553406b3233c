"""Writes docs/settings.md from the settings themselves: `python -m calltally.settings.document > docs/settings.md`."""

import sys
from dataclasses import fields

from calltally.model.command import IN_A_CHECKOUT, as_started
from calltally.settings.load import FILE_NAME, PREFIX
from calltally.settings.problems import header_of, keys_of
from calltally.settings.sections import SECTIONS

_HEAD = f"""\
# Settings

This page is generated from the program; `make docs` writes it anew.

calltally reads one file in TOML: the one named by `--config`, else by `{PREFIX}CONFIG`, else `{FILE_NAME}` in the data
folder. The data folder is the one named by `--data`, else by `{PREFIX}DATA`, else `calltally` in the user's data folder
(`$XDG_DATA_HOME`, else `~/.local/share`). No file is needed to begin with.

Every key can also be set by a variable, which is stronger than the file: `{PREFIX}SECTION__KEY`, for example
`{PREFIX}SITE__TIME_ZONE=Europe/Berlin` or `{PREFIX}SOURCES__SIPGATE__CHECK_SIGNATURE=false`. Lists, and sections that
may occur several times, are written as JSON: `{PREFIX}SERVER__TRUSTED_PROXIES='["10.0.0.0/8"]'`. An empty variable says
nothing.

A wrong key or value stops the start, and the message names the file, the key, what was found, what was expected and an
example. `calltally check` says what else is missing.
"""

_SOURCES = """
## `[sources.NAME]`

Each phone system has a section of its own, with the keys that its folder `src/calltally/sources/NAME` describes: the
README.md in words, sample.toml as a section to begin with. Several servers of one kind are written as
`[[sources.NAME]]`, each with a `name`.
"""


def page() -> str:
    """Return the whole page in Markdown."""
    parts = [_HEAD]
    for section, kind in SECTIONS.items():
        parts.append(f"\n## `{header_of(section)}`\n\n{(kind.__doc__ or '').strip()}\n")
        keys = keys_of(section)
        if keys:
            defaults = {field.name: field.default for field in fields(kind)}
            parts.append("\n| Key | Meaning | Expected | Default | Example |\n|---|---|---|---|---|\n")
            parts += [_row(name, key.help, key.expected, defaults[name], key.example) for name, key in keys.items()]
    return as_started("".join([*parts, _SOURCES]), IN_A_CHECKOUT)


def _row(name: str, told: str, expected: str, default: object, example: str) -> str:
    cells = (f"`{name}`", told, expected, _default(default), f"`{example}`")
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _default(value: object) -> str:
    match value:
        case None | ():
            return "none"
        case bool():
            return f"`{str(value).lower()}`"
        case int() | float():
            return f"`{value}`"
        case str():
            return f'`"{value}"`'
        case _ if "MISSING" in repr(value):
            return "must be set"
        case _:
            return f'`"{value}"`'


if __name__ == "__main__":
    sys.stdout.write(page())
