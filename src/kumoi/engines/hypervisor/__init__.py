"""Guests on one host."""
