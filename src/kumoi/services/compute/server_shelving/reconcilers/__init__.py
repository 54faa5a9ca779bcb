"""Sweeps of shelved servers."""
