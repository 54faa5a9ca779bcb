"""Traits: what a provider can do, without amounts."""
