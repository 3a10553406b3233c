"""Check that TOML and YAML files can be read: those named, else all that git tracks."""

import subprocess
import sys
import tomllib
from pathlib import Path

import yaml


def complaint(path: Path) -> str | None:
    """Return why a file cannot be read, or `None` if it can."""
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".toml":
            tomllib.loads(text)
        else:
            yaml.safe_load(text)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, yaml.YAMLError) as error:
        return f"{path}: {error}"
    return None


def main(names: list[str]) -> int:
    """Return 1 and print the reasons if a file cannot be read, else 0."""
    if not names:
        listed = subprocess.run(["git", "ls-files", "*.toml", "*.yaml", "*.yml"], check=True, capture_output=True)  # noqa: S607  whichever git the person uses
        names = listed.stdout.decode().splitlines()
    complaints = [text for text in map(complaint, map(Path, names)) if text]
    print("\n".join(complaints) or f"{len(names)} TOML and YAML files can be read")
    return bool(complaints)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
