"""The command `kumoi`, which manages a whole cloud."""

from kumoi.cli.commands import main

__all__ = ["main"]
