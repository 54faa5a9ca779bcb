"""Availability zones: there is one."""
