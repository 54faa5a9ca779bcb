"""Chooses the host of a server: filters and weighs the hosts that have room, and explains why none fits."""
