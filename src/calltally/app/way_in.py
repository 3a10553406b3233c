"""Tries once whether a phone system lets calltally in, as `calltally check` does."""

import asyncio

from calltally.app.parts import Parts, clock_us, connected
from calltally.engine.converse import converse
from calltally.engine.values import StoredValues
from calltally.inlets.connecting import connect
from calltally.inlets.rest_poll import http_client
from calltally.inlets.vault import Vault
from calltally.sources.source import RemoteError, Sync


async def trouble(parts: Parts, name: str, sync: Sync) -> str | None:
    """Return what keeps calltally from asking a phone system, as a sentence; `None` if it may ask for everything.

    A token is tried. A sign-in is only looked for: to renew it here would take it from the running service.
    """
    if sync.remote.grant is not None:
        if await _is_signed_in(parts, name, sync):
            return None
        return f"Nobody has signed in yet. Start the service, and open {parts.settings.public_url}/auth once."
    try:
        async with connected(sync.remote) as fetch:
            found = await converse(sync.directory(), fetch)
    except RemoteError as problem:
        return str(problem)
    return "; ".join(found.missing) or None


async def _is_signed_in(parts: Parts, name: str, sync: Sync) -> bool:
    async with http_client() as http:
        connection = connect(
            sync.remote,
            name=name,
            public_url=parts.settings.public_url,
            vault=Vault(values=StoredValues(parts.store), folder=parts.settings.data),
            http=http,
            clock_us=clock_us,
            perform=asyncio.to_thread,
            me="check",
        )
        return connection.sign_in is not None and await connection.sign_in.is_signed_in()
