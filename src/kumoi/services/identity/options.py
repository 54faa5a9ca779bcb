"""The options of identity's resources. Only known options are accepted, and each is checked."""

from collections.abc import Mapping
from typing import Any

from kumoi.services.identity.errors import Immutable, Invalid

RESOURCE = {"immutable": bool}
USER = {
    "ignore_change_password_upon_first_use": bool,
    "ignore_password_expiry": bool,
    "ignore_lockout_failure_attempts": bool,
    "ignore_user_inactivity": bool,
    "lock_password": bool,
    "multi_factor_auth_enabled": bool,
    "multi_factor_auth_rules": list,
}


def merged(
    old: Mapping[str, Any], new: Mapping[str, Any] | None, known: Mapping[str, type], kind: str
) -> dict[str, Any]:
    """`old`, changed by `new`; null removes an option."""
    found = dict(old)
    for name, value in (new or {}).items():
        if name not in known:
            raise Invalid(f"{kind}.options", f"there is no option {name[:64]}")
        if value is None:
            found.pop(name, None)
        elif not isinstance(value, known[name]):
            raise Invalid(f"{kind}.options.{name}", f"it is of the type {known[name].__name__}")
        else:
            found[name] = _checked_rules(value, kind) if name == "multi_factor_auth_rules" else value
    return found


def _checked_rules(rules: Any, kind: str) -> Any:
    for rule in rules:
        if not isinstance(rule, list) or not rule or not all(isinstance(method, str) for method in rule):
            raise Invalid(f"{kind}.options.multi_factor_auth_rules", "each rule is a list of methods")
    return rules


def check_mutable(row: Mapping[str, Any], kind: str, changes: Mapping[str, Any] | None = None) -> None:
    """Immutable if the row has that option and the change does more than remove it."""
    if not row["options"].get("immutable"):
        return
    if changes is not None and set(changes) == {"options"} and set(changes["options"] or {}) == {"immutable"}:
        return
    raise Immutable(kind, row["id"])
