"""calltally tells a team what happens on its phones, whatever phone system it uses."""

from importlib.metadata import version

__version__ = version("calltally")
