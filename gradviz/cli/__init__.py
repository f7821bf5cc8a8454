"""The verbs as a command line."""

from gradviz.cli.parser import main

__all__ = ["main"]
