"""Step B: what the browser puts in place of the variables of a dashboard."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

from tests.grafana.refusals import ExpansionError

ALL: Final = "$__all"
_PATTERN: Final = re.compile(
    r"\$(?P<bare>\w+)"
    r"|\[\[(?P<boxed>\w+?)(?::(?P<boxed_format>\w+))?\]\]"
    r"|\$\{(?P<braced>\w+)(?:\.(?P<field>[^:^}]+))?(?::(?P<format>[^}]+))?\}"
)
_DEEPEST: Final = 5

Value = str | float | Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A variable of a dashboard with what is chosen.

    Attributes:
        value: what is chosen; `ALL`, or a list with it, for everything.
        text: what the chosen options are called on the screen.
        all_value: what stands for everything, put in as it is.
        options: the values that are loaded.
        fields: further named parts (`${__user.login}`).
    """

    value: Value
    text: str = ""
    multi: bool = False
    include_all: bool = False
    all_value: str | None = None
    options: Sequence[str] = ()
    fields: Mapping[str, str] | None = None

    @property
    def is_list(self) -> bool:
        """Whether its values are quoted by the SQL data sources."""
        return self.multi or self.include_all

    @property
    def is_all(self) -> bool:
        """Whether everything is chosen."""
        if isinstance(self.value, str):
            return self.value == ALL
        return not isinstance(self.value, (int, float)) and ALL in self.value


def built_in(from_ms: int, to_ms: int, *, step_ms: int, step: str, zone: str = "browser") -> dict[str, Variable]:
    """Return the variables that every dashboard has."""
    return {
        "__from": Variable(value=str(from_ms)),
        "__to": Variable(value=str(to_ms)),
        "__interval": Variable(value=step),
        "__interval_ms": Variable(value=float(step_ms)),
        "__timezone": Variable(value=zone),
        "__user": Variable(value="1", fields={"id": "1", "login": "viewer", "email": "viewer@example.com"}),
        "__org": Variable(value="1", fields={"id": "1", "name": "Main Org."}),
    }


def interpolated(text: str, variables: Mapping[str, Variable], depth: int = 0) -> str:
    """Return a query with its variables filled in as the SQL data sources do; unknown names stay as written.

    Raises:
        ExpansionError: a format that has no meaning in SQL, or values that name each other without end.
    """
    if depth > _DEEPEST:
        raise ExpansionError("the variables name each other without end")

    def filled(found: re.Match[str]) -> str:
        variable = variables.get(found["bare"] or found["boxed"] or found["braced"])
        if variable is None:
            return found[0]
        chosen = found["format"] or found["boxed_format"]
        if variable.is_all and variable.all_value is not None and chosen not in {"text", "percentencode", "queryparam"}:
            return interpolated(variable.all_value, variables, depth + 1)
        return _formatted(variable, found["field"], chosen)

    return _PATTERN.sub(filled, text)


def _formatted(variable: Variable, field: str | None, chosen: str | None) -> str:
    value: Value = variable.value
    if field is not None:
        value = (variable.fields or {}).get(field, "")
    elif variable.is_all:
        value = tuple(option for option in variable.options if option != ALL)
    if chosen is None:
        return _sql(value, quoted=variable.is_list)
    name, _, argument = chosen.partition(":")
    if name == "text":
        return variable.text or ("All" if variable.is_all else " + ".join(_texts(value)))
    if name == "date":
        return _date(value, argument)
    if name == "join":
        return (argument or ",").join(_texts(value))
    format_ = _FORMATS.get(name, _glob)
    if format_ is None:
        raise ExpansionError(f"the format {name!r} has no meaning in SQL")
    return format_(value)


def _sql(value: Value, *, quoted: bool) -> str:
    """Return what the SQL data sources make of a value for which no format is asked."""
    if isinstance(value, (int, float)):
        return _number(value)
    if isinstance(value, str):
        doubled = value.replace("'", "''")
        return f"'{doubled}'" if quoted else doubled
    return ",".join(_sql(each, quoted=True) for each in value)


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else str(value)


def _texts(value: Value) -> list[str]:
    if isinstance(value, (int, float)):
        return [_number(value)]
    return [value] if isinstance(value, str) else list(value)


def _glob(value: Value) -> str:
    texts = _texts(value)
    return texts[0] if len(texts) == 1 else "{" + ",".join(texts) + "}"


def _date(value: Value, wanted: str) -> str:
    instant_ms = int(_texts(value)[0])
    if wanted in {"", "iso"}:
        moment = datetime.fromtimestamp(instant_ms / 1000, UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if wanted == "seconds":
        return str(instant_ms // 1000)
    if wanted == "ms":
        return str(instant_ms)
    raise ExpansionError(f"the pattern {wanted!r} of a date is the browser's own")


def _json(value: Value) -> str:
    texts = _texts(value)
    return json.dumps(texts[0] if isinstance(value, str) else texts, separators=(",", ":"))


def _each(quoted: Callable[[str], str]) -> Callable[[Value], str]:
    return lambda value: ",".join(quoted(text) for text in _texts(value))


_FORMATS: Final[dict[str, Callable[[Value], str] | None]] = {
    "raw": lambda value: ",".join(_texts(value)),
    "csv": lambda value: ",".join(_texts(value)),
    "pipe": lambda value: "|".join(_texts(value)),
    "glob": _glob,
    "json": _json,
    "singlequote": _each(lambda text: "'" + text.replace("'", "\\'") + "'"),
    "doublequote": _each(lambda text: '"' + text.replace('"', '\\"') + '"'),
    "sqlstring": _each(lambda text: "'" + text.replace("'", "''").replace('"', '\\"') + "'"),
    "percentencode": lambda value: quote(_glob(value), safe="!~*'()"),
    "regex": None,
    "lucene": None,
    "queryparam": None,
    "customqueryparam": None,
    "uriencode": None,
    "html": None,
    "distributed": None,
}
"""How a format writes a value; `None` for those that make no SQL. An unknown one writes as `glob`."""
