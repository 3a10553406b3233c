"""Started by a test: holds the lock of a rebuild until it is killed, and says when it does."""

import sys

from calltally.store.open import open_store
from tests.stores.kinds import ZONE


def main(address: str) -> None:
    """Hold the lock until killed."""
    store = open_store(address, zone=ZONE)
    with store.rebuilding():
        print("holds it", flush=True)  # noqa: T201  the test reads it
        while True:
            store.wait_for_change(60)


if __name__ == "__main__":
    main(sys.argv[1])
