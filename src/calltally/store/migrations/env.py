"""What alembic runs to migrate: on the connection that it was given, in the transaction that is open there."""

from alembic import context

from calltally.store.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
context.run_migrations()
