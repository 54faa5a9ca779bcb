"""Containers that answer as web sites."""
