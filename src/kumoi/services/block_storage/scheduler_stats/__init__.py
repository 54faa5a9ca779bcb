"""Pools: how much room each host has."""
