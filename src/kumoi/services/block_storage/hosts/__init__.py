"""Hosts, with what each project has on them."""
