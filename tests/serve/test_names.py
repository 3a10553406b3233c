"""Where a call arrived is a number of the site, also if somebody else's number diverted it there."""

import pytest

from calltally.engine.memberships import memberships_of
from calltally.serve.web.names import Names

OWN, OTHER_OWN, MOBILE = "+493023125001", "+493023125002", "+4917199990000"
NAMES = Names(numbers={OWN: "Front desk", OTHER_OWN: ""}, users={}, memberships=memberships_of((), ()))

ENTRIES = [
    # own numbers of the call          the entry
    ((OWN, OTHER_OWN), OWN),
    ((MOBILE, OWN), OWN),
    ((MOBILE, OTHER_OWN), OTHER_OWN),
    ((MOBILE,), MOBILE),
    ((), None),
]


@pytest.mark.parametrize(("own_numbers", "entry"), ENTRIES)
def test_the_entry_is_the_first_number_that_the_phone_system_calls_its_own(
    own_numbers: tuple[str, ...], entry: str | None
) -> None:
    assert NAMES.entry(own_numbers) == entry
