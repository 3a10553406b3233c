"""Checks the sections `[sources.NAME]`, each by the source that it is for.

Sources are found through the entry-point group `calltally.sources`, so this module knows none of them by name. A
section written as `[[sources.NAME]]` describes several servers of one kind, each with a `name` of its own.
"""

from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from itertools import product

from calltally.settings.problems import KeyPath, Problem, dotted, shown, unknown_key

GROUP = "calltally.sources"

Sections = dict[str, object]
SourceCheck = Callable[[Mapping[str, object]], object]
_Where = Callable[[KeyPath], str]
_WORDS = {"true": True, "false": False}
_MOST_AMBIGUOUS = 8


def installed(name: str) -> SourceCheck | None:
    """Return the check that an installed source has for its section, `None` if there is no source of that name."""
    found = entry_points(group=GROUP, name=name)
    check: SourceCheck | None = found[name].load().settings if found else None
    return check


def validated(
    sources: Mapping[str, object], source_named: Callable[[str], SourceCheck | None], where: _Where
) -> tuple[dict[str, object], list[Problem]]:
    """Return what each source made of its section, by the name used in records, and what is wrong."""
    checked: dict[str, object] = {}
    problems: list[Problem] = []
    for kind, section in sources.items():
        check = source_named(kind)
        if check is None:
            known = sorted(found.name for found in entry_points(group=GROUP))
            problems.append(unknown_key(("sources", kind), section, where(("sources", kind)), known))
            continue
        for path, name, table in _tables(kind, section):
            try:
                if name in checked:
                    raise ValueError(f"name: {name.partition(':')[2]!r} is used a second time; each needs its own")  # noqa: TRY301  told like any other
                checked[name] = _settled(check, table, _loose(path, table, where))
            except ValueError as refused:
                problems.append(_refused(path, refused, table, where))
    return checked, problems


def _tables(kind: str, section: object) -> list[tuple[KeyPath, str, object]]:
    path: KeyPath = ("sources", kind)
    if not isinstance(section, list):
        return [(path, kind, section)]
    names = [table.get("name") if isinstance(table, Mapping) else None for table in section]
    return [((*path, at), f"{kind}:{name}", table) for at, (name, table) in enumerate(zip(names, section, strict=True))]


def _loose(path: KeyPath, table: object, where: _Where) -> frozenset[str]:
    keys = table if isinstance(table, Mapping) else {}
    return frozenset(key for key in keys if where((*path, key)).startswith("variable "))


def _refused(path: KeyPath, refused: Exception, table: object, where: _Where) -> Problem:
    """Return the problem of a refused section; by custom the sentence begins with the key, `token: ...`."""
    key, colon, sentence = str(refused).partition(": ")
    if not (colon and isinstance(table, Mapping) and key in table):
        found = shown(path, table)
        return Problem(where=where(path), key=dotted(path), found=found, expected=str(refused), is_sentence=True)
    exact = (*path, key)
    found = shown(exact, table[key])
    return Problem(where=where(exact), key=dotted(exact), found=found, expected=sentence, is_sentence=True)


def _settled(check: SourceCheck, table: object, loose: frozenset[str]) -> object:
    """Return what the check makes of a table; `loose` keys come from variables, where everything is text.

    Only the source knows which of them it takes as a number or a truth, so every reading is offered, typed ones first.
    """
    if not isinstance(table, Mapping):
        raise ValueError("a table is expected, [sources.NAME] with its keys under it")  # noqa: TRY004  told like any wrong value
    readings = {key: _readings(value) for key, value in table.items() if key in loose}
    ambiguous = [key for key, found in readings.items() if len(found) > 1][:_MOST_AMBIGUOUS]
    first: ValueError | None = None
    for choice in product(*(readings[key] for key in ambiguous)):
        try:
            return check({**table, **dict(zip(ambiguous, choice, strict=True))})
        except ValueError as refused:
            first = first or refused
    assert first is not None  # noqa: S101  there is always one choice, so either it was taken or it was refused
    raise first


def _readings(value: object) -> tuple[object, ...]:
    if not isinstance(value, str):
        return (value,)
    if value.lower() in _WORDS:
        return (_WORDS[value.lower()], value)
    try:
        return (int(value), value)
    except ValueError:
        return (value,)
