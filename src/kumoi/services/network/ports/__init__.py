"""Ports: plugs of guests, routers and services into networks."""
