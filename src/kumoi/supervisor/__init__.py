"""Starts a cloud's processes in order and again when they die; on the standard library alone, to stay small."""
