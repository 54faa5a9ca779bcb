"""Availability zones of networks and routers: one."""
