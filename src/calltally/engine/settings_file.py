"""Changes keys of the settings file and leaves everything else in it as a person wrote it."""

import os
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

import tomlkit
from tomlkit.exceptions import TOMLKitError

KeyPath = tuple[str, ...]


class SettingsFileError(Exception):
    """The settings file cannot be read or written; the text is a sentence for an administrator."""


def text_of(file: Path) -> str:
    """Return what is in the file; nothing if there is none.

    Raises:
        SettingsFileError: it cannot be read.
    """
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as problem:
        raise SettingsFileError(f"{file} cannot be read: {problem}") from problem


def said(text: str, section: KeyPath) -> dict[str, str]:
    """Return the texts that stand in a section of the file.

    Raises:
        SettingsFileError: it is no TOML.
    """
    table: object = _parsed(text)
    for name in section:
        table = table.get(name, {}) if isinstance(table, Mapping) else {}
    if not isinstance(table, Mapping):
        return {}
    return {str(key): str(value) for key, value in table.items() if isinstance(value, str)}


def edited(text: str, changes: Mapping[KeyPath, str | None]) -> str:
    """Return the text with these keys set; `None` takes a key out. Comments, order and all other keys stay.

    Raises:
        SettingsFileError: it is no TOML, or a section's name is used for a value.
    """
    document = _parsed(text)
    for path, value in changes.items():
        table = _table(document, path[:-1], make=value is not None)
        if table is None:
            continue
        if value is None:
            table.pop(path[-1], None)
        elif table.get(path[-1]) != value:
            table[path[-1]] = value
    return tomlkit.dumps(document)


def write_private(file: Path, text: str) -> None:
    """Write the file whole or not at all, readable by its owner only, for it holds secrets.

    Raises:
        SettingsFileError: it cannot be written.
    """
    target = file.resolve()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(
            "w", dir=target.parent, prefix=f"{target.name}.", encoding="utf-8", delete=False
        ) as draft:
            try:
                draft.write(text)
                draft.flush()
                os.fsync(draft.fileno())
                Path(draft.name).replace(target)
            except BaseException:
                with suppress(FileNotFoundError):
                    Path(draft.name).unlink()
                raise
    except OSError as problem:
        raise SettingsFileError(f"{file} cannot be written: {problem.strerror}") from problem


def _parsed(text: str) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(text)
    except TOMLKitError as problem:
        raise SettingsFileError(f"the settings file is no TOML: {problem}") from problem


def _table(document: MutableMapping[str, object], path: KeyPath, *, make: bool) -> MutableMapping[str, object] | None:
    """Return a section, a part of the document; make it if that is wanted and there is none."""
    table = document
    for depth, name in enumerate(path, start=1):
        if name not in table:
            if not make:
                return None
            table[name] = tomlkit.table(is_super_table=depth < len(path))
        inner = table[name]
        if not isinstance(inner, MutableMapping):
            raise SettingsFileError(f"{'.'.join(path[:depth])} in the settings file is no section")
        table = inner
    return table
