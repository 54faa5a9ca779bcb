"""Deadlines of steps of several resources."""

TURN = 2000.0
"""Seconds that a step waits behind an earlier, abandoned order for the disk. More than any order that moves a disk's
bytes may take (host/concerns)."""
