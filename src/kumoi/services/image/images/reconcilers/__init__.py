"""Keeps images, their bytes and their bases consistent."""
