"""Hosts as versions until 2.42 show them."""
