"""Quota sets: the limits of each project."""
