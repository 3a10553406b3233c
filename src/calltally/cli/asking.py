"""What a command asks for that must not stand on its line."""

import sys

import typer


def secret_asked(name: str) -> str:
    """Return what is typed, twice and unseen, on a terminal; elsewhere the first line of standard input."""
    if sys.stdin.isatty():
        typed: str = typer.prompt(name, hide_input=True, confirmation_prompt="Once more")
        return typed
    return sys.stdin.readline().rstrip("\r\n")
