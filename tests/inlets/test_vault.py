"""Secrets at rest: unreadable without the key file, and one key for all who ask at once."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calltally.engine.sign_in import KEY_FILE
from calltally.inlets.vault import Vault, VaultError
from tests.inlets.signing_in import MemoryValues


@given(secret=st.binary(max_size=200))
def test_what_goes_in_comes_out(secret: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    vault = Vault(values=MemoryValues(), folder=tmp_path_factory.mktemp("data"))
    vault.put("tokens", secret)
    assert vault.take("tokens") == secret


def test_a_secret_cannot_be_read_where_it_is_kept(tmp_path: Path) -> None:
    values = MemoryValues()
    Vault(values=values, folder=tmp_path).put("tokens", b"a made-up token")
    assert b"made-up" not in values.kept["tokens"]


def test_nothing_kept_is_none_and_can_be_forgotten(tmp_path: Path) -> None:
    vault = Vault(values=MemoryValues(), folder=tmp_path)
    assert vault.take("tokens") is None
    vault.put("tokens", b"x")
    vault.put("tokens", None)
    assert vault.take("tokens") is None


def test_a_key_file_that_others_may_read_is_closed(tmp_path: Path) -> None:
    vault = Vault(values=MemoryValues(), folder=tmp_path)
    vault.put("tokens", b"x")
    (tmp_path / KEY_FILE).chmod(0o644)
    assert vault.take("tokens") == b"x"
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600


def test_another_key_file_is_said_to_be_another(tmp_path: Path) -> None:
    values = MemoryValues()
    Vault(values=values, folder=tmp_path).put("tokens", b"x")
    (tmp_path / KEY_FILE).unlink()
    with pytest.raises(VaultError, match="is not the key with which 'tokens' was stored"):
        Vault(values=values, folder=tmp_path).take("tokens")


@pytest.mark.parametrize(
    ("content", "words"), [(b"", "holds no key"), (b"too short", "holds no key"), (b"\xff" * 44, "holds no key")]
)
def test_a_damaged_key_file_is_said_to_be_damaged(content: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).write_bytes(content)
    with pytest.raises(VaultError, match=words):
        Vault(values=MemoryValues(), folder=tmp_path).put("tokens", b"x")


def test_a_folder_that_is_away_is_named(tmp_path: Path) -> None:
    with pytest.raises(VaultError, match="cannot be read or written"):
        Vault(values=MemoryValues(), folder=tmp_path / "away").put("tokens", b"x")


def test_all_who_ask_at_once_get_one_key(tmp_path: Path) -> None:
    values = MemoryValues()

    def keep(name: str) -> None:
        Vault(values=values, folder=tmp_path).put(name, name.encode())

    names = [f"token-{number}" for number in range(16)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(keep, names))
    vault = Vault(values=values, folder=tmp_path)
    assert [vault.take(name) for name in names] == [name.encode() for name in names]
    assert [file.name for file in tmp_path.iterdir()] == [KEY_FILE]
