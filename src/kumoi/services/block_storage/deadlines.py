"""How long steps of several resources may wait."""

TURN = 2000.0
"""Seconds for which a step waits behind an earlier order for the disk, abandoned meanwhile: longer than any that moves a
disk's bytes may take (host/concerns)."""
