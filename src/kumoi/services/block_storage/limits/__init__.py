"""Limits: what a project may still make."""
