"""Signing in at a phone system on its own page, as those see it who only start it and take the answer."""

from typing import Protocol

from calltally.sources.source import RemoteError

__all__ = ["KEY_FILE", "RemoteError", "SignIn", "SignInError"]

KEY_FILE = "secret.key"
"""The file in the data folder that holds the key of the secrets in the database."""


class SignInError(RemoteError):
    """The phone system did not let us in, or no longer does; the text says what a person can do."""


class SignIn(Protocol):
    """The way to permission: an address to send the person to, and a code that comes back."""

    def address(self, state: str) -> str:
        """Return where the person says yes; `state` comes back with the code."""
        ...

    async def is_signed_in(self) -> bool:
        """Return whether somebody has said yes already."""
        ...

    async def settle(self) -> None:
        """Store tokens that could not be stored when they came; without them the sign-in would have to be done anew."""
        ...

    async def exchange(self, code: str) -> None:
        """Trade the code for tokens and keep them.

        Raises:
            SignInError: the code is no good.
            RemoteError: the phone system could not be reached.
        """
        ...
