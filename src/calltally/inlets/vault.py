"""Keeps secrets where others may read: encrypted in the database, with a key that lies in a file of the data folder."""

import os
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from cryptography.fernet import Fernet, InvalidToken

from calltally.engine.sign_in import KEY_FILE, SignInError
from calltally.engine.values import Values

_ONLY_OWNER = 0o600


class VaultError(SignInError):
    """A secret cannot be read or kept; the text is a sentence for an administrator."""


class Vault:
    """Encrypts what goes into the values and decrypts what comes out."""

    def __init__(self, *, values: Values, folder: Path) -> None:
        """Take the values and the data folder; the key file is made there on first use."""
        self._values = values
        self._file = folder / KEY_FILE

    def put(self, name: str, secret: bytes | None) -> None:
        """Keep a secret durably; `None` forgets it.

        Raises:
            VaultError: the key file cannot be made or read.
        """
        self._values.set(name, None if secret is None else self._key().encrypt(secret))

    def take(self, name: str) -> bytes | None:
        """Return a secret, `None` if there is none.

        Raises:
            VaultError: the key file does not fit what is in the database, or cannot be read.
        """
        kept = self._values.get(name)
        return None if kept is None else self._opened(name, kept)

    def swap(self, name: str, old: bytes, new: bytes) -> bool:
        """Keep a secret in place of an old one, if that is there still; return whether it was.

        Raises:
            VaultError: the key file does not fit what is in the database, or cannot be read.
        """
        kept = self._values.get(name)
        if kept is None or self._opened(name, kept) != old:
            return False
        return self._values.swap(name, kept, self._key().encrypt(new))

    def _opened(self, name: str, kept: bytes) -> bytes:
        try:
            return self._key().decrypt(kept)
        except InvalidToken as problem:
            raise VaultError(
                f"{self._file} is not the key with which {name!r} was stored; bring the file back from a backup, or"
                " sign in again"
            ) from problem

    def _key(self) -> Fernet:
        try:
            return Fernet(_key_in(self._file))
        except OSError as problem:
            raise VaultError(f"{self._file} cannot be read or written: {problem.strerror}") from problem
        except ValueError as problem:
            raise VaultError(f"{self._file} holds no key; bring it back from a backup, or delete it") from problem


def _key_in(file: Path) -> bytes:
    """Return the key in a file; make the file if there is none, whole or not at all."""
    with suppress(FileNotFoundError):
        if file.stat().st_mode & 0o077:
            file.chmod(_ONLY_OWNER)
        return file.read_bytes().strip()
    with NamedTemporaryFile(dir=file.parent, prefix=f"{file.name}.") as draft:  # made for its owner's eyes only
        draft.write(Fernet.generate_key() + b"\n")
        draft.flush()
        os.fsync(draft.fileno())
        with suppress(FileExistsError):  # another process was faster; its key counts
            os.link(draft.name, file)
    return file.read_bytes().strip()
