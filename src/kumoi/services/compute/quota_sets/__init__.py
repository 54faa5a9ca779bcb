"""Quota sets: how much each project may have."""
