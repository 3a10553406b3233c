"""Who calls the made-up company, and whom it calls: numbers that belong to nobody, some of them again and again."""

from random import Random

from calltally.demo.company import DEPARTMENTS, PEOPLE

WITHHELD = "anonymous"

_GERMAN = ("493023125", "494066969", "492214710", "496990009", "498999998")
"""Prefixes with a thousand numbers each, Bundesnetzagentur."""

_OTHERS = (
    # prefix, how many digits follow
    ("4917139200", 2),  # mobile, Bundesnetzagentur
    ("442079460", 3),  # London, Ofcom
    ("447700900", 3),  # mobile, Ofcom
    ("3319900", 4),  # Paris, ARCEP
    ("3363998", 4),  # mobile, ARCEP
)
_OWN = frozenset(
    [number for department in DEPARTMENTS for number in department.numbers] + [person.direct for person in PEOPLE]
)
_OUTSIDE = tuple(
    number for line in range(1000) for town in _GERMAN for number in [f"{town}{line:03d}"] if number not in _OWN
)
_REGULARS = _OUTSIDE[7::8]
_WITHHELD_SHARE = 0.07
_REGULAR_SHARE = 0.45
_NEIGHBOUR_SHARE = 0.40


def caller(rng: Random) -> str:
    """Return the number of somebody who calls, in digits, or the word for a withheld one."""
    return WITHHELD if rng.random() < _WITHHELD_SHARE else customer(rng)


def customer(rng: Random) -> str:
    """Return the number of somebody outside, in digits; some come up far more often than others."""
    draw = rng.random()
    if draw < _REGULAR_SHARE:
        return _REGULARS[int(len(_REGULARS) * rng.random() ** 3)]
    if draw < _REGULAR_SHARE + _NEIGHBOUR_SHARE:
        return _OUTSIDE[int(len(_OUTSIDE) * rng.random())]
    prefix, digits = _OTHERS[int(len(_OTHERS) * rng.random())]
    return f"{prefix}{int(10**digits * rng.random()):0{digits}d}"
