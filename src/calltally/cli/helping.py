"""How the help of commands reads: in words of this project, where typer would show types of Python."""

from collections.abc import Callable
from inspect import cleandoc

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption


class _Argument(TyperArgument):
    """An argument whose name says enough of what it takes."""

    def display_type_rich(self, ctx: object) -> str | None:
        del ctx
        return None


def plain(command: object) -> None:
    """Let the help of a command and of those under it flow in paragraphs, and name no types."""
    if not isinstance(command, (TyperCommand, TyperGroup)):
        return
    paragraphs = cleandoc(command.help or "").split("\n\n")
    command.help = "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)
    for parameter in (*command.params, command.get_help_option(typer.Context(command))):
        if isinstance(parameter, TyperArgument):
            parameter.__class__ = _Argument
        elif isinstance(parameter, TyperOption) and parameter.is_flag:
            parameter.metavar = ""
    for below in command.commands.values() if isinstance(command, TyperGroup) else ():
        plain(below)


def number(least: int, most: int | None = None) -> Callable[[int], int]:
    """Return what refuses a number that is too small or too large for an option."""

    def checked(value: int) -> int:
        if value < least or (most is not None and value > most):
            raise typer.BadParameter(f"expected {least} {'or more' if most is None else f'to {most}'}, not {value}")
        return value

    return checked
