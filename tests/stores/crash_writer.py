"""Started by a test: writes one flow after the other for ever, and prints the id of each when it is durable."""

import sys

from calltally.model.records import NOTHING
from calltally.store.open import open_store
from tests.stores.kinds import ZONE
from tests.stores.samples import flow, keep


def main(address: str) -> None:
    """Write until killed."""
    store = open_store(address, zone=ZONE)
    while True:
        with store.write() as transaction:
            (flow_id,) = transaction.new_flow_ids(1)
        keep(store, [(flow_id, NOTHING, flow(str(flow_id)))])
        print(flow_id, flush=True)  # noqa: T201  the test reads it


if __name__ == "__main__":
    main(sys.argv[1])
