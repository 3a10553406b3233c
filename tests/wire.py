"""The far end of a connection for tests of protocols: no socket, only what would have been sent."""

import asyncio


class Wire(asyncio.Transport):
    """A transport that keeps what is written, and is closed when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Keep it."""
        self.written += bytes(data)

    def close(self) -> None:
        """Note it."""
        self.closed = True

    def is_closing(self) -> bool:
        """Return whether it was told to close."""
        return self.closed

    def pause_reading(self) -> None:
        """Nothing is read here."""

    def resume_reading(self) -> None:
        """The same."""
