"""The command `kumoi`: what a person does to a whole cloud."""

from kumoi.cli.commands import main

__all__ = ["main"]
