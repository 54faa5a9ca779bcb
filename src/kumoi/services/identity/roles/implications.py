"""Implied roles."""

from collections.abc import Iterable


def expanded(role_ids: Iterable[str], implied: dict[str, set[str]]) -> set[str]:
    """These roles and all roles that they imply, directly or indirectly."""
    found: set[str] = set()
    waiting = list(role_ids)
    while waiting:
        role_id = waiting.pop()
        if role_id not in found:
            found.add(role_id)
            waiting.extend(implied.get(role_id, ()))
    return found
