"""Migrations: the records of resizes, and later of moves between hosts."""
