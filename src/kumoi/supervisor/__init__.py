"""Starts a cloud's processes in order and restarts them when they die. Uses only the standard library, to stay
small."""
