"""Copies of containers in other clouds, kept up to date."""
