"""Scheduler hints: what a request says about the host of its servers."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

import msgspec

from kumoi.kernel.errors import BadRequest

_UUID = re.compile(r"[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}")
MOST_SERVERS = 100
LONGEST_QUERY = 8192
DEEPEST_QUERY = 10
OPERATORS = frozenset({"=", "<", ">", "in", "<=", ">=", "not", "or", "and"})


class Hints(TypedDict, total=False):
    """Those that filters read."""

    same_host: list[str]
    different_host: list[str]
    query: list[Any]


@dataclass(frozen=True)
class Asked:
    group: str | None
    kept: Hints


def read(hints: Mapping[str, Any]) -> Asked:
    """Hints that Nova's filters know are checked; others have no effect, as there."""
    kept: Hints = {}
    for name in ("same_host", "different_host"):
        if hints.get(name):
            kept[name] = _servers(name, hints[name])
    if hints.get("query"):
        kept["query"] = _query(hints["query"])
    if "build_near_host_ip" in hints or "cidr" in hints:
        _near(hints)
    group = hints.get("group")
    if group is not None and not (isinstance(group, str) and _UUID.fullmatch(group)):
        raise _refused("group", group, "It is not a UUID.")
    return Asked(group, kept)


def _servers(name: str, given: Any) -> list[str]:
    every = given if isinstance(given, list) else [given]
    for each in every:
        if not (isinstance(each, str) and _UUID.fullmatch(each)):
            raise _refused(name, each, "It is not a UUID.")
    if len(every) > MOST_SERVERS:
        raise BadRequest(f"os:scheduler_hints.{name}: at most {MOST_SERVERS} servers may be named.")
    return list(every)


def _query(given: Any) -> list[Any]:
    """The JSON filter's expression: `[">=", "$free_ram_mb", 1024]`, as a text or as JSON."""
    found = given
    if isinstance(given, str):
        if len(given) > LONGEST_QUERY:
            raise BadRequest(f"os:scheduler_hints.query: it has more than {LONGEST_QUERY} letters.")
        try:
            found = msgspec.json.decode(given)
        except (msgspec.DecodeError, RecursionError):
            raise _refused("query", given, "It is no JSON.") from None
    _check(found, 0)
    return list(found)


def _check(part: Any, depth: int) -> None:
    if depth > DEEPEST_QUERY:
        raise BadRequest(f"os:scheduler_hints.query: it is nested more than {DEEPEST_QUERY} times.")
    if not isinstance(part, list):
        if depth == 0 or isinstance(part, dict):
            raise _refused("query", part, "It is a list: an operator and its arguments.")
        return
    if not part or not isinstance(part[0], str) or part[0] not in OPERATORS:
        known = ", ".join(sorted(OPERATORS))
        raise _refused("query", part[0] if part else part, f"A list begins with one of the operators {known}.")
    for each in part[1:]:
        _check(each, depth + 1)


def _near(hints: Mapping[str, Any]) -> None:
    try:
        address, cidr = str(hints.get("build_near_host_ip", "0.0.0.0")), str(hints.get("cidr", "/24"))
        ipaddress.ip_network(f"{address}{cidr}", strict=False)
    except ValueError:
        raise _refused("build_near_host_ip", hints.get("build_near_host_ip"), "It is no address.") from None
    raise BadRequest("os:scheduler_hints.build_near_host_ip: the addresses of hosts are not known here.")


def _refused(name: str, value: Any, why: str) -> BadRequest:
    return BadRequest(f"Invalid input for field/attribute os:scheduler_hints.{name}. Value: {str(value)[:80]}. {why}")
