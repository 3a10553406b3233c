"""Prints measures and formulas as SQL that SQLite, PostgreSQL and MariaDB read alike.

Record columns hold enums as their text, booleans as 0 and 1, instants and durations as integers of milliseconds.
"""

from collections.abc import Sequence
from typing import assert_never

from calltally.metrics.formula import Minus, Plus, Ratio, Seconds, Sum, Summed
from calltally.metrics.measures import Condition, Measure, Presence


def condition_sql(condition: Condition, prefix: str = "") -> str:
    """Return one condition on a record column; `prefix` is put before the column's name (`"c."`)."""
    column, allowed = condition
    if isinstance(allowed, Presence):
        return f"{prefix}{column} IS NOT NULL" if allowed is Presence.KNOWN else f"{prefix}{column} IS NULL"
    if len(allowed) == 1:
        return f"{prefix}{column} = {literal_sql(allowed[0])}"
    return f"{prefix}{column} IN ({', '.join(literal_sql(value) for value in allowed)})"


def conditions_sql(conditions: Sequence[Condition], prefix: str = "") -> str:
    """Return several conditions that must all hold; at least one is needed."""
    return " AND ".join(condition_sql(condition, prefix) for condition in conditions)


def measure_value_sql(measure: Measure, prefix: str = "") -> str:
    """Return what one record adds to a measure."""
    value = "1" if measure.column is None else f"COALESCE({prefix}{measure.column}, 0)"
    return f"CASE WHEN {conditions_sql(measure.when, prefix)} THEN {value} ELSE 0 END" if measure.when else value


def measure_sql(measure: Measure, prefix: str = "") -> str:
    """Return the aggregate that recounts a measure from records; never NULL, 0 without records."""
    return f"COALESCE(SUM({measure_value_sql(measure, prefix)}), 0)"


def formula_sql(formula: Summed, prefix: str = "") -> str:
    """Return a formula over the measure columns of the roll-up of its subject; NULL where a denominator is 0.

    Divisions are those of floating point, whatever the database does with integers.
    """
    match formula:
        case Sum():
            value = f"{prefix}{formula.measure}"
            if formula.direction is not None:
                value = f"CASE WHEN {prefix}direction = {literal_sql(formula.direction.value)} THEN {value} ELSE 0 END"
            return f"COALESCE(SUM({value}), 0)"
        case Seconds():
            return f"({formula_sql(formula.sum, prefix)} / 1e3)"
        case Plus():
            return f"({formula_sql(formula.left, prefix)} + {formula_sql(formula.right, prefix)})"
        case Minus():
            return f"({formula_sql(formula.left, prefix)} - {formula_sql(formula.right, prefix)})"
        case Ratio():
            above, below = formula_sql(formula.numerator, prefix), formula_sql(formula.denominator, prefix)
            return f"({above} * 1e0 / NULLIF({below}, 0))"
        case _:
            assert_never(formula)


def literal_sql(value: str | int) -> str:
    """Return a constant of a definition as SQL; for values that come from outside there are bound parameters."""
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(int(value))
