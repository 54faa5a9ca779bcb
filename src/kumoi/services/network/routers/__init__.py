"""Routers: between networks, and to the outside."""
