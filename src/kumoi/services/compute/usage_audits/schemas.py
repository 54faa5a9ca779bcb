"""Shapes of usage audits."""

import msgspec


class OfHost(msgspec.Struct):
    """No host has one."""


class Audit(msgspec.Struct, kw_only=True):
    period_beginning: str
    period_ending: str
    num_hosts: int
    num_hosts_done: int = 0
    num_hosts_running: int = 0
    num_hosts_not_run: int
    hosts_not_run: list[str]
    total_instances: int = 0
    total_errors: int = 0
    overall_status: str
    log: dict[str, OfHost] = {}
